"""Ask every judged query in every arm over the shipped library; print the figures and write them down."""

from __future__ import annotations

import datetime
import platform
import statistics
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import click

from config import Settings
from kb.cli.meaning import embed_all
from kb.cli.setup import set_up
from kb.runtime import Runtime
from kb.search import analysis
from tests.relevance import measures
from tests.relevance.arms import ARMS, Answer, Arm, ask, available
from tests.relevance.collections import measure_ours, measure_tantivy, read_collections
from tests.relevance.judged import FOLDER, GROUPS, Judged, Split, read_group

RESULTS = FOLDER / "RESULTS.md"
_FEW = 3  # of a language's queries in a group: with fewer it has no line of its own


@dataclass(frozen=True, slots=True)
class Asked:
    """A query with what came of it."""

    judged: Judged
    answer: Answer

    @property
    def false_works(self) -> list[str]:
        """Works among the first five that must not be there."""
        return [work for work in self.answer.works[:5] if work in self.judged.avoid]


Measure = Callable[[Asked], float]
MEASURES: dict[str, Measure] = {
    "recall@1": lambda one: measures.recall(one.answer.works, one.judged.wanted, 1),
    "recall@5": lambda one: measures.recall(one.answer.works, one.judged.wanted, 5),
    "recall@10": lambda one: measures.recall(one.answer.works, one.judged.wanted, 10),
    "MRR": lambda one: measures.reciprocal_rank(one.answer.works, one.judged.wanted),
    "nDCG@10": lambda one: measures.ndcg(one.answer.works, one.judged.works),
}


def found_or_suggested(one: Asked) -> bool:
    """Whether a wanted work is among the first five, or the right words are suggested."""
    return bool(one.judged.wanted & {*one.answer.works[:5]}) or one.answer.suggests(one.judged.meant)


def ask_group(parts: Runtime, arm: Arm, group: str, split: Split) -> list[Asked]:
    """All queries of one half of a group."""
    return [Asked(judged, ask(arm, parts, judged)) for judged in read_group(group, split)]


def _row(cells: Iterable[object]) -> str:
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def _mean(measure: Measure, asked: Sequence[Asked]) -> str:
    return f"{statistics.fmean(measure(one) for one in asked):.3f}"


def _figures(asked: Sequence[Asked]) -> list[str]:
    judged = [one for one in asked if one.judged.works]
    return [_mean(measure, judged) for measure in MEASURES.values()] if judged else ["–"] * len(MEASURES)


def _last(group: str, asked: Sequence[Asked]) -> str:
    if group == "traps":
        return str(sum(len(one.false_works) for one in asked))
    return f"{statistics.fmean(found_or_suggested(one) for one in asked):.3f}" if group == "typing_errors" else ""


def _group_table(parts: Runtime, group: str, split: Split) -> tuple[list[str], dict[str, list[Asked]]]:
    last = {"traps": "false in the first five", "typing_errors": "found or suggested"}.get(group, "")
    lines = [_row(["arm", "language", "queries", *MEASURES, last]), _row(["---"] * (len(MEASURES) + 4))]
    found: dict[str, list[Asked]] = {}
    for arm in ARMS:
        if not available(arm, parts):
            lines.append(_row([arm.name, "not available", *[""] * (len(MEASURES) + 2)]))
            continue
        asked = found[arm.name] = ask_group(parts, arm, group, split)
        lines.append(_row([arm.name, "all", len(asked), *_figures(asked), _last(group, asked)]))
        if arm is ARMS[-1]:
            for language in sorted({one.judged.language for one in asked}):
                some = [one for one in asked if one.judged.language == language]
                if len(some) >= _FEW:
                    lines.append(_row(["", language, len(some), *_figures(some), _last(group, some)]))
    return lines, found


def _failures(asked: Sequence[Asked]) -> list[str]:
    lines = []
    for one in asked:
        if one.false_works:
            lines.append(
                f"- {one.judged.query} ({one.judged.language}): {', '.join(one.false_works)} must not be there"
            )
        elif one.judged.works and not found_or_suggested(one):
            seen = ", ".join(one.answer.works[:3]) or "nothing"
            lines.append(
                f"- {one.judged.query} ({one.judged.language}): {', '.join(sorted(one.judged.wanted))}; got {seen}"
            )
    return lines


def _judged_part(parts: Runtime, split: Split, failures: bool) -> list[str]:
    lines: list[str] = []
    for group in GROUPS:
        table, found = _group_table(parts, group, split)
        lines += ["", f"### {group.replace('_', ' ').capitalize()}", "", *table]
        whole = found.get(ARMS[-1].name)
        if group == "same_language" and whole:
            first = MEASURES["recall@1"]
            words = statistics.fmean(first(one) for one in found["+ analysis"])
            together = statistics.fmean(first(one) for one in whole)
            lines += ["", f"First place all together {together:.3f}, by words alone {words:.3f}."]
        if failures:
            lines += ["", *_failures(whole or found["+ thesaurus"])]
    return lines


def _collections_part(folder: Path, scratch: Path) -> list[str]:
    lines = ["", "## Public collections, nDCG@10", ""]
    version = metadata.version("tantivy")
    lines += [_row(["", "queries", "words arm", f"tantivy {version} en_stem, one field", "two fields"])]
    lines += [_row(["---"] * 5)]
    for collection in read_collections(folder):
        ours = measure_ours(collection, scratch / collection.name)
        peers = [measure_tantivy(collection, together=together) for together in (True, False)]
        lines.append(_row([collection.name, len(collection.queries), *(f"{one:.3f}" for one in (ours, *peers))]))
    return lines


@click.command()
@click.option("--check", is_flag=True, help="Measure the half kept for the last check too; never tune on it.")
@click.option(
    "--ir", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Folder of test collections."
)
@click.option("--failures", is_flag=True, help="List the queries that fail.")
@click.option("--write/--no-write", default=True, show_default=True, help="Write tests/search/judged/RESULTS.md.")
def relevance(check: bool, folder: Path | None, failures: bool, write: bool) -> None:
    """Measure what the search finds."""
    lines = [
        "# What the search finds",
        "",
        f"`make relevance` on {datetime.datetime.now(datetime.UTC).date()}, Python {platform.python_version()}, "
        f"{analysis.VERSION}. [What is measured](README.md).",
    ]
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        parts = set_up(Settings.from_env({"KB_DATA_DIR": str(scratch / "data"), "KB_SECRET_KEY": "only for measuring"}))
        embed_all(parts)
        model = parts.embedder.name if parts.embedder else "none"
        lines[-1] += f" Model of the arm of meaning: {model}."
        lines += ["", "## Judged queries, the half for tuning", *_judged_part(parts, "tune", failures)]
        if check:
            lines += ["", "## Judged queries, the half for the check", *_judged_part(parts, "check", failures)]
        if folder:
            lines += _collections_part(folder, scratch)
        parts.engine.close()
        parts.database.close()
    text = "\n".join(lines) + "\n"
    click.echo(text)
    if write and not failures:
        RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    relevance()
