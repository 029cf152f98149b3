"""What the pages of writers and reviewers share: who is there, which text, its form, its sections."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Final

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import Unauthorized

from kb.domain.completeness import missing_fields
from kb.domain.errors import N_, Invalid, NotFound, Problem
from kb.domain.identifiers import is_language, is_slug
from kb.domain.kinds import FOLDERS, Kind, TranslationHeader, read_header
from kb.domain.permissions import Permission, cities_where
from kb.domain.roles import Actor
from kb.models import City, Revision
from kb.runtime import current_actor, interface_language, session, vocabularies
from kb.services import works
from kb.services.holdings import find_cities
from kb.web import header_form
from kb.web.catalogues import translate as _
from kb.web.header_form import Field
from kb.web.header_labels import GROUPS, SECTIONS

FOLDER: Final = "/<any(cases, research, cities):folder>/<slug>"
PLACE: Final = f"{FOLDER}/<language>"
_ASCII: Final = re.compile(r"[^a-z0-9]+")
Place = tuple[Kind, str, str]


def writer() -> Actor:
    """The one who is signed in.

    Raises:
        Unauthorized: nobody is.
    """
    actor = current_actor()
    if not actor.signed_in:
        raise Unauthorized
    return actor


def place_of(folder: str, slug: str, language: str) -> Place:
    """Kind, slug and language of an address.

    Raises:
        NotFound: nothing can be there.
    """
    if not is_slug(slug) or not is_language(language):
        raise NotFound(N_("There is nothing at this address."))
    return FOLDERS[folder], slug, language


def own_cities() -> dict[str, City] | None:
    """The cities that the reader writes for, None for all."""
    slugs = cities_where(current_actor(), Permission.DRAFT_WRITE)
    return None if slugs is None else find_cities(session(), sorted(slugs))


def may_write() -> bool:
    """Whether the reader writes for any city; for the menu."""
    if "may_write" not in g:
        g.may_write = cities_where(current_actor(), Permission.DRAFT_WRITE) != frozenset()
    found: bool = g.may_write
    return found


def may_review() -> bool:
    """Whether the reader reviews for any city; for the menu."""
    return cities_where(current_actor(), Permission.REVISION_REVIEW) != frozenset()


def grouped(kind: Kind, header: Mapping[str, Any], problems: Sequence[Problem]) -> dict[str, list[Field]]:
    """The fields of a header by the headings under which the form shows them; title and summary are under none."""
    specs = header_form.specs_of(kind, translation="translation_of" in header)
    fields = header_form.make_fields(specs, header, problems)
    named = {name: heading for heading, names in GROUPS.items() for name in names}
    found: dict[str, list[Field]] = {"": [], **{heading: [] for heading in GROUPS}}
    first = next(iter(GROUPS))
    for field in fields:
        heading = "" if field.name in ("title", "summary") else named.get(field.name, first)
        found[heading].append(field)
    return {heading: fields for heading, fields in found.items() if fields}


def header_of_form(kind: Kind, before: Mapping[str, Any]) -> dict[str, Any]:
    """The header that was typed, with what the form does not ask for."""
    specs = header_form.specs_of(kind, translation="translation_of" in before)
    given = {name: before[name] for name in ("translation_of",) if name in before}
    return {"kind": kind.value, **header_form.read_form(specs, request.form), **given}


def concepts(scheme: str) -> list[tuple[str, str, int]]:
    """Code, label and depth of each concept of a vocabulary, in its order."""
    found = vocabularies()[scheme]
    language = interface_language()
    return [(one.code, one.label(language), len(found.broader(one.code))) for one in found.concepts.values()]


def known(scheme: str, code: str) -> bool:
    """Whether the vocabulary has the code."""
    return code in vocabularies()[scheme]


def section_guide(kind: Kind, language: str) -> list[tuple[str, str]]:
    """Heading in the text's language and what to write under it, for kinds whose texts have a usual order."""
    if kind is not Kind.CASE:
        return []
    scheme = vocabularies()["sections"]
    return [(scheme.label(code, language), hint) for code, hint in SECTIONS.items()]


def blank_text(kind: Kind, language: str) -> str:
    """The headings of a text that has yet to be written."""
    return "\n\n".join(f"## {heading}\n" for heading, _hint in section_guide(kind, language))


def missing_of(revision: Revision) -> tuple[str, ...] | None:
    """What the kind asks for and the draft does not tell; None for a translation, whose facts are elsewhere."""
    header = read_header(Kind(revision.entry.work.kind), revision.header)
    if isinstance(header, TranslationHeader):
        return None
    return missing_fields(header, revision.plain, works.told_sections(revision.html))


def make_slug(title: str, fallback: str) -> str:
    """A name for the address: of the title where that has Latin letters, else the fallback."""
    plain = unicodedata.normalize("NFKD", title.casefold()).encode("ascii", "ignore").decode()
    slug = _ASCII.sub("-", plain).strip("-")[:60].strip("-")
    return slug if len(slug) > 3 else fallback


def kept(sentence: str, status: int) -> ResponseReturnValue:
    """The page that gives back what was sent, to be sent again: nothing that was typed is lost."""
    fields = [(name, value) for name, value in request.form.items(multi=True) if name not in ("csrf_token", "body")]
    page = render_template(
        "contribute/kept.html", sentence=sentence, fields=fields, body=request.form.get("body", ""), again=request.path
    )
    return page, status


def without_token(_error: CSRFError) -> ResponseReturnValue:
    """A form that was open while one was signed out."""
    return kept(_("The form was open for too long, or you were signed out meanwhile. What you wrote is here."), 400)


def signed_out(_error: Unauthorized) -> ResponseReturnValue:
    """A form that was sent while signed out is given back; to read, one signs in first."""
    if request.method == "POST" and request.form.get("body"):
        return kept(_("You are signed out. Sign in, come back to this page and send it again."), 401)
    back = request.full_path.rstrip("?") if request.method == "GET" else "/contribute"
    return redirect(url_for("account.login", next=back), code=302)


def say(problem: Problem) -> str:
    """A problem in the reader's words."""
    return _(problem.message) % dict(problem.params) if problem.params else _(problem.message)


def say_all(error: Invalid) -> str:
    """What is wrong, in one line."""
    return " ".join(say(problem) for problem in error.problems)
