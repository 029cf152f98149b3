"""The search page's result in the terminal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from config import Settings
from kb.api.answers import search_answer
from kb.app import wire
from kb.domain.errors import Invalid
from kb.domain.languages import INTERFACE_LANGUAGES, language_name
from kb.domain.roles import ANYONE
from kb.search.querytext import label_key
from kb.services.search import PARAMETERS, FoundWork, SearchResult, read_query
from kb.web.catalogues import load_catalogue


class _Given(dict[str, list[str]]):
    """Options as the parameters of an address."""

    def getlist(self, key: str, /) -> list[str]:
        """All values of one."""
        return self.get(key, [])


def _with_filters(command: click.Command) -> click.Command:
    """Give the command an option for each parameter of the search."""
    for name in PARAMETERS:
        if name != "q":
            option = click.Option([f"--{name.replace('_', '-')}", name], multiple=True, metavar="VALUE")
            command.params.append(option)
    return command


@_with_filters
@click.command()
@click.argument("words", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="The answer of /api/v1/search.")
@click.option("--explain", is_flag=True, help="Tell of each hit why it was found; with --json as its “explanation”.")
def search(words: tuple[str, ...], as_json: bool, explain: bool, **options: tuple[str, ...]) -> None:
    """Search what is public; WORDS as in the search box, filters as options."""
    given = _Given({name: list(values) for name, values in options.items()}) | {"q": [" ".join(words)]}
    try:
        query = read_query(_Given(given))
    except Invalid as error:
        raise click.UsageError("; ".join(f"--{problem}" for problem in error.problems)) from error
    settings = Settings.from_env()
    parts = wire(settings)
    asked = next(iter(given.get("locale", [])), settings.locale)
    locale = asked if asked in INTERFACE_LANGUAGES else settings.locale
    with parts.database.reading() as session:
        result = parts.search(session, ANYONE, query, (locale,), locale)
    if as_json:
        answer = search_answer(result, locale, partial(_say, locale)).model_dump(mode="json")
        if explain:
            for found, hit in zip(answer["hits"], result.hits, strict=True):
                found["explanation"] = _explain(result, hit)
        click.echo(json.dumps(answer, ensure_ascii=False, indent=1))
    else:
        _print(result, locale, explain)


def _say(locale: str, message: str, params: Mapping[str, object]) -> str:
    translated: str = load_catalogue(locale).ugettext(message)
    return translated % dict(params) if params else translated


def _explain(result: SearchResult, hit: FoundWork) -> dict[str, Any]:
    """Why the work was found: its score, by which ways, what of its excerpt matches, and which words led there."""
    marked = list(dict.fromkeys(label_key(text) for text, matches in hit.snippet if matches))
    led = {
        f"{found.term} ({found.by})": [label for label in found.added if label_key(label) in marked]
        for found in result.expanded
    }
    return {
        "score": round(hit.score, 4),
        "matched_by": list(hit.matched_by),
        "language": hit.snippet_language,
        "matches": marked,
        "expansions": {term: labels for term, labels in led.items() if labels},
    }


def _print(result: SearchResult, locale: str, explain: bool) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"{result.total} found in {result.took_ms} ms")
    for note in result.notes:
        console.print(Text(str(note), style="yellow"))
    for found in result.expanded:
        console.print(Text(f"{found.term}: also {', '.join(found.added)}", style="dim"))
    if result.did_you_mean:
        console.print(Text(f"Did you mean “{result.did_you_mean}”?", style="yellow"))
    first = (result.query.page - 1) * result.query.per_page + 1
    for number, hit in enumerate(result.hits, first):
        card = hit.card
        line = Text(f"{number:>3}. ").append(card.title, style="bold")
        where = [card.city.name if card.city else "", str(card.year or ""), language_name(card.language, locale)]
        console.print(line)
        console.print(Text("     " + " · ".join([card.kind, *filter(None, where)]), style="dim"))
        said = Text("     ")
        for text, marked in hit.snippet:
            said.append(text, style="reverse" if marked else "")
        console.print(said)
        if explain:
            for name, value in _explain(result, hit).items():
                told = (
                    [f"{term}: {', '.join(labels)}" for term, labels in value.items()]
                    if name == "expansions"
                    else value
                )
                text = "; ".join(told) if isinstance(told, list) else str(told)
                if text:
                    console.print(Text(f"       {name}: {text}", style="dim"))
        console.print(Text(f"     {card.url}", style="dim"))
