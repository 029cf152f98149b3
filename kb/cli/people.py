"""People from the terminal."""

from __future__ import annotations

import sys

import click

from config import Settings
from kb.app import wire
from kb.domain.roles import COMMAND_LINE, Role
from kb.services import people


@click.group()
def user() -> None:
    """People who may sign in."""


@user.command()
@click.argument("email")
@click.option("--name", required=True, help="As others see it.")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--city", help="The city's slug, for contributors and editors.")
@click.option("--password-stdin", is_flag=True, required=True, help="Read the password from standard input.")
def create(email: str, name: str, role: str, city: str | None, password_stdin: bool) -> None:
    """Make a person who can sign in at once."""
    password = sys.stdin.readline().rstrip("\r\n")
    with wire(Settings.from_env()).database.transaction() as session:
        person = people.create_person(
            session, COMMAND_LINE, email=email, name=name, role=Role(role), city=city, password=password
        )
    click.echo(f"{person.email} may sign in as {role}{f' of {city}' if city else ''}.")
