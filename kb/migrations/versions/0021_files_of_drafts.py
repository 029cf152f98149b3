"""Files of drafts.

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attachment", sa.Column("alt", sa.Text(), nullable=True))
    op.add_column("attachment", sa.Column("public_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE attachment SET public_at = created_at")


def downgrade() -> None:
    op.execute("ALTER TABLE attachment DROP COLUMN public_at")
    op.execute("ALTER TABLE attachment DROP COLUMN alt")
