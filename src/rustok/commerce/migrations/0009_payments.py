"""Payments: ways to pay, phases, the ledger of their transactions, and the test provider's own books."""

from alembic import op

from rustok.kernel.db import APP_ROLE, WORKER_ROLE
from rustok.kernel.migrating import protect

revision = "commerce_0009"
down_revision = "commerce_0008"
branch_labels = None
depends_on = None

_TABLES = (
    "commerce_payment_methods",
    "commerce_payments",
    "commerce_payment_attempts",
    "commerce_payment_transactions",
    "commerce_payment_notices",
    "commerce_test_payments",
    "commerce_test_requests",
    "commerce_test_notices",
)
_STATEMENTS = (
    """
    CREATE TABLE commerce_payment_methods (
        code varchar(64) NOT NULL,
        provider varchar(64) NOT NULL,
        names jsonb DEFAULT '{}'::jsonb NOT NULL,
        instructions jsonb DEFAULT '{}'::jsonb NOT NULL,
        enabled boolean DEFAULT true NOT NULL,
        position integer DEFAULT 0 NOT NULL,
        limits jsonb DEFAULT '{}'::jsonb NOT NULL,
        countries varchar(2)[] DEFAULT '{}' NOT NULL,
        currencies varchar(3)[] DEFAULT '{}' NOT NULL,
        capture varchar(16) DEFAULT 'automatic' NOT NULL,
        settings jsonb DEFAULT '{}'::jsonb NOT NULL,
        sealed jsonb DEFAULT '{}'::jsonb NOT NULL,
        version integer DEFAULT 1 NOT NULL,
        created_at timestamptz DEFAULT now() NOT NULL,
        updated_at timestamptz DEFAULT now() NOT NULL,
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        CONSTRAINT pk_commerce_payment_methods PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_payment_methods_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id) ON DELETE
            CASCADE,
        CONSTRAINT uq_commerce_payment_methods_code UNIQUE (tenant_id, code),
        CONSTRAINT ck_commerce_payment_methods_capture_known CHECK (capture IN ('automatic', 'manual'))
    )
    """,
    """
    CREATE TABLE commerce_payments (
        order_id uuid NOT NULL,
        method_code varchar(64) NOT NULL,
        provider varchar(64) NOT NULL,
        currency varchar(3) NOT NULL,
        amount_minor bigint NOT NULL,
        capture varchar(16) NOT NULL,
        status varchar(32) DEFAULT 'pending' NOT NULL,
        authorized_minor bigint DEFAULT 0 NOT NULL,
        captured_minor bigint DEFAULT 0 NOT NULL,
        voided_minor bigint DEFAULT 0 NOT NULL,
        refunded_minor bigint DEFAULT 0 NOT NULL,
        capturing_minor bigint DEFAULT 0 NOT NULL,
        refunding_minor bigint DEFAULT 0 NOT NULL,
        reference varchar(255) DEFAULT '' NOT NULL,
        next_action jsonb,
        error_code varchar(64) DEFAULT '' NOT NULL,
        error text DEFAULT '' NOT NULL,
        cancelled_at timestamptz,
        created_at timestamptz DEFAULT now() NOT NULL,
        updated_at timestamptz DEFAULT now() NOT NULL,
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        CONSTRAINT pk_commerce_payments PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_payments_order FOREIGN KEY(tenant_id, order_id) REFERENCES commerce_order_claims
            (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT ck_commerce_payments_amount_positive CHECK (amount_minor > 0),
        CONSTRAINT ck_commerce_payments_currency_formed CHECK (currency ~ '^[A-Z]{3}$'),
        CONSTRAINT ck_commerce_payments_capture_known CHECK (capture IN ('automatic', 'manual')),
        CONSTRAINT ck_commerce_payments_status_known CHECK (status IN ('pending', 'processing',
            'requires_action', 'awaiting', 'authorized', 'partially_captured', 'captured', 'partially_refunded',
            'refunded', 'declined', 'voided')),
        CONSTRAINT ck_commerce_payments_captured_within_authorized CHECK (authorized_minor BETWEEN 0 AND
            amount_minor AND capturing_minor >= 0 AND captured_minor >= 0 AND voided_minor >= 0 AND
            captured_minor + capturing_minor + voided_minor <= authorized_minor),
        CONSTRAINT ck_commerce_payments_refunded_within_captured CHECK (refunded_minor >= 0 AND refunding_minor
            >= 0 AND refunded_minor + refunding_minor <= captured_minor)
    )
    """,
    """
    CREATE INDEX ix_commerce_payments_created_at ON commerce_payments (created_at, tenant_id, id)
    """,
    """
    CREATE INDEX ix_commerce_payments_order_id ON commerce_payments (order_id, tenant_id)
    """,
    """
    CREATE INDEX ix_commerce_payments_reference ON commerce_payments (reference, tenant_id) WHERE reference <> ''
    """,
    """
    CREATE TABLE commerce_payment_attempts (
        payment_id uuid NOT NULL,
        kind varchar(16) NOT NULL,
        state varchar(16) DEFAULT 'open' NOT NULL,
        amount_minor bigint NOT NULL,
        key varchar(128) NOT NULL,
        reason varchar(255) DEFAULT '' NOT NULL,
        details jsonb DEFAULT '{}'::jsonb NOT NULL,
        tries integer DEFAULT 0 NOT NULL,
        next_try_at timestamptz DEFAULT now() NOT NULL,
        leased_until timestamptz,
        reference varchar(255) DEFAULT '' NOT NULL,
        error_code varchar(64) DEFAULT '' NOT NULL,
        error text DEFAULT '' NOT NULL,
        actor_id uuid,
        created_at timestamptz DEFAULT now() NOT NULL,
        finished_at timestamptz,
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        CONSTRAINT pk_commerce_payment_attempts PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_payment_attempts_payment FOREIGN KEY(tenant_id, payment_id) REFERENCES
            commerce_payments (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT uq_commerce_payment_attempts_key UNIQUE (tenant_id, key),
        CONSTRAINT ck_commerce_payment_attempts_kind_known CHECK (kind IN ('authorize', 'capture', 'void',
            'refund')),
        CONSTRAINT ck_commerce_payment_attempts_state_known CHECK (state IN ('open', 'waiting', 'succeeded',
            'failed')),
        CONSTRAINT ck_commerce_payment_attempts_amount_positive CHECK (amount_minor > 0),
        CONSTRAINT ck_commerce_payment_attempts_finished_whole CHECK ((state IN ('open', 'waiting')) =
            (finished_at IS NULL))
    )
    """,
    """
    CREATE INDEX ix_commerce_payment_attempts_due ON commerce_payment_attempts (tenant_id, next_try_at) WHERE
        finished_at IS NULL
    """,
    """
    CREATE INDEX ix_commerce_payment_attempts_payment_id ON commerce_payment_attempts (tenant_id, payment_id, id)
    """,
    """
    CREATE UNIQUE INDEX uq_commerce_payment_attempts_one ON commerce_payment_attempts (tenant_id, payment_id,
        kind) WHERE finished_at IS NULL AND kind IN ('authorize', 'void')
    """,
    """
    CREATE TABLE commerce_payment_transactions (
        payment_id uuid NOT NULL,
        order_id uuid NOT NULL,
        attempt_id uuid,
        kind varchar(16) NOT NULL,
        status varchar(16) NOT NULL,
        amount_minor bigint NOT NULL,
        currency varchar(3) NOT NULL,
        provider varchar(64) NOT NULL,
        reference varchar(255) NOT NULL,
        key varchar(128) DEFAULT '' NOT NULL,
        reason varchar(255) DEFAULT '' NOT NULL,
        error_code varchar(64) DEFAULT '' NOT NULL,
        error text DEFAULT '' NOT NULL,
        facts jsonb DEFAULT '{}'::jsonb NOT NULL,
        actor_id uuid,
        created_at timestamptz DEFAULT now() NOT NULL,
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        CONSTRAINT pk_commerce_payment_transactions PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_payment_transactions_payment FOREIGN KEY(tenant_id, payment_id) REFERENCES
            commerce_payments (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT ck_commerce_payment_transactions_kind_known CHECK (kind IN ('authorize', 'capture', 'void',
            'refund')),
        CONSTRAINT ck_commerce_payment_transactions_status_known CHECK (status IN ('succeeded', 'failed')),
        CONSTRAINT ck_commerce_payment_transactions_amount_signed CHECK (amount_minor > 0 OR (kind = 'refund'
            AND amount_minor < 0)),
        CONSTRAINT uq_commerce_payment_transactions_reference UNIQUE (tenant_id, payment_id, kind, reference,
            status)
    )
    """,
    """
    CREATE INDEX ix_commerce_payment_transactions_created_at ON commerce_payment_transactions (tenant_id,
        created_at, id)
    """,
    """
    CREATE TABLE commerce_payment_notices (
        method_code varchar(64) NOT NULL,
        event_id varchar(255) NOT NULL,
        kind varchar(255) NOT NULL,
        reference varchar(255) DEFAULT '' NOT NULL,
        payment_id uuid,
        outcome varchar(32) DEFAULT 'received' NOT NULL,
        received_at timestamptz DEFAULT now() NOT NULL,
        handled_at timestamptz,
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        CONSTRAINT pk_commerce_payment_notices PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_payment_notices_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id) ON DELETE
            CASCADE,
        CONSTRAINT uq_commerce_payment_notices_event UNIQUE (tenant_id, method_code, event_id),
        CONSTRAINT ck_commerce_payment_notices_outcome_known CHECK (outcome IN ('received', 'applied',
            'ignored', 'unknown_payment', 'mismatch'))
    )
    """,
    """
    CREATE INDEX ix_commerce_payment_notices_payment_id ON commerce_payment_notices (tenant_id, payment_id)
    """,
    """
    CREATE TABLE commerce_test_payments (
        method_code varchar(64) NOT NULL,
        payment_id uuid NOT NULL,
        token varchar(64) NOT NULL,
        scenario varchar(32) NOT NULL,
        state varchar(32) NOT NULL,
        currency varchar(3) NOT NULL,
        amount_minor bigint NOT NULL,
        capture boolean NOT NULL,
        return_url text DEFAULT '' NOT NULL,
        movements jsonb DEFAULT '[]'::jsonb NOT NULL,
        created_at timestamptz DEFAULT now() NOT NULL,
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        CONSTRAINT pk_commerce_test_payments PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_test_payments_tenant FOREIGN KEY(tenant_id) REFERENCES tenants (id) ON DELETE
            CASCADE,
        CONSTRAINT uq_commerce_test_payments_token UNIQUE (tenant_id, token)
    )
    """,
    """
    CREATE TABLE commerce_test_requests (
        test_payment_id uuid NOT NULL,
        key varchar(128) NOT NULL,
        kind varchar(16) NOT NULL,
        amount_minor bigint NOT NULL,
        times integer DEFAULT 1 NOT NULL,
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        CONSTRAINT pk_commerce_test_requests PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_test_requests_payment FOREIGN KEY(tenant_id, test_payment_id) REFERENCES
            commerce_test_payments (tenant_id, id) ON DELETE CASCADE,
        CONSTRAINT uq_commerce_test_requests_key UNIQUE (tenant_id, key)
    )
    """,
    """
    CREATE TABLE commerce_test_notices (
        test_payment_id uuid NOT NULL,
        event_id varchar(64) NOT NULL,
        kind varchar(64) NOT NULL,
        due_at timestamptz NOT NULL,
        sent_at timestamptz,
        tenant_id uuid NOT NULL,
        id uuid NOT NULL,
        CONSTRAINT pk_commerce_test_notices PRIMARY KEY (tenant_id, id),
        CONSTRAINT fk_commerce_test_notices_payment FOREIGN KEY(tenant_id, test_payment_id) REFERENCES
            commerce_test_payments (tenant_id, id) ON DELETE CASCADE
    )
    """,
    """
    CREATE INDEX ix_commerce_test_notices_due_at ON commerce_test_notices (tenant_id, due_at) WHERE sent_at IS NULL
    """,
)
# The sums of a payment are its ledger's and nobody else's: they are counted where an entry is written, and the table's
# CHECKs refuse an entry that would take more than was authorised, or give more back than was taken.
_COUNTING = (
    """
    CREATE FUNCTION commerce_count_transaction() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.status = 'succeeded' THEN
        PERFORM set_config('app.counting', 'yes', true);
        UPDATE commerce_payments SET
          authorized_minor = authorized_minor + CASE NEW.kind WHEN 'authorize' THEN NEW.amount_minor ELSE 0 END,
          captured_minor = captured_minor + CASE NEW.kind WHEN 'capture' THEN NEW.amount_minor ELSE 0 END,
          voided_minor = voided_minor + CASE NEW.kind WHEN 'void' THEN NEW.amount_minor ELSE 0 END,
          refunded_minor = refunded_minor + CASE NEW.kind WHEN 'refund' THEN NEW.amount_minor ELSE 0 END
        WHERE tenant_id = NEW.tenant_id AND id = NEW.payment_id;
        PERFORM set_config('app.counting', '', true);
      END IF;
      RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER count_transaction AFTER INSERT ON commerce_payment_transactions
      FOR EACH ROW EXECUTE FUNCTION commerce_count_transaction()
    """,
    """
    CREATE FUNCTION commerce_guard_sums() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF (TG_OP = 'INSERT' AND (NEW.authorized_minor, NEW.captured_minor, NEW.voided_minor, NEW.refunded_minor)
            IS DISTINCT FROM (0::bigint, 0::bigint, 0::bigint, 0::bigint))
         OR (TG_OP = 'UPDATE' AND current_setting('app.counting', true) IS DISTINCT FROM 'yes') THEN
        RAISE EXCEPTION 'the sums of a payment are counted by its ledger' USING ERRCODE = 'check_violation';
      END IF;
      RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER guard_sums BEFORE INSERT OR UPDATE OF
      authorized_minor, captured_minor, voided_minor, refunded_minor ON commerce_payments
      FOR EACH ROW EXECUTE FUNCTION commerce_guard_sums()
    """,
)
_DUE = """
    SELECT tenant_id FROM public.commerce_payment_attempts WHERE finished_at IS NULL AND next_try_at <= now()
      AND (leased_until IS NULL OR leased_until <= now())
    UNION SELECT tenant_id FROM public.commerce_test_notices WHERE sent_at IS NULL AND due_at <= now()"""


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    for table in _TABLES:
        protect(op, table)
    # The ledger is only ever added to: not even a bug of ours can rewrite it.
    op.execute(f"REVOKE UPDATE, DELETE ON commerce_payment_transactions FROM {APP_ROLE}, {WORKER_ROLE}")
    for statement in _COUNTING:
        op.execute(statement)
    # FORCE binds the owner too, whose rights the look-up has.
    for table in ("commerce_payment_attempts", "commerce_test_notices"):
        op.execute(f"CREATE POLICY owner_sees_all ON {table} FOR SELECT TO CURRENT_USER USING (true)")
    op.execute(f"""
        CREATE FUNCTION commerce_payments_due() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER
        SET search_path = pg_catalog, pg_temp AS $due$ {_DUE} $due$""")
    op.execute("REVOKE ALL ON FUNCTION commerce_payments_due() FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION commerce_payments_due() TO {WORKER_ROLE}")


def downgrade() -> None:
    op.execute("DROP FUNCTION commerce_payments_due")
    for table in reversed(_TABLES):
        op.execute(f"DROP TABLE {table} CASCADE")
    op.execute("DROP FUNCTION commerce_count_transaction")
    op.execute("DROP FUNCTION commerce_guard_sums")
