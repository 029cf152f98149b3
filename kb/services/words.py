"""The words of the search: thesaurus, rings, place names and the names of facet values, read once."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kb.domain.languages import language_name
from kb.domain.vocabularies import Vocabularies
from kb.models import City, Entry, Work
from kb.search.expansion import Thesaurus
from kb.search.querytext import label_key
from kb.services.vocabularies import load_file, load_vocabularies, vocabularies_version

SCHEME_OF_FACET: Mapping[str, str] = {
    "kind": "kinds",
    "country": "countries",
    "region": "regions",
    "key_feature": "key_features",
    "cluster": "clusters",
    "sdg": "sdgs",
    "stage": "stages",
    "target_group": "target_groups",
    "evidence": "evidence_levels",
    "cost_band": "cost_bands",
    "completeness": "completeness",
}


@dataclass(frozen=True)
class Words:
    """What a query's words may mean.

    Attributes:
        labels: facet → folded name in any language → value, for `country:콜롬비아` and the like.
    """

    thesaurus: Thesaurus
    labels: Mapping[str, Mapping[str, str]]


class _LanguageNames(Mapping[str, str]):
    """Name of a language in English, Korean and itself → tag; reckoned when first asked, since Babel reads slowly."""

    def __init__(self, tags: Sequence[str]) -> None:
        self._tags = tags

    @cached_property
    def _names(self) -> dict[str, str]:
        return {
            label_key(name): tag
            for tag in self._tags
            for name in (tag, *(language_name(tag, of) for of in ("en", "ko", tag)))
        }

    def __getitem__(self, name: str) -> str:
        return self._names[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def load_words(session: Session) -> Words:
    """Read everything; about a tenth of a second."""
    vocabularies = load_vocabularies(session)
    cities = session.scalars(select(City)).all()
    thesaurus = Thesaurus.from_rows(
        _rows(session, "thesaurus.csv"),
        _rows(session, "synonym_rings.csv"),
        [(city.slug, _names(city)) for city in cities],
    )
    labels: dict[str, Mapping[str, str]] = {
        facet: _labels(vocabularies, scheme) for facet, scheme in SCHEME_OF_FACET.items()
    }
    labels["city"] = {
        label_key(name): city.slug
        for city in cities
        for name in (city.slug, city.name, *city.names.values(), *city.aliases)
    }
    labels["language"] = _LanguageNames(session.scalars(select(Entry.language).distinct()).all())
    return Words(thesaurus, labels)


def words_version(session: Session) -> str:
    """What changes with every change that the words depend on."""
    changed = session.scalar(select(func.max(Work.changed_at)).where(Work.kind == "profile"))
    return f"{vocabularies_version(session)} {changed}"


def _rows(session: Session, name: str) -> Iterator[dict[str, str]]:
    yield from csv.DictReader(io.StringIO(load_file(session, name) or ""))


def _names(city: City) -> dict[str, list[str]]:
    """A city's names by language; "" for those of no language."""
    names = {tag: [name] for tag, name in city.names.items()}
    return {"en": [city.name, *names.pop("en", [])], **names, "": list(city.aliases)}


def _labels(vocabularies: Vocabularies, scheme: str) -> dict[str, str]:
    return {
        label_key(label): concept.code
        for concept in vocabularies[scheme].concepts.values()
        for label in (concept.code, *concept.labels.values())
    }
