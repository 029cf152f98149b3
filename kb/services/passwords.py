"""Passwords: which ones are taken, how they are kept and compared (NIST SP 800-63B, 3.1.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.domain.errors import N_, Invalid
from kb.models import City

LENGTH: Final = (8, 128)
_COMMON = Path(__file__).with_name("common_passwords.txt")
_SITE: Final = ("learning", "cities", "city", "exchange", "knowledge", "base", "unesco", "gnlc", "학습도시")
_WORD: Final = re.compile(r"[a-z]{3,}|[^\W\d_a-z]{2,}")
_NO_LETTER: Final = re.compile(r"[\W\d_]")
_hasher = PasswordHasher()
# what an unknown address is compared with, so that it takes the time of a known one
_nobody = _hasher.hash("nobody signs in with this")


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    lines = _COMMON.read_text("utf-8").splitlines()
    return frozenset(line.casefold() for line in lines if not line.startswith("#"))


def check_password(password: str, context: Iterable[str] = ()) -> None:
    """Accept anything long enough that is not among the first that others try.

    Args:
        context: words that stand near: the person's name, address, cities.

    Raises:
        Invalid: with what to do instead.
    """
    shortest, longest = LENGTH
    if not shortest <= len(password) <= longest:
        raise Invalid.of(
            N_("must have %(shortest)s to %(longest)s characters."), field="password", shortest=shortest,
            longest=longest,
        )  # fmt: skip
    folded = password.casefold()
    if folded in _common() or len(set(folded)) == 1:
        raise Invalid.of(
            N_("is among the commonest passwords. Please take another, such as four words that belong together for "
               "you alone."), field="password",
        )  # fmt: skip
    words = {word for text in (*context, *_SITE) for word in _WORD.findall(text.casefold())}
    rest = folded
    for word in sorted(words, key=len, reverse=True):
        rest = rest.replace(word, " ")
    if rest != folded and len(_NO_LETTER.sub("", rest)) < 3:
        raise Invalid.of(
            N_("is made of names that others can guess: yours, your address, the city or this site. Please take "
               "another."), field="password",
        )  # fmt: skip


def words_of(session: Session, name: str, email: str, cities: Iterable[str | None]) -> list[str]:
    """The words that stand near a person."""
    slugs = [slug for slug in cities if slug]
    named = [text for city in session.scalars(select(City).where(City.slug.in_(slugs)))
             for text in (city.name, *map(str, city.names.values()))]  # fmt: skip
    return [name, email.rpartition(".")[0] or email, *slugs, *named]


def hash_password(password: str) -> str:
    """What is kept: argon2id with the library's defaults (RFC 9106, low memory)."""
    return _hasher.hash(password)


def is_right(stored: str | None, password: str) -> bool:
    """Whether it is the password; as slow where nothing is stored."""
    try:
        right = _hasher.verify(stored or _nobody, password[: LENGTH[1]])
    except (Argon2Error, InvalidHashError):
        return False
    return right and stored is not None
