"""Finding an event by its id and by its place among what is staged: a consistency token names both."""

from alembic import op

from rustok.kernel.db import APP_ROLE

revision = "kernel_0003"
down_revision = "kernel_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX ix_event_log_id ON event_log (id)")
    op.execute(f"GRANT SELECT (pos) ON event_staging TO {APP_ROLE}")  # whoever records learns the place of its own


def downgrade() -> None:
    op.execute(f"REVOKE SELECT (pos) ON event_staging FROM {APP_ROLE}")
    op.execute("DROP INDEX ix_event_log_id")
