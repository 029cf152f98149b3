"""What forms of several pages share: what is wrong, by field; what was typed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from flask import request

from kb.domain.errors import N_, Invalid, KbError
from kb.domain.roles import Role
from kb.web.catalogues import translate as _
from kb.web.display import problem_text

ROLE_NAMES: Mapping[str, str] = {
    Role.READER: N_("Reader"),
    Role.CONTRIBUTOR: N_("Contributor"),
    Role.EDITOR: N_("Editor"),
    Role.COORDINATOR: N_("Coordinator"),
    Role.ADMIN: N_("Administrator"),
}


def problems_of(error: KbError) -> dict[str, str]:
    """Field → what is wrong with it; under `form` what belongs to no field."""
    if isinstance(error, Invalid):
        return {problem.field or "form": problem_text(problem) for problem in error.problems}
    return {"form": _(error.message) % error.params if error.params else _(error.message)}


def typed(name: str, longest: int = 300) -> str:
    """A field of the form, one line."""
    return request.form.get(name, "")[:longest]


def password_typed(name: str = "password") -> str:
    """A password as it was typed; longer than what is allowed stays longer."""
    return request.form.get(name, "")[:1000]


def role_typed() -> Role:
    """The role chosen.

    Raises:
        Invalid: it is none.
    """
    try:
        return Role(typed("role"))
    except ValueError:
        raise Invalid.of(N_("must be one of the choices offered."), field="role") from None


def day_asked(name: str) -> dt.date | None:
    """A day of the address, None for what is none."""
    try:
        return dt.date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None


def page_asked() -> int:
    """The number of the page, from 1."""
    text = request.args.get("page", "1")
    return min(max(int(text), 1), 10_000) if text.isascii() and text.isdigit() else 1
