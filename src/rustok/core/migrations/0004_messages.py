"""Mail that is to be sent, and webhooks that are to be called."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from rustok.kernel.db import WORKER_ROLE
from rustok.kernel.migrating import protect

revision = "core_0004"
down_revision = "core_0003"
branch_labels = None
depends_on = "kernel_0004"

_TABLES = ("mails", "mail_attachments", "webhook_endpoints", "webhook_deliveries")
# Workers ask every second where there is something to do, and then see one tenant at a time, as everywhere.
_DUE = {
    "rustok_mails_due()": """
        SELECT t.id FROM public.tenants t WHERE t.status = 'active' AND EXISTS (
            SELECT FROM public.mails m WHERE m.tenant_id = t.id AND m.next_attempt_at <= now())""",
    "rustok_webhooks_due()": """
        SELECT t.id FROM public.tenants t WHERE t.status = 'active' AND EXISTS (
            SELECT FROM public.webhook_endpoints e JOIN public.webhook_deliveries d
                ON d.tenant_id = e.tenant_id AND d.endpoint_id = e.id AND d.next_attempt_at <= now()
            WHERE e.tenant_id = t.id AND e.enabled)""",
}


def upgrade() -> None:
    op.create_table(
        "mails",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("template", sa.String(100), nullable=False),
        sa.Column("recipient", sa.String(254), nullable=False),
        sa.Column("locale", sa.String(35), nullable=False),
        sa.Column("facts", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("once", sa.String(200), nullable=False),
        sa.Column("state", sa.String(16), server_default=sa.text("'queued'"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True)),
        sa.Column("subject", sa.Text()),
        sa.Column("last_error", sa.Text()),
        sa.Column("message_id", sa.Text()),
        sa.Column("provider_id", sa.Text()),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_mails"),
        sa.UniqueConstraint("tenant_id", "template", "once", name="uq_mails_tenant_id_template_once"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_mails_tenant_id", ondelete="CASCADE"),
        sa.CheckConstraint("state IN ('queued', 'sending', 'sent', 'failed')", name=op.f("ck_mails_state_known")),
        sa.CheckConstraint(
            "(next_attempt_at IS NOT NULL) = (state IN ('queued', 'sending'))",
            name=op.f("ck_mails_next_attempt_while_unfinished"),
        ),
    )
    op.create_index(
        "ix_mails_next_attempt_at",
        "mails",
        ["tenant_id", "next_attempt_at"],
        postgresql_where=sa.text("next_attempt_at IS NOT NULL"),
    )
    op.create_index("ix_mails_created_at", "mails", ["tenant_id", "created_at", "id"])
    op.create_index("ix_mails_recipient", "mails", ["recipient", "tenant_id"])
    op.create_table(
        "mail_attachments",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("mail_id", sa.Uuid(), nullable=False),
        sa.Column("filename", sa.String(255), nullable=False),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_mail_attachments"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "mail_id"],
            ["mails.tenant_id", "mails.id"],
            name="fk_mail_attachments_tenant_id_mail_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_mail_attachments_mail_id", "mail_attachments", ["mail_id", "tenant_id"])
    op.create_table(
        "webhook_endpoints",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.String(2000), nullable=False),
        sa.Column("description", sa.String(255), server_default=sa.text("''"), nullable=False),
        sa.Column("event_types", ARRAY(sa.Text()), nullable=False),
        sa.Column("enabled", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("previous_secret", sa.Text()),
        sa.Column("previous_secret_until", sa.DateTime(timezone=True)),
        sa.Column("failing_since", sa.DateTime(timezone=True)),
        sa.Column("disabled_reason", sa.Text()),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_webhook_endpoints"),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.id"], name="fk_webhook_endpoints_tenant_id", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("event_type", sa.String(100), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), server_default=sa.text("'waiting'"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True)),
        sa.Column("last_error", sa.Text()),
        sa.Column("response_status", sa.Integer()),
        sa.Column("response_excerpt", sa.Text()),
        sa.Column("duration_ms", sa.Integer()),
        sa.Column("delivered_at", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_webhook_deliveries"),
        sa.UniqueConstraint(
            "tenant_id", "endpoint_id", "event_id", name="uq_webhook_deliveries_tenant_id_endpoint_id_event_id"
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "endpoint_id"],
            ["webhook_endpoints.tenant_id", "webhook_endpoints.id"],
            name="fk_webhook_deliveries_tenant_id_endpoint_id",
            ondelete="CASCADE",
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'sending', 'delivered', 'failed')", name=op.f("ck_webhook_deliveries_state_known")
        ),
        sa.CheckConstraint(
            "(next_attempt_at IS NOT NULL) = (state IN ('waiting', 'sending'))",
            name=op.f("ck_webhook_deliveries_next_attempt_while_unfinished"),
        ),
    )
    op.create_index(
        "ix_webhook_deliveries_next_attempt_at",
        "webhook_deliveries",
        ["tenant_id", "endpoint_id", "next_attempt_at"],
        postgresql_where=sa.text("next_attempt_at IS NOT NULL"),
    )
    op.create_index("ix_webhook_deliveries_created_at", "webhook_deliveries", ["tenant_id", "created_at", "id"])
    for table in _TABLES:
        protect(op, table)
    # FORCE binds the owner too, whose rights the two look-ups have.
    for table in ("mails", "webhook_endpoints", "webhook_deliveries"):
        op.execute(f"CREATE POLICY owner_sees_all ON {table} FOR SELECT TO CURRENT_USER USING (true)")
    for signature, statement in _DUE.items():
        op.execute(f"""
            CREATE FUNCTION {signature} RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER
            SET search_path = pg_catalog, pg_temp AS $due$ {statement} $due$""")
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO {WORKER_ROLE}")


def downgrade() -> None:
    for signature in _DUE:
        op.execute(f"DROP FUNCTION {signature}")
    for table in reversed(_TABLES):
        op.drop_table(table)
