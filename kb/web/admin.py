"""For those who keep the site: people and roles, invitations, the audit log, mails that failed, health."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy.orm import Session
from werkzeug.exceptions import Forbidden, Unauthorized

from kb.domain.errors import N_, Conflict, Invalid
from kb.domain.languages import INTERFACE_LANGUAGES, native_name
from kb.domain.permissions import Permission, Subject, can, require
from kb.domain.roles import CITY_ROLES, Role
from kb.models import City, Person
from kb.runtime import current_actor, interface_language, runtime, session, transaction
from kb.services import accounts, audit, health, invitations, mailing, one_time_links, people
from kb.services.holdings import all_cities
from kb.web.account import may_invite
from kb.web.catalogues import translate as _
from kb.web.display import city_name
from kb.web.forms import ROLE_NAMES, day_asked, page_asked, problems_of, role_typed, typed
from kb.web.signing_in import keep_to_itself

bp = Blueprint("admin", __name__, url_prefix="/admin")
bp.after_request(keep_to_itself)
_PER_PAGE = 50
Answer = ResponseReturnValue


@bp.before_request
def know_who() -> Answer | None:
    """Ask signed-out readers to sign in, and those who owe a second factor to set it up."""
    if not current_user.is_authenticated:
        raise Unauthorized
    if current_actor().second_factor_missing:
        return redirect(url_for("own.second_factor", next=request.path), code=303)
    return None


@bp.get("")
def index() -> Answer:
    """What there is to keep, as far as the reader may; administrators see how the site does."""
    actor = current_actor()
    administers = can(actor, Permission.SITE_ADMINISTER)
    if not administers and not may_invite():
        raise Forbidden
    checks = list(health.examine(session(), runtime().engine, runtime().data_dir)) if administers else []
    return render_template("admin/index.html", administers=administers, checks=checks)


def _offers() -> tuple[list[Role], list[City]]:
    """Roles and cities that the reader may offer."""
    actor, cities = current_actor(), _cities()
    offered = [
        (role, city)
        for role in Role
        for city in (cities if role in CITY_ROLES else [None])
        if can(actor, Permission.PERSON_INVITE, Subject(city=city.slug if city else None, role=role))
    ]
    slugs = {city.slug for _role, city in offered if city}
    roles = {role for role, _city in offered}
    return [role for role in Role if role in roles], [city for city in cities if city.slug in slugs]


def _role_choices(roles: Iterable[Role] = Role) -> list[tuple[str, str]]:
    return [(role.value, _(ROLE_NAMES[role])) for role in roles]


def _city_choices(cities: Iterable[City]) -> list[tuple[str, str]]:
    return [(city.slug, city_name(city)) for city in cities]


def _cities() -> list[City]:
    """All cities, by name in the reader's language."""
    return sorted(all_cities(session()), key=city_name)


@bp.get("/invitations")
def list_invitations() -> Answer:
    """Open invitations, and the form for one more."""
    return _invitations({})


def _invitations(problems: dict[str, str], status: int = 200, link: str | None = None) -> Answer:
    if not may_invite():
        raise Forbidden
    roles, cities = _offers()
    page = render_template(
        "admin/invitations.html", invitations=invitations.list_open(session(), current_actor()),
        roles=_role_choices(roles), cities=_city_choices(cities), city_names=dict(_city_choices(cities)),
        languages=[(tag, native_name(tag)) for tag in INTERFACE_LANGUAGES], role_names=ROLE_NAMES, typed=request.form,
        problems=problems, link=link,
    )  # fmt: skip
    return page, status


@bp.post("/invitations")
def invite() -> Answer:
    """Invite by mail; where this site sends none, show the link once, to be handed over."""
    try:
        with transaction() as changing:
            made = invitations.invite(
                changing, current_actor(), email=typed("email"), role=role_typed(), city=typed("city") or None,
                language=typed("language", 35) or interface_language(),
            )  # fmt: skip
            if not runtime().mailer.sends:
                link = runtime().base_url + one_time_links.link_to_invitation(changing, made)
            else:
                link = None
                mailing.request(changing, "invitation", invitation=made, inviter=current_actor().name)
    except (Invalid, Conflict) as error:
        return _invitations(problems_of(error), error.status)
    if link:
        return _invitations({}, 201, link)
    flash(_("The invitation is on its way to %(email)s.", email=made.email), "success")
    return redirect(url_for("admin.list_invitations"), code=303)


@bp.post("/invitations/<uuid:invitation>/withdraw")
def withdraw(invitation: UUID) -> Answer:
    """Take an invitation back."""
    with transaction() as changing:
        gone = invitations.withdraw(changing, current_actor(), invitation)
    flash(_("The invitation to %(email)s was withdrawn.", email=gone.email or "–"), "success")
    return redirect(url_for("admin.list_invitations"), code=303)


@bp.get("/people")
def list_people() -> Answer:
    """Everybody with an account."""
    asked = request.args.get("role", "")
    role = Role(asked) if asked in set(Role) else None
    words, city = request.args.get("words", "")[:200], request.args.get("city", "")[:80]
    found = people.list_people(session(), current_actor(), words=words, role=role, city=city or None)
    cities = _city_choices(_cities())
    return render_template(
        "admin/people.html", people=found, words=words, role=role, city=city, cities=cities, roles=_role_choices(),
        role_names=ROLE_NAMES, city_names=dict(cities),
    )  # fmt: skip


@bp.get("/people/<uuid:person>")
def show_person(person: UUID) -> Answer:
    """One person: roles, state, what they did."""
    return _person(person, {})


def _person(id_: UUID, problems: dict[str, str], status: int = 200, link: str | None = None) -> Answer:
    require(current_actor(), Permission.PERSON_ADMINISTER)
    person = people.get_person(session(), id_)
    events, _total = audit.list_events(
        session(), current_actor(), audit.Filter(object_type="person", object_id=str(id_)), per_page=10
    )
    cities = _city_choices(_cities())
    page = render_template(
        "admin/person.html", person=person, events=events, cities=cities, roles=_role_choices(), role_names=ROLE_NAMES,
        typed=request.form, city_names=dict(cities), problems=problems, link=link,
        lacks=people.lacks_second_factor(person),
    )  # fmt: skip
    return page, status


def _change(id_: UUID, deed: Callable[[Session, Person], object], sentence: str) -> Answer:
    """Change something about a person, and go back to them."""
    try:
        with transaction() as changing:
            person = people.get_person(changing, id_)
            deed(changing, person)
    except (Invalid, Conflict) as error:
        return _person(id_, problems_of(error), error.status)
    flash(_(sentence, name=person.name), "success")
    return redirect(url_for("admin.show_person", person=id_), code=303)


@bp.post("/people/<uuid:person>/roles")
def add_role(person: UUID) -> Answer:
    """Give a role."""
    return _change(
        person,
        lambda changing, found: accounts.add_membership(
            changing, current_actor(), found, role_typed(), typed("city") or None
        ),
        N_("%(name)s has the role."),
    )


@bp.post("/people/<uuid:person>/roles/<uuid:membership>/remove")
def remove_role(person: UUID, membership: UUID) -> Answer:
    """Take a role."""
    return _change(
        person,
        lambda changing, found: accounts.remove_membership(changing, current_actor(), found, membership),
        N_("%(name)s does not have the role any more."),
    )


@bp.post("/people/<uuid:person>/disable")
def disable(person: UUID) -> Answer:
    """Keep somebody out from now on."""
    return _change(
        person,
        lambda changing, found: accounts.disable(changing, current_actor(), found),
        N_("%(name)s can't sign in any more; all their sessions and tokens ended."),
    )


@bp.post("/people/<uuid:person>/enable")
def enable(person: UUID) -> Answer:
    """Let somebody in again."""
    return _change(
        person,
        lambda changing, found: accounts.enable(changing, current_actor(), found),
        N_("%(name)s can sign in again."),
    )


@bp.post("/people/<uuid:person>/second-factor/remove")
def remove_second_factor(person: UUID) -> Answer:
    """Help somebody who has lost their device."""
    return _change(
        person,
        lambda changing, found: accounts.remove_second_factor(changing, current_actor(), found),
        N_("%(name)s sets up a new second factor after the next sign-in."),
    )


@bp.post("/people/<uuid:person>/reset")
def reset(person: UUID) -> Answer:
    """Send a link to a new password; where this site sends no mail, show it once."""
    link = None
    with transaction() as changing:
        found = people.get_person(changing, person)
        path = accounts.offer_reset(changing, current_actor(), found, by_mail=runtime().mailer.sends)
        link = runtime().base_url + path if path else None
    if link:
        return _person(person, {}, 201, link)
    flash(_("A mail with a link is on its way to %(email)s.", email=found.email), "success")
    return redirect(url_for("admin.show_person", person=person), code=303)


def _audit_filter() -> audit.Filter:
    args = request.args
    return audit.Filter(
        actor=args.get("actor", "")[:200], action=args.get("action", "")[:60],
        object_type=args.get("object_type", "")[:60], object_id=args.get("object_id", "")[:200],
        since=day_asked("since"), until=day_asked("until"),
    )  # fmt: skip


@bp.get("/audit")
def show_audit() -> Answer:
    """Who did what to what, when, and from where."""
    wanted, page = _audit_filter(), page_asked()
    events, total = audit.list_events(session(), current_actor(), wanted, page=page, per_page=_PER_PAGE)
    kept = {name: value for name, value in request.args.items() if name != "page" and value}
    return render_template(
        "admin/audit.html", events=events, total=total, page=page, pages=max(1, -(-total // _PER_PAGE)), wanted=wanted,
        actions=audit.list_actions(session(), current_actor()), kept=kept,
    )  # fmt: skip


@bp.get("/audit.csv")
def export_audit() -> Answer:
    """The same for a spreadsheet, oldest first; who takes it out is noted too."""
    lines = audit.export_events(session(), current_actor(), _audit_filter())
    with transaction() as changing:
        audit.record(changing, current_actor(), "export", "audit log", "audit.csv")
    headers = {"Content-Disposition": 'attachment; filename="audit.csv"'}
    return Response(stream_with_context(lines), content_type="text/csv; charset=utf-8", headers=headers)


@bp.get("/jobs")
def list_jobs() -> Answer:
    """Mails that were given up, and how many wait."""
    return render_template(
        "admin/jobs.html", failed=mailing.list_failed(session(), current_actor()),
        waiting=mailing.count_waiting(session()), sends=runtime().mailer.sends,
    )  # fmt: skip


@bp.post("/jobs/<uuid:mail>/retry")
def retry(mail: UUID) -> Answer:
    """Try a mail again."""
    with transaction() as changing:
        mailing.retry(changing, current_actor(), mail)
    flash(_("The mail is tried again now."), "success")
    return redirect(url_for("admin.list_jobs"), code=303)
