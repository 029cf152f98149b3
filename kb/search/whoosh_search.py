"""One search over a snapshot: match, mask, fold versions into works, count, order, cut a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kb.search.analysis import primary
from kb.search.fusion import fuse
from kb.search.port import Hit, Nearness, Page, Request, Sort
from kb.search.whoosh_columns import Ints, Mask
from kb.search.whoosh_match import Found, Matcher, years_between
from kb.search.whoosh_snapshot import Snapshot

_FALLBACK: Final = "en"  # shown where the reader's languages have no version, before the original


@dataclass(frozen=True, slots=True)
class _Works:
    """The works found, in no order: number, version to show and best score of each."""

    numbers: NDArray[np.int64]
    shown: NDArray[np.int64]
    scores: NDArray[np.float32]


def search(snapshot: Snapshot, request: Request) -> Page:
    """Answer a request from one state of the index."""
    visible = snapshot.live & snapshot.having("visibility", request.visibilities)
    filters = _filters(snapshot, request)
    matcher = Matcher(snapshot, snapshot.books.values["language"].texts)
    found = matcher.find(request.tree)
    if request.near:
        found = _join(snapshot, matcher, found, visible, request.near)

    passing = _all_of(visible, filters.values())
    hits = found.mask & passing
    works = _fold(snapshot, hits, passing, found, request.languages)
    order = _order(snapshot, works, request)
    best = float(works.scores.max(initial=0.0))
    return Page(
        total=len(works.numbers),
        hits=tuple(_hit(snapshot, works, int(at), hits, passing, found, matcher, best) for at in order),
        facets={
            name: snapshot.count(
                name,
                hits
                if name not in filters
                else found.mask & _all_of(visible, (mask for other, mask in filters.items() if other != name)),
            )
            for name in request.facets
        },
        generation=snapshot.generation,
    )


def _join(snapshot: Snapshot, matcher: Matcher, found: Found, visible: Mask, nearness: Nearness) -> Found:
    """What the words found and what is near in meaning, under one score."""
    numbers = snapshot.numbers_of(nearness.ids)
    there = np.flatnonzero(numbers >= 0)
    near = np.full(snapshot.size, np.nan, np.float32)
    near[numbers[there]] = nearness.scores[there]
    allowed = matcher.find(nearness.within, None).mask if nearness.within else np.ones(snapshot.size, np.bool_)
    own = np.array([*(primary(tag) == nearness.language for tag in snapshot.books.values["language"].texts), False])
    languages = snapshot.codes("language")
    fused = fuse(found.mask, found.score, near, allowed, visible, languages, own[languages])
    matcher.by["meaning"] = fused.meant
    return Found(fused.mask, fused.score)


def _filters(snapshot: Snapshot, request: Request) -> dict[str, Mask]:
    """One mask for each facet that the reader chose from; a range of years is a choice of years."""
    masks = {name: snapshot.having(name, values) for name, values in request.filters.items() if values}
    if request.year_from is not None or request.year_to is not None:
        between = years_between(snapshot, request.year_from, request.year_to)
        masks["year"] = masks["year"] & between if "year" in masks else between
    return masks


def _all_of(visible: Mask, masks: Any) -> Mask:
    passing = visible.copy()
    for mask in masks:
        passing &= mask
    return passing


def _fold(snapshot: Snapshot, hits: Mask, passing: Mask, found: Found, languages: Sequence[str]) -> _Works:
    """Each work that has a hit, with the version that suits the reader best among all that pass the filters."""
    many = len(snapshot.books.works.texts)
    documents = np.flatnonzero(hits)
    best = np.full(many, -1.0, np.float32)
    np.maximum.at(best, snapshot.works[documents], found.score[documents])
    numbers = np.flatnonzero(best >= 0)

    candidates = np.flatnonzero(passing)
    candidates = candidates[best[snapshot.works[candidates]] >= 0]
    choice = np.full(many, np.iinfo(np.int64).max)
    rank = _preference(snapshot, languages)[candidates].astype(np.int64)
    np.minimum.at(choice, snapshot.works[candidates], rank * snapshot.size + candidates)
    return _Works(numbers, choice[numbers] % max(snapshot.size, 1), best[numbers])


def _preference(snapshot: Snapshot, languages: Sequence[str]) -> Ints:
    """How well documents suit a reader, 0 best: wanted language, same primary language, English, original, the rest."""
    tags = snapshot.books.values["language"].texts
    wanted = list(dict.fromkeys([*languages, _FALLBACK]))
    primary = [tag.split("-")[0] for tag in wanted]
    last = 2 * len(wanted)
    alphabetic = {tag: last + 1 + at for at, tag in enumerate(sorted(tags))}
    ranks = [
        2 * wanted.index(tag)
        if tag in wanted
        else 2 * primary.index(tag.split("-")[0]) + 1
        if tag.split("-")[0] in primary
        else alphabetic[tag]
        for tag in tags
    ]
    found = np.array([*ranks, last + 1 + len(tags)], np.int32)[snapshot.codes("language")]
    return np.where(snapshot.original & (found > last), last, found).astype(np.int32)


def _order(snapshot: Snapshot, works: _Works, request: Request) -> NDArray[np.int64]:
    """Where the page's works stand among those found, best first."""
    newest = snapshot.published[works.shown]
    match request.sort:
        case Sort.RELEVANCE:
            key: NDArray[Any] = works.scores
        case Sort.NEWEST:
            key = newest
        case Sort.TITLE:
            key = -snapshot.title_rank[works.shown]
        case Sort.EVIDENCE:
            key = snapshot.numbers("evidence")[works.shown]
    end = request.offset + request.limit
    chosen = np.arange(len(key))
    if end <= 0 or request.limit <= 0:
        return chosen[:0]
    if end < len(key):  # all that may stand on the page, equals of the last included
        chosen = np.flatnonzero(key >= np.partition(key, len(key) - end)[len(key) - end])
    ties = snapshot.tie[works.numbers[chosen]]
    order = np.lexsort((ties, -newest[chosen], -works.scores[chosen], -key[chosen]))
    return chosen[order][request.offset : end]


def _hit(
    snapshot: Snapshot, works: _Works, at: int, hits: Mask, passing: Mask, found: Found, matcher: Matcher, best: float
) -> Hit:
    number, shown = works.numbers[at], int(works.shown[at])
    versions = np.flatnonzero((snapshot.works == number) & passing)
    matched = sorted((version for version in versions if hits[version]), key=lambda one: -float(found.score[one]))
    return Hit(
        id=snapshot.text("id", shown),
        work=snapshot.books.works.texts[number],
        kind=snapshot.value("kind", shown),
        slug=snapshot.text("slug", shown),
        language=snapshot.value("language", shown),
        score=float(works.scores[at]) / best if best > 0 else 1.0,
        languages=tuple(sorted(snapshot.value("language", int(version)) for version in versions)),
        matched=tuple(snapshot.value("language", int(version)) for version in matched),
        matched_by=tuple(sorted(by for by, mask in matcher.by.items() if any(mask[version] for version in matched))),
    )
