"""What the fields of a header are called on the form, and what to say of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kb.domain.errors import N_

# by path; the last part alone serves for parts that say the same everywhere
LABELS: Final[Mapping[str, str]] = {
    "title": N_("Title of the text"),
    "summary": N_("Summary"),
    "city": N_("City"),
    "licence": N_("Licence"),
    "sources": N_("Sources"),
    "sources.title": N_("Title of the source"),
    "url": N_("Web address"),
    "accessed": N_("Read on"),
    "confirmed": N_("Confirmed by the city on"),
    "visibility": N_("Who may read it"),
    "key_features": N_("Key features"),
    "clusters": N_("Clusters"),
    "sdgs": N_("Sustainable Development Goals"),
    "contact": N_("Contact"),
    "contact.unit": N_("Office"),
    "contact.email": N_("Mail address"),
    "name": N_("Name of the city"),
    "names": N_("Name in other languages"),
    "aliases": N_("Other names"),
    "country": N_("Country"),
    "region": N_("Region"),
    "city_type": N_("Type of city"),
    "gnlc": N_("Membership of the Global Network of Learning Cities"),
    "status": N_("Status"),
    "joined": N_("Year of admission"),
    "population": N_("Population"),
    "area_km2": N_("Area"),
    "figures": N_("Other figures"),
    "figures.key": N_("Short name of the figure"),
    "value": N_("Value"),
    "unit": N_("Unit"),
    "as_of": N_("As of"),
    "source": N_("Source"),
    "lat": N_("Degrees north"),
    "lon": N_("Degrees east"),
    "website": N_("Website"),
    "languages": N_("Languages spoken"),
    "networks": N_("Networks"),
    "awards": N_("Awards"),
    "values": N_("Strategic values"),
    "code": N_("Short name"),
    "labels": N_("In words"),
    "challenges": N_("Challenges"),
    "offers": N_("Offered to other cities"),
    "seeks": N_("Sought from other cities"),
    "period": N_("Period"),
    "start": N_("Start"),
    "end": N_("End"),
    "stage": N_("Stage"),
    "partners": N_("Partner cities"),
    "organisations": N_("Organisations"),
    "target_groups": N_("For whom"),
    "settings": N_("Where"),
    "cost_band": N_("Cost band"),
    "cost": N_("Cost"),
    "amount": N_("Amount"),
    "currency": N_("Currency"),
    "year": N_("Year"),
    "note": N_("Note"),
    "evidence": N_("Evidence"),
    "level": N_("Level"),
    "reason": N_("Why this level"),
    "links": N_("Proofs"),
    "results": N_("Results"),
    "indicator": N_("Indicator"),
    "baseline": N_("Before"),
    "results.period": N_("Period"),
    "inspired_by": N_("Inspired by these cases"),
    "type": N_("Type"),
    "authors": N_("Authors"),
    "question": N_("Question"),
    "method": N_("Method"),
    "findings": N_("Findings"),
    "limits": N_("Limits"),
    "cities": N_("Cities studied"),
    "doi": N_("DOI"),
    "peer_reviewed": N_("Peer reviewed"),
    "supports": N_("Cases that it supports"),
    "contradicts": N_("Cases that it contradicts"),
    "translation": N_("Translation"),
    "by": N_("By whom"),
    "date": N_("Day"),
}

_SLUGS: Final = N_("The last part of each page's address, one a line: “cork” for /cities/cork.")
_ONE_A_LINE: Final = N_("One a line.")
_PARTIAL: Final = N_("A year, a month or a day: 2024, 2024-05 or 2024-05-31.")
HINTS: Final[Mapping[str, str]] = {
    "title": N_("What was done and where, as a reader would look for it."),
    "summary": N_("One or two sentences: what, for whom, with what result."),
    "city": N_("The last part of the city's address: “cork” for /cities/cork."),
    "licence": N_("CC-BY-4.0 unless the text is somebody else's."),
    "confirmed": N_("The day on which the city last said that all of this is still true."),
    "names": N_("One a line, the language first: “ko: 코크”."),
    "labels": N_("One a line, the language first: “ko: 코크”."),
    "challenges": N_("One a line: the code of a key feature and how much it weighs, 1 to 5: “2.2: 4”."),
    "aliases": _ONE_A_LINE,
    "languages": N_("Language tags, one a line: en, ko, zh-Hans."),
    "networks": _ONE_A_LINE,
    "awards": _ONE_A_LINE,
    "values.key_features": N_("Codes of key features, one a line."),
    "values.clusters": N_("Codes of clusters, one a line."),
    "start": _PARTIAL,
    "end": _PARTIAL,
    "as_of": _PARTIAL,
    "results.period": _PARTIAL,
    "partners": _SLUGS,
    "cities": _SLUGS,
    "inspired_by": _SLUGS,
    "supports": _SLUGS,
    "contradicts": _SLUGS,
    "organisations": _ONE_A_LINE,
    "authors": _ONE_A_LINE,
    "links": N_("Web addresses, one a line."),
    "findings": N_("An empty line between two findings."),
    "currency": N_("Three letters: KRW, EUR, USD."),
    "evidence": N_("Say what is known and how, not what is hoped."),
    "contact": N_("Shown to signed-in readers only."),
}
OPTIONS: Final[Mapping[str, str]] = {
    "public": N_("Everyone"),
    "network": N_("Signed-in readers of the network"),
    "true": N_("Yes"),
    "false": N_("No"),
    "machine": N_("A machine"),
    "person": N_("A person"),
}
# by which heading the fields stand together; what is named nowhere is a fact
GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    N_("Facts"): (),
    N_("Themes"): ("key_features", "clusters", "sdgs"),
    N_("Sources and contact"): ("sources", "contact", "confirmed"),
    N_("Publication"): ("city", "visibility", "licence", "translation"),
}
# what to write under the headings of a kind, by code of `sections`
SECTIONS: Final[Mapping[str, str]] = {
    "what-was-done": N_("What was done, for whom, from when to when, with how many people."),
    "what-came-of-it": N_("What changed, with figures and where they come from. Say so where nobody has counted."),
    "what-did-not-work": N_("What was harder than expected, what was given up, what you would not do again."),
    "what-another-city-needs": N_("What must be there before it starts: money, people, rooms, law, partners, time."),
    "how-it-is-run": N_("Who decides, who pays, who does the work."),
}


def label_of(path: str) -> str:
    """The label of a field, to be translated."""
    return LABELS.get(path) or LABELS.get(path.rpartition(".")[2]) or path.rpartition(".")[2]


def hint_of(path: str) -> str:
    """What to say of a field, to be translated; empty where the label says all."""
    return HINTS.get(path) or HINTS.get(path.rpartition(".")[2] if path.count(".") else "", "")
