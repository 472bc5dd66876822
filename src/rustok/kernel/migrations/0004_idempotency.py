"""Answers that are given again to whoever repeats a request under its key."""

from alembic import op

from rustok.kernel.db import APP_ROLE
from rustok.kernel.migrating import protect

revision = "kernel_0004"
down_revision = "kernel_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE idempotency_keys (
            tenant_id uuid NOT NULL, key_hash bytea NOT NULL, request_hash bytea NOT NULL, answer bytea NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_idempotency_keys PRIMARY KEY (tenant_id, key_hash)
        )""")
    op.execute("CREATE INDEX ix_idempotency_keys_created_at ON idempotency_keys (tenant_id, created_at)")
    protect(op, "idempotency_keys")
    op.execute(f"REVOKE UPDATE, DELETE ON idempotency_keys FROM {APP_ROLE}")


def downgrade() -> None:
    op.execute("DROP TABLE idempotency_keys")
