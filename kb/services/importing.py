"""Bringing a Markdown library in, work by work.

A file that is rejected changes nothing and does not stop the others (public contract, sections 3 and 5).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from kb.domain.errors import N_, Conflict, Invalid, Problem
from kb.domain.kinds import Kind, TranslationHeader
from kb.domain.roles import Actor
from kb.domain.vocabularies import Vocabularies
from kb.models import Attachment, Work
from kb.services import pages, vocabularies, works
from kb.services.library_source import (
    ATTACHMENT_BYTES,
    AttachmentFile,
    Library,
    Result,
    Source,
    TextFile,
    Verdict,
    linked_works,
    references,
)
from kb.storage.port import Storage
from kb.text.markdown import Rendered
from kb.text.renderer import Renderer

WorkKey = tuple[Kind, str]
RenderedText = tuple[TextFile, Rendered | Invalid]


def merge_vocabularies(session: Session, library: Library) -> Vocabularies:
    """The schemes as they will be once the library is in."""
    present = {scheme.name: scheme for scheme in vocabularies.load_vocabularies(session)}
    return Vocabularies((present | {scheme.name: scheme for _, scheme in library.schemes}).values())


def import_vocabularies(session: Session, actor: Actor, library: Library) -> Iterator[Verdict]:
    """Save the schemes and the files beside them."""
    for path, scheme in library.schemes:
        new = not vocabularies.load_vocabularies(session)[scheme.name].concepts
        yield _verdict(path, new, vocabularies.save_scheme(session, actor, scheme))
    for path, name, text in library.files:
        new = vocabularies.load_file(session, name) is None
        yield _verdict(path, new, vocabularies.save_file(session, actor, name, text))


def import_pages(session: Session, actor: Actor, library: Library, renderer: Renderer) -> Iterator[Verdict]:
    """Save the pages about the library."""
    for page in library.pages:
        try:
            rendered = renderer.render(page.body, base=f"/help/{page.name}/")
        except Invalid as error:
            yield Verdict(page.path, Result.REJECTED, error.problems)
            continue
        there, changed = pages.save_page(
            session, actor, page.name, page.language, title=page.title, body=page.body, rendered=rendered
        )
        yield _verdict(page.path, not there, changed)


def check_references(session: Session, library: Library) -> set[WorkKey]:
    """Reject texts that name works which are neither here nor coming, until no more fall.

    Returns:
        All works that are here or coming; links in texts are checked against them.
    """
    here: set[WorkKey] = {(Kind(kind), slug) for kind, slug in session.execute(select(Work.kind, Work.slug))}
    while True:
        coming = {
            key for key, texts in library.texts.items()
            if any(not isinstance(text.header, TranslationHeader) for text in texts)
        }  # fmt: skip
        known = here | coming
        fallen = [
            (text, Problem(N_("There is no “%(slug)s” in the library."), {"slug": slug}, name, text.lines.get(name)))
            for texts in library.texts.values()
            for text in texts
            for name, kind, slug in references(text.header)
            if (kind, slug) not in known
        ]
        if not fallen:
            return known
        for text, problem in fallen:
            library.rejected.append(Verdict(text.path, Result.REJECTED, (problem,)))
            texts = library.texts[text.kind, text.slug]
            if text in texts:
                texts.remove(text)


def render_texts(library: Library, renderer: Renderer, keys: Iterable[WorkKey]) -> Iterator[list[RenderedText]]:
    """The texts of each work with what they look like; laid out in the pool while the caller saves."""
    keys = list(keys)
    groups = [_originals_first(library.texts.get(key, [])) for key in keys]
    sources = ((text.body, f"/{text.kind.folder}/{text.slug}/") for texts in groups for text in texts)
    rendered = renderer.render_many(sources)
    for texts in groups:
        yield list(zip(texts, islice(rendered, len(texts)), strict=True))


def _originals_first(texts: Sequence[TextFile]) -> list[TextFile]:
    return sorted(texts, key=lambda text: (isinstance(text.header, TranslationHeader), text.language))


def import_works(
    session: Session,
    actor: Actor,
    batch: Sequence[tuple[WorkKey, list[RenderedText], list[AttachmentFile]]],
    *,
    source: Source,
    storage: Storage,
    known: set[WorkKey],
    schemes: Vocabularies,
    publish: bool,
    keep_edited: bool = False,
) -> Iterator[Verdict]:
    """Save a batch of works with their attachments; one verdict for each file."""
    found: dict[WorkKey, Work] = {}
    for kind in Kind:
        slugs = [slug for (of_kind, slug), _, _ in batch if of_kind is kind]
        if slugs:
            found |= {(kind, slug): work for slug, work in works.find_works(session, kind, slugs).items()}
    for key, texts, attachments in batch:
        work = found.get(key)
        files = {file.name for file in attachments} | (_names_of_attachments(session, work) if work else set())
        for text, rendered in texts:
            try:
                if isinstance(rendered, Invalid):
                    raise rendered
                _check_links(rendered, known, files)
                entry = works.TextOfEntry(text.kind, text.slug, text.language, text.header, text.body, rendered)
                work, outcome = works.save_text(
                    session, actor, entry, publish=publish, vocabularies=schemes, work=work, keep_edited=keep_edited
                )
                yield Verdict(text.path, Result(outcome.value))
            except Invalid as error:
                yield Verdict(text.path, Result.REJECTED, error.problems)
            except Conflict as error:
                yield Verdict(text.path, Result.REJECTED, (Problem(error.message, error.params),))
        for file in attachments:
            yield _save_attachment(session, work, file, source.read(file.path, ATTACHMENT_BYTES), storage)


def _check_links(rendered: Rendered, known: set[WorkKey], files: set[str]) -> None:
    problems = [
        Problem(N_("The link %(link)s leads to nothing in the library."), {"link": link})
        for link, kind, slug in linked_works(rendered.links)
        if (kind, slug) not in known
    ]
    problems += [
        Problem(N_("There is no file “%(name)s” beside the text."), {"name": name})
        for name in rendered.files
        if name not in files
    ]
    if problems:
        raise Invalid(problems)


def _names_of_attachments(session: Session, work: Work) -> set[str]:
    return set(session.scalars(select(Attachment.name).where(Attachment.work_id == work.id)))


def _save_attachment(
    session: Session, work: Work | None, file: AttachmentFile, content: bytes, storage: Storage
) -> Verdict:
    if work is None:
        problem = Problem(N_("There is no text that it could belong to."), {})
        return Verdict(file.path, Result.REJECTED, (problem,))
    digest = storage.put(content)
    query = select(Attachment).where(Attachment.work_id == work.id, Attachment.name == file.name)
    before = session.scalar(query)
    if before is None:
        session.add(
            Attachment(
                work_id=work.id,
                name=file.name,
                media_type=file.media_type,
                size=len(content),
                digest=digest,
                public_at=work.changed_at,
            )
        )
        return Verdict(file.path, Result.CREATED)
    changed = before.digest != digest
    before.digest, before.size, before.media_type = digest, len(content), file.media_type
    return _verdict(file.path, False, changed)


def _verdict(path: str, new: bool, changed: bool) -> Verdict:
    return Verdict(path, Result.CREATED if new else Result.UPDATED if changed else Result.UNCHANGED)
