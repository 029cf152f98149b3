"""Whether all is well: for `kb doctor` and the administrators' page."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from kb.domain.errors import N_
from kb.search.port import SearchEngine
from kb.services import indexing, mailing, people

_FREE = 200 * 2**20


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        sentence: what was found, with `%(name)s` places for `params`.
        well: whether nothing needs to be done.
    """

    name: str
    sentence: str
    params: Mapping[str, object]
    well: bool

    def __str__(self) -> str:
        return self.sentence % dict(self.params) if self.params else self.sentence


def examine(session: Session, engine: SearchEngine, data_dir: Path) -> Iterator[Check]:
    """Look at people, index, storage and the mails that wait.

    Raises:
        Unavailable: database or index don't answer.
    """
    if people.has_admin(session):
        yield Check(N_("people"), N_("there is an administrator"), {}, True)
    else:
        yield Check(N_("people"), N_("no administrator yet: kb user create … --role admin"), {}, True)
    status = engine.status()
    expected, waiting = indexing.count_documents(session), indexing.count_waiting(session, engine)
    yield Check(
        N_("index"),
        N_("%(engine)s, %(documents)s of %(expected)s texts, %(waiting)s waiting, %(analysis)s"),
        {"engine": status.engine, "documents": status.documents, "expected": expected, "waiting": waiting,
         "analysis": status.analysis},
        status.documents == expected or waiting > 0,
    )  # fmt: skip
    free = shutil.disk_usage(data_dir).free
    yield Check(N_("storage"), N_("%(free)s MB free in the data folder"), {"free": free // 2**20}, free > _FREE)
    counts = {"waiting": mailing.count_waiting(session), "failed": mailing.count_failed(session)}
    yield Check(N_("mails"), N_("%(waiting)s waiting, %(failed)s given up"), counts, counts["failed"] == 0)
