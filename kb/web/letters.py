"""The words of mails: a table of letters, written out as text and HTML in the receiver's language.

The background worker has no request, so this is Jinja with our catalogues and nothing of Flask.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from kb.domain.errors import N_
from kb.domain.languages import INTERFACE_LANGUAGES, direction
from kb.mail.port import Mail
from kb.services.mailing import Letter
from kb.services.one_time_links import INVITATION_SPAN, RESET_SPAN
from kb.web.catalogues import load_catalogue

_TEMPLATES = Path(__file__).resolve().parents[2] / "templates"


@dataclass(frozen=True)
class Wording:
    """What one kind of letter says; English sentences, also the keys in the catalogues.

    Attributes:
        subject: also the line in the mail of the day.
        sentences: one paragraph each.
        action: the words of the link.
        closing: after the link.
    """

    subject: str
    sentences: tuple[str, ...]
    action: str
    closing: tuple[str, ...] = ()


_NOT_YOU: Final = (N_("If this was not you, please change your password now and tell an administrator."),)
WORDINGS: Final[Mapping[str, Wording]] = {
    "invitation": Wording(
        N_("Your invitation to the Learning Cities Exchange"),
        (
            N_("%(inviter)s invites you to the Learning Cities Exchange, the library that cities keep for cities."),
            N_("The link works once, for %(hours)s hours. There you give your name and choose a password."),
        ),
        N_("Accept the invitation"),
        (N_("If you did not expect this, you need not do anything."),),
    ),
    "reset": Wording(
        N_("A new password for the Learning Cities Exchange"),
        (
            N_("Somebody, most likely you, asked for a new password for this address."),
            N_("The link works once, for %(reset_hours)s hours."),
        ),
        N_("Choose a new password"),
        (N_("If it was not you, you need not do anything: your password stays as it is."),),
    ),
    "password-changed": Wording(
        N_("Your password was changed"),
        (N_("The password of your account was changed, and all its sessions were ended."),),
        N_("To your account"),
        _NOT_YOU,
    ),
    "recovery-code-used": Wording(
        N_("A recovery code was used"),
        (N_("Somebody signed in to your account with a recovery code in place of the code of your device."),),
        N_("To the second factor"),
        _NOT_YOU,
    ),
    "second-factor-removed": Wording(
        N_("The second factor was removed"),
        (N_("Your account asks for no code any more. If your role needs one, please set it up again."),),
        N_("To the second factor"),
        _NOT_YOU,
    ),
    "roles-changed": Wording(
        N_("What you may do was changed"),
        (N_("Somebody changed your roles in the Learning Cities Exchange."),),
        N_("To your account"),
    ),
}
_DIGEST: Final = N_("News of the day in the Learning Cities Exchange")
_TIMES: Final = {
    "hours": int(INVITATION_SPAN / dt.timedelta(hours=1)),
    "reset_hours": int(RESET_SPAN / dt.timedelta(hours=1)),
}


@lru_cache(maxsize=8)
def _environment(tag: str) -> Environment:
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(["html"]),
        extensions=["jinja2.ext.i18n"],
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.install_gettext_translations(load_catalogue(tag), newstyle=True)  # type: ignore[attr-defined]  # the extension's
    return made


@dataclass(frozen=True)
class _Part:
    subject: str
    sentences: list[str]
    action: str
    closing: list[str]
    url: str | None


def compose(letter: Letter, *, base_url: str, locale: str) -> Mail:
    """Write the mail out.

    Args:
        base_url: before each path.
        locale: of the site, for receivers whose language is not known.
    """
    tag = letter.language if letter.language in INTERFACE_LANGUAGES else locale
    say = load_catalogue(tag).gettext

    def fill(sentence: str, params: Mapping[str, Any]) -> str:
        return say(sentence) % {**_TIMES, **params}

    parts = []
    for item in letter.items:
        wording = WORDINGS[item.letter]
        parts.append(
            _Part(
                fill(wording.subject, item.params),
                [fill(sentence, item.params) for sentence in wording.sentences],
                say(wording.action),
                [fill(sentence, item.params) for sentence in wording.closing],
                base_url + item.path if item.path else None,
            )
        )
    subject = say(_DIGEST) if letter.digest else parts[0].subject
    places = {
        "subject": subject, "name": letter.name, "parts": parts, "digest": letter.digest, "base_url": base_url,
        "account_url": f"{base_url}/account", "language": tag, "direction": direction(tag),
    }  # fmt: skip
    text, html = (_environment(tag).get_template(f"mail/letter.{kind}").render(places) for kind in ("txt", "html"))
    return Mail(str(letter.rows[0]), letter.to, subject, text, html)
