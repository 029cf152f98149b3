"""Writing and review.

Revision ID: 0020
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "autosave",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("base", sa.String(length=64), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["entry.id"], name=op.f("fk_autosave_entry_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_autosave_person_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_autosave")),
        sa.UniqueConstraint("person_id", "entry_id", name=op.f("uq_autosave_person_id_entry_id")),
    )
    with op.batch_alter_table("autosave", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_autosave_entry_id"), ["entry_id"], unique=False)

    op.create_table(
        "remark",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("answers_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("person_name", sa.String(length=200), nullable=False),
        sa.Column("passage", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["answers_id"], ["remark.id"], name=op.f("fk_remark_answers_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_remark_person_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["revision.id"], name=op.f("fk_remark_revision_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remark")),
    )
    with op.batch_alter_table("remark", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_remark_answers_id"), ["answers_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_remark_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_remark_revision_id"), ["revision_id"], unique=False)

    op.create_table(
        "request_key",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("request", sa.String(length=64), nullable=False),
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_request_key_person_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["revision.id"], name=op.f("fk_request_key_revision_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "key", name=op.f("pk_request_key")),
    )
    with op.batch_alter_table("request_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_request_key_revision_id"), ["revision_id"], unique=False)

    op.create_table(
        "review",
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("holder_id", sa.Uuid(), nullable=True),
        sa.Column("publish_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("publish_by_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(["holder_id"], ["person.id"], name=op.f("fk_review_holder_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["publish_by_id"], ["person.id"], name=op.f("fk_review_publish_by_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["revision.id"], name=op.f("fk_review_revision_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("revision_id", name=op.f("pk_review")),
    )
    with op.batch_alter_table("review", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_review_holder_id"), ["holder_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_review_publish_at"), ["publish_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_review_publish_by_id"), ["publish_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_review_submitted_at"), ["submitted_at"], unique=False)

    op.create_table(
        "revision_step",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("person_name", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint("action <> 'request_changes' OR reason IS NOT NULL", name=op.f("ck_revision_step_reason")),
        sa.CheckConstraint(
            "action IN ('submit', 'schedule', 'request_changes', 'resume', 'publish', 'supersede', 'withdraw')",
            name=op.f("ck_revision_step_action"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_revision_step_person_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["revision.id"], name=op.f("fk_revision_step_revision_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revision_step")),
    )
    with op.batch_alter_table("revision_step", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_revision_step_person_id"), ["person_id"], unique=False)
        batch_op.create_index("ix_revision_step_revision_at", ["revision_id", "at"], unique=False)

    op.create_table(
        "saved_text",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("header", sa.JSON(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_saved_text_person_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["revision.id"], name=op.f("fk_saved_text_revision_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_text")),
    )
    with op.batch_alter_table("saved_text", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_saved_text_person_id"), ["person_id"], unique=False)
        batch_op.create_index("ix_saved_text_revision_digest", ["revision_id", "digest"], unique=False)

    # not in a batch: SQLite would copy the table, and dropping the old one would take the entries along
    op.add_column("work", sa.Column("forward", sa.String(length=200), nullable=True))
    _tell_cities_of_drafts()


def _tell_cities_of_drafts() -> None:
    """Works that were never public get the city of their draft, which says who may read it."""
    work = sa.table("work", sa.column("id", sa.Uuid()), sa.column("city_slug", sa.String()))
    entry = sa.table("entry", sa.column("id", sa.Uuid()), sa.column("work_id", sa.Uuid()))
    revision = sa.table("revision", sa.column("entry_id", sa.Uuid()), sa.column("header", sa.JSON()))
    drafts = (
        sa.select(work.c.id, revision.c.header)
        .join(entry, entry.c.work_id == work.c.id)
        .join(revision, revision.c.entry_id == entry.c.id)
        .where(work.c.city_slug.is_(None))
    )
    for key, header in op.get_bind().execute(drafts).all():
        if city := header.get("city"):
            op.execute(work.update().where(work.c.id == key).values(city_slug=city))


def downgrade() -> None:
    op.execute("ALTER TABLE work DROP COLUMN forward")

    with op.batch_alter_table("saved_text", schema=None) as batch_op:
        batch_op.drop_index("ix_saved_text_revision_digest")
        batch_op.drop_index(batch_op.f("ix_saved_text_person_id"))

    op.drop_table("saved_text")
    with op.batch_alter_table("revision_step", schema=None) as batch_op:
        batch_op.drop_index("ix_revision_step_revision_at")
        batch_op.drop_index(batch_op.f("ix_revision_step_person_id"))

    op.drop_table("revision_step")
    with op.batch_alter_table("review", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_review_submitted_at"))
        batch_op.drop_index(batch_op.f("ix_review_publish_by_id"))
        batch_op.drop_index(batch_op.f("ix_review_publish_at"))
        batch_op.drop_index(batch_op.f("ix_review_holder_id"))

    op.drop_table("review")
    with op.batch_alter_table("request_key", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_request_key_revision_id"))

    op.drop_table("request_key")
    with op.batch_alter_table("remark", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_remark_revision_id"))
        batch_op.drop_index(batch_op.f("ix_remark_person_id"))
        batch_op.drop_index(batch_op.f("ix_remark_answers_id"))

    op.drop_table("remark")
    with op.batch_alter_table("autosave", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_autosave_entry_id"))

    op.drop_table("autosave")
