"""Two at once: a one-time link makes one account, a limit lets through no more than it says."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from kb.db import Database
from kb.domain.errors import Invalid, NotFound, TooManyTries
from kb.domain.roles import COMMAND_LINE, Role
from kb.models import Attempt, Person, RecoveryCode
from kb.services import invitations, limits, one_time_links, second_factors
from tests.people import PASSWORD, make_person, person_of, set_up_device

ADDRESS = "192.0.2.1"


def _together(number: int, deed: Callable[[int], bool]) -> int:
    """Do it in so many threads at the same moment; how many times it went well."""
    barrier = threading.Barrier(number)

    def run(one: int) -> bool:
        barrier.wait()
        return deed(one)

    with ThreadPoolExecutor(number) as pool:
        return sum(pool.map(run, range(number)))


@pytest.mark.parametrize("links", [1, 4])
def test_of_four_who_accept_one_comes_in(database: Database, links: int) -> None:
    with database.transaction() as session:
        made = invitations.invite(session, COMMAND_LINE, email="jo@example.org", role=Role.READER, city=None)
        secrets = [one_time_links.link_to_invitation(session, made).rpartition("/")[2] for _ in range(links)]

    def accept(one: int) -> bool:
        try:
            with database.transaction() as session:
                invitations.accept(
                    session, secrets[one % links], name=f"Jo {one}", email="", password=PASSWORD, address=ADDRESS
                )
        except NotFound:
            return False
        return True

    assert _together(4, accept) == 1
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Person)) == 1


def test_a_recovery_code_is_spent_once(database: Database) -> None:
    make_person(database)
    _device, codes = set_up_device(database)

    def spend(_one: int) -> bool:
        try:
            with database.transaction() as session:
                second_factors.check(session, person_of(session), codes[0])
        except Invalid:
            return False
        return True

    assert _together(4, spend) == 1
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(RecoveryCode)) == 9


def test_a_code_of_the_device_is_taken_once(database: Database) -> None:
    make_person(database)
    device, _codes = set_up_device(database)
    code = device.code()

    def show(_one: int) -> bool:
        try:
            with database.transaction() as session:
                second_factors.check(session, person_of(session), code)
        except Invalid:
            return False
        return True

    assert _together(4, show) == 1


def test_twelve_tries_at_once_are_ten(database: Database) -> None:
    def take(_one: int) -> bool:
        try:
            with database.transaction() as session:
                limits.take(session, (limits.SIGN_INS, "account a"), (limits.SIGN_INS, "address b"))
        except TooManyTries:
            return False
        return True

    assert _together(12, take) == limits.SIGN_INS.tries
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Attempt)) == 2 * limits.SIGN_INS.tries
