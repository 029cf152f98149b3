"""One search over a snapshot: match, mask, fold versions into works, count, order, cut a page."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from kb.search.analysis import primary
from kb.search.fusion import fuse
from kb.search.port import Hit, Nearness, Page, Request, Sort
from kb.search.whoosh_columns import Ints, Mask
from kb.search.whoosh_facets import Chosen
from kb.search.whoosh_found import Found
from kb.search.whoosh_match import Matcher, years_between
from kb.search.whoosh_snapshot import Snapshot

_FALLBACK: Final = "en"  # shown where the reader's languages have no version, before the original
_SPARSE: Final = 32  # so many times fewer documents than there are: not worth an array of all of them


@dataclass(frozen=True, slots=True)
class _Works:
    """The works found, in no order: head (see `whoosh_facets.Works`), version to show and best score of each."""

    heads: NDArray[np.int64]
    shown: NDArray[np.int64]
    scores: NDArray[np.float32]


def search(snapshot: Snapshot, request: Request) -> Page:
    """Answer a request from one state of the index."""
    filters = _filters(snapshot, request)
    passing = _passing(snapshot, request, filters)
    matcher = Matcher(snapshot, snapshot.books.values["language"].texts)
    found = matcher.find(request.tree)
    if request.near:
        visible = snapshot.live & snapshot.having("visibility", request.visibilities)
        found = _join(snapshot, matcher, found, visible, request.near)
    hits = found.within(passing)
    works = _fold(snapshot, hits, _shown(snapshot, request, passing))
    chosen = Chosen(snapshot.families, hits.documents, works.heads)
    order = _order(snapshot, works, request)
    return Page(
        total=len(works.heads),
        hits=_hits(snapshot, works, order, hits, passing, matcher),
        facets={
            name: snapshot.facet(name).count(
                chosen
                if name not in filters
                else Chosen(snapshot.families, found.within(_passing(snapshot, request, filters, name)).documents)
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
    languages = snapshot.facet("language").codes
    fused = fuse(found.mask, found.score, near, allowed, visible, languages, own[languages])
    matcher.note("meaning", Found.given(fused.meant))
    documents = np.flatnonzero(fused.mask)
    return Found(snapshot.size, documents, fused.score[documents])


def _filters(snapshot: Snapshot, request: Request) -> dict[str, Mask]:
    """One mask for each facet that the reader chose from; a range of years is a choice of years."""
    masks = {name: snapshot.having(name, values) for name, values in request.filters.items() if values}
    if request.year_from is not None or request.year_to is not None:
        between = years_between(snapshot, request.year_from, request.year_to)
        masks["year"] = masks["year"] & between if "year" in masks else between
    return masks


def _passing(snapshot: Snapshot, request: Request, filters: Mapping[str, Mask], but: str = "") -> Mask:
    """What the reader may see and has not filtered away, one facet's own choice left out."""

    def join() -> Mask:
        passing = snapshot.live & snapshot.having("visibility", request.visibilities)
        for name, mask in filters.items():
            if name != but:
                passing &= mask
        return passing

    return snapshot.masks.get(("passing", *_view(request), but), join, lambda mask: mask.nbytes)


def _view(request: Request) -> Iterable[Hashable]:
    """What decides which documents pass."""
    filters = frozenset((name, frozenset(values)) for name, values in request.filters.items())
    return frozenset(request.visibilities), filters, request.year_from, request.year_to


def _shown(snapshot: Snapshot, request: Request, passing: Mask) -> NDArray[np.int64]:
    """For each head the version of its work that suits the reader best among all that pass."""

    def choose() -> NDArray[np.int64]:
        shown = np.arange(snapshot.size)
        candidates = np.flatnonzero(passing & snapshot.families.several)
        rank = _preference(snapshot, request.languages)[candidates].astype(np.int64)
        heads = snapshot.families.heads[candidates]
        choice = np.full(snapshot.size, np.iinfo(np.int64).max)
        np.minimum.at(choice, heads, rank * snapshot.size + candidates)
        shown[heads] = choice[heads] % max(snapshot.size, 1)
        return shown

    key = *_view(request), tuple(request.languages)
    return snapshot.tables.get(key, choose, lambda table: table.nbytes)


def _fold(snapshot: Snapshot, hits: Found, shown: NDArray[np.int64]) -> _Works:
    """Each work that has a hit, with the best of its scores."""
    heads = snapshot.families.heads[hits.documents]
    scores = hits.own_scores
    if not snapshot.families.several[hits.documents].any():
        return _Works(heads, shown[heads], scores)
    if len(heads) * _SPARSE < snapshot.size:
        found, numbers = np.unique(heads, return_inverse=True)
        best = np.zeros(len(found), np.float32)
        np.maximum.at(best, numbers, scores)
        return _Works(found, shown[found], best)
    every = np.full(snapshot.size, -1.0, np.float32)
    np.maximum.at(every, heads, scores)
    found = np.flatnonzero(every >= 0)
    return _Works(found, shown[found], every[found])


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
    found = np.array([*ranks, last + 1 + len(tags)], np.int32)[snapshot.facet("language").codes]
    return np.asarray(np.where(snapshot.original | (found <= last), found, found + len(tags) + 1), np.int32)


def _order(snapshot: Snapshot, works: _Works, request: Request) -> NDArray[np.int64]:
    """Where the page's works stand among those found, best first."""
    newest = snapshot.published[works.shown]
    key: NDArray[Any] = newest
    match request.sort:
        case Sort.RELEVANCE if works.scores.any():  # else all are equal, and the newest first
            key = works.scores
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
    ties = snapshot.tie[snapshot.works[works.heads[chosen]]]
    order = np.lexsort((ties, -newest[chosen], -works.scores[chosen], -key[chosen]))
    return chosen[order][request.offset : end]


def _hits(
    snapshot: Snapshot, works: _Works, order: NDArray[np.int64], hits: Found, passing: Mask, matcher: Matcher
) -> tuple[Hit, ...]:
    """The works of a page, in this order."""
    if not len(order):
        return ()
    versions = [
        [version for version in snapshot.families.versions(head) if passing[version]]
        for head in works.heads[order].tolist()
    ]
    every = np.array([version for some in versions for version in some])
    at = np.minimum(np.searchsorted(hits.documents, every), len(hits) - 1)
    matched = hits.documents[at] == every
    scores = dict(zip(every[matched].tolist(), hits.own_scores[at[matched]].tolist(), strict=True))
    reasons: dict[int, list[str]] = {}
    for by, mask in matcher.reasons(every).items():
        for document in every[mask & matched].tolist():
            reasons.setdefault(document, []).append(by)
    best = float(works.scores.max(initial=0.0))
    return tuple(
        _hit(
            snapshot, int(works.shown[one]), float(works.scores[one]) / best if best > 0 else 1.0, some, scores, reasons
        )
        for one, some in zip(order.tolist(), versions, strict=True)
    )


def _hit(
    snapshot: Snapshot,
    shown: int,
    score: float,
    versions: Sequence[int],
    scores: Mapping[int, float],
    reasons: Mapping[int, Sequence[str]],
) -> Hit:
    """One work; `scores` has those of its versions that the tree matches."""
    matched = sorted((version for version in versions if version in scores), key=lambda version: -scores[version])
    return Hit(
        id=snapshot.text("id", shown),
        work=snapshot.books.works.texts[snapshot.works[shown]],
        kind=snapshot.value("kind", shown),
        slug=snapshot.text("slug", shown),
        language=snapshot.value("language", shown),
        score=score,
        languages=tuple(sorted(snapshot.value("language", version) for version in versions)),
        matched=tuple(snapshot.value("language", version) for version in matched),
        matched_by=tuple(sorted({by for version in matched for by in reasons.get(version, ())})),
    )
