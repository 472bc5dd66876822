"""Proofs that an e-mail address is its owner's, and the language in which an account is written to."""

from alembic import op

from rustok.kernel.migrating import protect

revision = "core_0005"
down_revision = "core_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE users ADD COLUMN locale varchar(35), ADD COLUMN registered_again_at timestamptz")
    # To which address a token went is not known of those that are under way: they last an hour anyway.
    op.execute("DELETE FROM password_resets")
    op.execute("ALTER TABLE password_resets ADD COLUMN email varchar(255) NOT NULL")
    op.execute("""
        CREATE TABLE email_proofs (
            tenant_id uuid NOT NULL,
            token_hash bytea NOT NULL,
            user_id uuid NOT NULL,
            email varchar(255) NOT NULL,
            purpose varchar(16) NOT NULL,
            account_email varchar(255) NOT NULL,
            epoch integer NOT NULL,
            expires_at timestamptz NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            CONSTRAINT pk_email_proofs PRIMARY KEY (tenant_id, token_hash),
            CONSTRAINT fk_email_proofs_tenant_id_user_id FOREIGN KEY (tenant_id, user_id)
                REFERENCES users (tenant_id, id) ON DELETE CASCADE,
            CONSTRAINT ck_email_proofs_purpose_known CHECK (purpose IN ('verify', 'change'))
        )""")
    op.execute("CREATE INDEX ix_email_proofs_tenant_id_user_id ON email_proofs (tenant_id, user_id)")
    protect(op, "email_proofs")


def downgrade() -> None:
    op.execute("DROP TABLE email_proofs")
    op.execute("ALTER TABLE password_resets DROP COLUMN email")
    op.execute("ALTER TABLE users DROP COLUMN locale, DROP COLUMN registered_again_at")
