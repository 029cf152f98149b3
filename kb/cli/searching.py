"""The search page's result in the terminal."""

from __future__ import annotations

import json
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from config import Settings
from kb.app import wire
from kb.domain.errors import Invalid
from kb.domain.languages import INTERFACE_LANGUAGES, language_name
from kb.domain.roles import ANYONE
from kb.search.port import FACETS
from kb.services.search import PARAMETERS, FoundWork, SearchResult, find, read_query


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
@click.option("--json", "as_json", is_flag=True, help="The answer of /api/v1/search, without its facets' labels.")
def search(words: tuple[str, ...], as_json: bool, **options: tuple[str, ...]) -> None:
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
        result = find(
            session, parts.engine, ANYONE, query, vocabularies=parts.vocabularies(session),
            words=parts.words(session), languages=(locale,), locale=locale,
        )  # fmt: skip
    if as_json:
        click.echo(json.dumps(_plain(result), ensure_ascii=False, indent=1))
    else:
        _print(result, locale)


def _plain(result: SearchResult) -> dict[str, Any]:
    return {
        "query": {
            "q": result.query.q,
            "notes": [str(note) for note in result.notes],
            "did_you_mean": result.did_you_mean,
        },
        "total": result.total,
        "page": result.query.page,
        "per_page": result.query.per_page,
        "took_ms": result.took_ms,
        "hits": [_plain_hit(hit) for hit in result.hits],
        "facets": {facet: {value.value: value.count for value in result.facets[facet]} for facet in FACETS},
    }


def _plain_hit(hit: FoundWork) -> dict[str, Any]:
    card = hit.card
    return {
        "slug": card.slug,
        "kind": card.kind,
        "language": card.language,
        "title": card.title,
        "summary": card.summary,
        "city": card.city.slug if card.city else None,
        "year": card.year,
        "score": hit.score,
        "snippet": "".join(text for text, _ in hit.snippet),
        "matched_by": hit.matched_by,
        "url": card.url,
    }


def _print(result: SearchResult, locale: str) -> None:
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
        console.print(Text(f"     {card.url}", style="dim"))
