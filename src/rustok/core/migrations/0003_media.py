"""Media: files with their renditions, stored or at a remote address."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from rustok.kernel.migrating import protect

revision = "core_0003"
down_revision = "core_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "media",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("uploaded_by", sa.Uuid()),
        sa.Column("filename", sa.String(255), nullable=False),
        sa.Column("original_name", sa.String(255), nullable=False),
        sa.Column("mime_type", sa.String(100)),
        sa.Column("size", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("storage_path", sa.String(500)),
        sa.Column("storage_driver", sa.String(32), server_default=sa.text("'local'"), nullable=False),
        sa.Column("width", sa.Integer()),
        sa.Column("height", sa.Integer()),
        sa.Column("alt_text", sa.String(1000)),
        sa.Column("focal_x", sa.Double()),
        sa.Column("focal_y", sa.Double()),
        sa.Column("content_hash", sa.String(64)),
        sa.Column("renditions", JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("metadata", JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.Column("status", sa.String(16), server_default=sa.text("'stored'"), nullable=False),
        sa.Column("remote_url", sa.String(2000)),
        sa.Column("fetch_attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_fetch_at", sa.DateTime(timezone=True)),
        sa.Column("last_error", sa.Text()),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_media"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_media_tenant_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "uploaded_by"],
            ["users.tenant_id", "users.id"],
            name="fk_media_tenant_id_uploaded_by",
            ondelete="SET NULL (uploaded_by)",
        ),
        sa.CheckConstraint("status IN ('stored', 'remote', 'failed')", name=op.f("ck_media_status_known")),
        sa.CheckConstraint(
            "focal_x BETWEEN 0 AND 1 AND focal_y BETWEEN 0 AND 1", name=op.f("ck_media_focal_point_inside")
        ),
        sa.CheckConstraint("(focal_x IS NULL) = (focal_y IS NULL)", name=op.f("ck_media_focal_point_whole")),
        sa.CheckConstraint(
            "CASE WHEN status = 'stored' THEN storage_path IS NOT NULL AND mime_type IS NOT NULL"
            " ELSE remote_url IS NOT NULL AND storage_path IS NULL END",
            name=op.f("ck_media_bytes_somewhere"),
        ),
    )
    for name, columns, unique, where in (
        ("uq_media_tenant_id_content_hash", ["tenant_id", "content_hash"], True, "content_hash IS NOT NULL"),
        ("uq_media_tenant_id_remote_url", ["tenant_id", "remote_url"], True, "remote_url IS NOT NULL"),
        ("ix_media_tenant_id_next_fetch_at", ["tenant_id", "next_fetch_at"], False, "next_fetch_at IS NOT NULL"),
        ("ix_media_tenant_id_storage_path", ["tenant_id", "storage_path"], False, "storage_path IS NOT NULL"),
    ):
        op.create_index(name, "media", columns, unique=unique, postgresql_where=sa.text(where))
    op.create_index("ix_media_tenant_id_created_at", "media", ["tenant_id", "created_at", "id"])
    op.create_index("ix_media_tenant_id_uploaded_by", "media", ["tenant_id", "uploaded_by"])
    protect(op, "media")


def downgrade() -> None:
    op.drop_table("media")
