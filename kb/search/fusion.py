"""Two arms, one order: what the words of a text say and what it means.

Scores are added, not ranks: rank fusion would put the texts of the query's own language before all others, since only
they share its words. A word match counts in proportion to the best one of its own language, so that a language with
long texts or rare words does not outdo the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Floats = NDArray[np.float32]

WORDS: Final = 0.5  # what the best match by words adds, in standard deviations of nearness
OWN: Final = 0.25  # what the query's own language adds, likewise
FLOOR: Final = 0.2  # cosine under which meaning alone finds nothing, and
OUTLIER: Final = 2.5  # standard deviations above the middle under which it finds nothing either
MOST: Final = 50  # texts at most that meaning alone finds


@dataclass(frozen=True, slots=True)
class Fused:
    """Hits of both arms.

    Attributes:
        mask: what either arm found; `score` in no unit, above nought for hits, nought elsewhere.
        meant: what the arm of meaning found.
    """

    mask: Mask
    score: Floats
    meant: Mask


def fuse(words: Mask, score: Floats, near: Floats, allowed: Mask, visible: Mask, languages: NDArray[np.int32],
         own: NDArray[np.bool_]) -> Fused:  # fmt: skip
    """Join the arms over all documents.

    Args:
        words: hits of the words, `score` theirs.
        near: cosine with the query, NaN for documents without a vector.
        allowed: documents that meaning alone may add.
        visible: what the reader may see: nothing else shapes the scale.
        languages: number of each document's language.
        own: whether a document is in the query's language.
    """
    known = visible & ~np.isnan(near)
    if not known.any():
        return Fused(words, score, np.zeros_like(words))
    middle, spread = float(near[known].mean()), max(float(near[known].std()), 1e-6)
    standard = np.where(known, (near - middle) / spread, 0.0).astype(np.float32)

    meant = known & allowed & (near >= FLOOR) & (standard >= OUTLIER)
    candidates = np.flatnonzero(meant)
    if len(candidates) > MOST:
        meant[candidates[np.argsort(-near[candidates], kind="stable")[MOST:]]] = False

    mask = words | meant
    best = np.zeros(int(languages.max(initial=0)) + 2, np.float32)  # the last one is that of no language, -1
    hits = np.flatnonzero(words & visible)
    np.maximum.at(best, languages[hits], score[hits])
    share = np.divide(score, best[languages], out=np.zeros_like(score), where=words & (best[languages] > 0))
    joined = standard + np.float32(WORDS) * share + np.float32(OWN) * own
    lowest = float(joined[mask].min(initial=0.0))
    return Fused(mask, np.where(mask, joined - lowest + np.float32(0.01), 0).astype(np.float32), meant)
