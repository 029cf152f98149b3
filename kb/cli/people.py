"""People from the terminal."""

from __future__ import annotations

import sys

import click

from config import Settings
from kb.app import wire
from kb.domain.roles import COMMAND_LINE, Role, Scope
from kb.services import accounts, invitations, one_time_links, people, tokens

_ROLES = click.Choice([role.value for role in Role])


@click.group()
def user() -> None:
    """People who may sign in."""


@user.command()
@click.argument("email")
@click.option("--name", required=True, help="As others see it.")
@click.option("--role", type=_ROLES, required=True)
@click.option("--city", help="The city's slug, for contributors and editors.")
@click.option("--password-stdin", is_flag=True, required=True, help="Read the password from standard input.")
def create(email: str, name: str, role: str, city: str | None, password_stdin: bool) -> None:
    """Make a person who can sign in and work at once.

    Nobody demands a second factor of people made here, since scripts have none; for people use `kb user invite`.
    """
    password = sys.stdin.readline().rstrip("\r\n")
    with wire(Settings.from_env()).database.transaction() as session:
        person = people.create_person(
            session, COMMAND_LINE, email=email, name=name, role=Role(role), city=city, password=password
        )
    click.echo(f"{person.email} may sign in as {role}{f' of {city}' if city else ''}.")


@user.command()
@click.argument("email")
@click.option("--role", type=_ROLES, required=True)
@click.option("--city", help="The city's slug, for contributors and editors.")
def invite(email: str, role: str, city: str | None) -> None:
    """Print a link with which somebody makes their account: it works once, for 72 hours."""
    settings = Settings.from_env()
    with wire(settings).database.transaction() as session:
        made = invitations.invite(session, COMMAND_LINE, email=email, role=Role(role), city=city)
        path = one_time_links.link_to_invitation(session, made)
    click.echo(settings.base_url + path)


@user.command("list")
@click.option("--role", type=_ROLES, help="Only those with this role.")
@click.option("--city", help="Only those with a role in this city.")
def list_(role: str | None, city: str | None) -> None:
    """List everybody with an account: address, name, roles, state; separated by tabs."""
    with wire(Settings.from_env()).database.reading() as session:
        for person in people.list_people(session, COMMAND_LINE, role=Role(role) if role else None, city=city):
            held = ", ".join(
                f"{found.role}{f' of {found.city_slug}' if found.city_slug else ''}" for found in person.memberships
            )
            states = [
                "disabled" if person.disabled_at else "",
                "second factor" if person.totp_confirmed_at else "",
            ]
            click.echo("\t".join([person.email, person.name, held or "no role", ", ".join(filter(None, states))]))


@user.command()
@click.argument("email")
def disable(email: str) -> None:
    """Keep a person out from now on: sessions, tokens and links end at once."""
    with wire(Settings.from_env()).database.transaction() as session:
        person = people.get_person_by_email(session, email)
        accounts.disable(session, COMMAND_LINE, person)
    click.echo(f"{person.email} can't sign in any more.")


@user.command()
@click.argument("email")
@click.option("--days", default=90, show_default=True, type=click.IntRange(1, tokens.LONGEST_DAYS))
@click.option("--scope", default=Scope.READ.value, show_default=True, type=click.Choice([one.value for one in Scope]))
@click.option("--name", default="command line", show_default=True, help="To know it again.")
def token(email: str, days: int, scope: str, name: str) -> None:
    """Print a personal token for the API, used as `Authorization: Bearer …`."""
    with wire(Settings.from_env()).database.transaction() as session:
        person = people.get_person_by_email(session, email)
        text = tokens.create_token(session, COMMAND_LINE, person, name=name, days=days, scope=Scope(scope))
    click.echo(text)


@user.command()
@click.argument("email")
@click.option("--second-factor", is_flag=True, help="Also remove the second factor, as when the device is lost.")
def reset(email: str, second_factor: bool) -> None:
    """Print a link with which a person chooses a new password: it works once, for two hours."""
    settings = Settings.from_env()
    with wire(settings).database.transaction() as session:
        person = people.get_person_by_email(session, email)
        if second_factor:
            accounts.remove_second_factor(session, COMMAND_LINE, person)
        path = accounts.offer_reset(session, COMMAND_LINE, person, by_mail=False)
    click.echo(f"{settings.base_url}{path}")
