"""Identity through GraphQL: what the edge commits, what it refuses, and what it never says."""

from typing import Any

import pytest
import strawberry
from sqlalchemy import select
from tests import schemas

from rustok.core.access import authentication
from rustok.core.access import graphql as access_graphql
from rustok.core.mailing.models import Mail
from rustok.core.modules import graphql as modules_graphql
from rustok.core.roles import graphql as roles_graphql
from rustok.core.tenants import graphql as tenants_graphql
from rustok.core.users import graphql as users_graphql
from rustok.core.users import service as users
from rustok.kernel import graphql
from rustok.kernel.context import ANONYMOUS, Actor

FEATURES: list[Any] = [access_graphql, users_graphql, roles_graphql, modules_graphql, tenants_graphql]
PASSWORD = "correct horse battery"
LOG_IN = """mutation($email: String!, $password: String!) { sessionCreate(email: $email, password: $password)
  { accessToken refreshToken expiresAt user { email } userErrors { code message field } } }"""
REFRESH = """mutation($refresh: String!) { sessionRefresh(refreshToken: $refresh)
  { accessToken refreshToken userErrors { code } } }"""


def _schema(queries: str, mutations: str) -> strawberry.Schema:
    return schemas.schema(
        [kind for feature in FEATURES for kind in getattr(feature, queries)],
        [kind for feature in FEATURES for kind in getattr(feature, mutations)],
    )


ADMIN = _schema("ADMIN_QUERIES", "ADMIN_MUTATIONS")
STOREFRONT = _schema("QUERIES", "MUTATIONS")


@pytest.fixture
def ask(database, tenant):
    """`await ask(ADMIN, "{ me { id } }", token=…)`: the data, or the codes of the errors."""

    async def asked(schema: strawberry.Schema, operation: str, *, token: str = "", of=None, **variables: Any) -> Any:
        of = of or tenant
        actor: Actor = ANONYMOUS
        if token:
            async with database.open(of, actor=ANONYMOUS) as context:
                actor = await authentication.authenticate(context, token)
        edge = graphql.Operation(
            tenant=of,
            actor=actor,
            locale="en",
            currency="EUR",
            work=lambda: database.open(of, actor=actor),
            look=lambda: database.read(of, actor=actor),
            address="192.0.2.1",
            user_agent="Test",
        )
        result = await schema.execute(operation, variables, edge)
        if result.errors:
            return [str(getattr(error.original_error, "code", error)) for error in result.errors]
        asked.headers = edge.headers  # type: ignore[attr-defined]
        (answer,) = result.data.values()
        return answer

    return asked


@pytest.fixture
def token_of(ask):
    """The access token of an account that logs in."""

    async def logged_in(user, schema=ADMIN) -> str:
        answer = await ask(schema, LOG_IN, email=user.email, password=PASSWORD)
        assert answer["userErrors"] == []
        return answer["accessToken"]

    return logged_in


async def test_staff_log_in_refresh_and_log_out(ask, make_user):
    user = await make_user(role="admin", password=PASSWORD)

    begun = await ask(ADMIN, LOG_IN, email=user.email, password=PASSWORD)
    assert begun["user"] == {"email": user.email}
    renewed = await ask(ADMIN, REFRESH, refresh=begun["refreshToken"])
    me = await ask(ADMIN, "{ me { email role permissions } }", token=renewed["accessToken"])
    own = await ask(ADMIN, "{ mySessions { current address userAgent } }", token=renewed["accessToken"])
    ended = await ask(ADMIN, "mutation { sessionEnd { ended userErrors { code } } }", token=renewed["accessToken"])

    assert (me["email"], me["role"]) == (user.email, "admin")
    assert "users:write" in me["permissions"]
    assert own == [{"current": True, "address": "192.0.2.1", "userAgent": "Test"}]
    assert ended == {"ended": 1, "userErrors": []}
    with pytest.raises(authentication.BadToken):
        await ask(ADMIN, "{ me { id } }", token=renewed["accessToken"])


async def test_wrong_log_ins_are_answered_alike_and_counted(ask, make_user):
    user = await make_user(role="admin", password=PASSWORD)
    customer = await make_user(password=PASSWORD)

    answers = [
        await ask(ADMIN, LOG_IN, email=email, password=password)
        for email, password in (
            (user.email, "wrong"),
            ("nobody@example.com", PASSWORD),
            (customer.email, PASSWORD),
            ("no address", PASSWORD),
        )
    ]
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["userErrors"] == [
        {"code": "WRONG_CREDENTIALS", "message": "wrong e-mail address or password", "field": None}
    ]

    for _ in range(4):
        await ask(ADMIN, LOG_IN, email=user.email, password="wrong")
    locked = await ask(ADMIN, LOG_IN, email=user.email, password=PASSWORD)
    assert (locked["accessToken"], locked["userErrors"][0]["code"]) == (None, "TOO_MANY_ATTEMPTS")
    assert 0 < int(ask.headers["Retry-After"]) <= 15


async def test_a_stolen_refresh_token_is_committed_as_the_end_of_the_session(ask, make_user):
    user = await make_user(password=PASSWORD)
    begun = await ask(STOREFRONT, LOG_IN, email=user.email, password=PASSWORD)
    renewed = await ask(STOREFRONT, REFRESH, refresh=begun["refreshToken"])

    stolen = await ask(STOREFRONT, REFRESH, refresh=begun["refreshToken"])
    victim = await ask(STOREFRONT, REFRESH, refresh=renewed["refreshToken"])

    assert (
        stolen
        == victim
        == {
            "accessToken": None,
            "refreshToken": None,
            "userErrors": [{"code": "BAD_REFRESH_TOKEN"}],
        }
    )


async def test_a_customer_signs_up_and_may_do_nothing_else(ask, make_user):
    sign_up = """mutation($email: String!) { customerRegister(email: $email, password: "correct horse battery",
      name: "Anna") { accepted userErrors { code field } } }"""
    known = await make_user(email="known@example.com", role="admin", password="other horse battery")

    fresh = await ask(STOREFRONT, sign_up, email="anna@example.com")
    taken = await ask(STOREFRONT, sign_up, email=known.email)
    bad = await ask(STOREFRONT, sign_up, email="nonsense")
    begun = await ask(STOREFRONT, LOG_IN, email="anna@example.com", password=PASSWORD)

    assert fresh == taken == {"accepted": True, "userErrors": []}
    assert bad == {"accepted": False, "userErrors": [{"code": "INVALID_EMAIL", "field": ["email"]}]}
    me = await ask(STOREFRONT, "{ me { name role permissions } }", token=begun["accessToken"])
    assert me == {"name": "Anna", "role": "customer", "permissions": []}
    for operation in (
        "{ users { nodes { id } } }",
        "{ tenant { id } }",
        "{ roles { slug } }",
        "{ apiKeys { id } }",
        "{ modules { name } }",
        'mutation { userCreate(input: {email: "x@y.z", role: "super_admin"}) { user { id } } }',
        'mutation { apiKeyCreate(input: {name: "x", permissions: ["users:read"]}) { secret } }',
        'mutation { roleCreate(input: {slug: "xx", name: "x", permissions: []}) { role { slug } } }',
    ):
        assert await ask(ADMIN, operation, token=begun["accessToken"]) == ["forbidden"]
        assert await ask(ADMIN, operation) == ["unauthenticated"]


async def test_asking_for_a_reset_is_answered_alike(ask, make_user, capsys):
    user = await make_user(password=PASSWORD)
    ask_reset = "mutation($email: String!) { passwordResetRequest(email: $email) { accepted userErrors { code } } }"

    answers = [await ask(STOREFRONT, ask_reset, email=email) for email in (user.email, "nobody@example.com", "x")]

    assert answers == [{"accepted": True, "userErrors": []}] * 3
    shown = capsys.readouterr()
    assert "rkp_" not in shown.out + shown.err
    complete = """mutation { passwordReset(token: "rkp_x", password: "another horse battery")
      { accepted userErrors { code field } } }"""
    assert await ask(STOREFRONT, complete) == {
        "accepted": False,
        "userErrors": [{"code": "BAD_RESET_TOKEN", "field": ["token"]}],
    }


async def test_registering_is_answered_alike_and_proven_by_mail(ask, make_user, token_of, open_context):
    known = await make_user(password=PASSWORD, email_verified=True)
    register = """mutation($email: String!) { customerRegister(email: $email, password: "correct horse battery")
      { accepted userErrors { code } } }"""
    resend = "mutation($email: String) { customerVerificationResend(email: $email) { accepted userErrors { code } } }"
    verify = "mutation($proof: String!) { customerVerify(token: $proof) { verified email userErrors { code field } } }"

    answers = [await ask(STOREFRONT, register, email=email) for email in (known.email, "new@example.com")]
    resent = [await ask(STOREFRONT, resend, email=email) for email in (known.email, "new@example.com", "nobody@x.org")]
    async with open_context() as context:
        mail = await context.session.scalar(select(Mail).where(Mail.recipient == "new@example.com"))
    bad = await ask(STOREFRONT, verify, proof="rkv_x")
    token = await ask(STOREFRONT, LOG_IN, email="new@example.com", password=PASSWORD)
    me = await ask(STOREFRONT, "{ me { emailVerified } }", token=token["accessToken"])
    own = await ask(STOREFRONT, resend, token=token["accessToken"])
    proven = await ask(STOREFRONT, verify, proof=mail.facts["path"].partition("=")[2])

    assert answers == [{"accepted": True, "userErrors": []}] * 2
    assert resent == [{"accepted": True, "userErrors": []}] * 3
    assert bad == {
        "verified": False,
        "email": None,
        "userErrors": [{"code": "BAD_VERIFICATION_TOKEN", "field": ["token"]}],
    }
    assert me == {"emailVerified": False}
    assert own["accepted"] is True
    assert proven == {"verified": True, "email": "new@example.com", "userErrors": []}
    assert await ask(STOREFRONT, resend) == ["unauthenticated"]


async def test_a_change_of_address_is_asked_for_with_the_password(ask, make_user, token_of, open_context):
    user = await make_user(password=PASSWORD)
    token = await token_of(user, STOREFRONT)
    change = """mutation($email: String!, $password: String!) { customerEmailChange(email: $email, password: $password)
      { accepted userErrors { code field } } }"""

    wrong = await ask(STOREFRONT, change, email="new@example.com", password="wrong", token=token)
    bad = await ask(STOREFRONT, change, email="nonsense", password=PASSWORD, token=token)
    right = await ask(STOREFRONT, change, email="new@example.com", password=PASSWORD, token=token)

    assert wrong == {"accepted": False, "userErrors": [{"code": "WRONG_CREDENTIALS", "field": None}]}
    assert bad == {"accepted": False, "userErrors": [{"code": "INVALID_EMAIL", "field": ["email"]}]}
    assert right == {"accepted": True, "userErrors": []}
    assert await ask(STOREFRONT, change, email="new@example.com", password=PASSWORD) == ["unauthenticated"]
    async with open_context() as context:
        mails = await context.session.scalars(select(Mail.recipient))
        assert mails.all() == ["new@example.com"]


async def test_staff_manage_accounts_roles_and_keys(ask, make_user, token_of, open_context):
    token = await token_of(await make_user(role="super_admin", password=PASSWORD))

    role = await ask(
        ADMIN,
        """mutation { roleCreate(input: {slug: "editor", name: "Editor", permissions: ["content:write"]})
           { role { slug permissions fixed version } userErrors { code } } }""",
        token=token,
    )
    made = await ask(
        ADMIN,
        """mutation { userCreate(input: {email: "e@example.com", role: "editor", name: "Ed"})
           { user { id version role status } userErrors { code } } }""",
        token=token,
    )
    change = """mutation($id: ID!, $version: Int!) { userUpdate(id: $id, input: {version: $version, name: "Edda"})
                { user { name version } userErrors { code field } } }"""
    changed = await ask(ADMIN, change, token=token, id=made["user"]["id"], version=1)
    stale = await ask(ADMIN, change, token=token, id=made["user"]["id"], version=1)
    page = await ask(ADMIN, '{ users(first: 1, query: "Edda") { nodes { name } totalCount } }', token=token)
    key = await ask(
        ADMIN,
        """mutation { apiKeyCreate(input: {name: "Key", permissions: ["content:write"]})
           { secret apiKey { id prefix } userErrors { code } } }""",
        token=token,
    )
    revoked = await ask(
        ADMIN,
        "mutation($id: ID!) { apiKeyRevoke(id: $id) { apiKey { revokedAt } userErrors { code } } }",
        token=token,
        id=key["apiKey"]["id"],
    )

    assert role["role"] == {"slug": "editor", "permissions": ["content:write"], "fixed": False, "version": 1}
    assert (made["user"]["role"], made["user"]["status"]) == ("editor", "ACTIVE")
    assert changed == {"user": {"name": "Edda", "version": 2}, "userErrors": []}
    assert stale == {"user": None, "userErrors": [{"code": "STALE_VERSION", "field": ["version"]}]}
    assert page == {"nodes": [{"name": "Edda"}], "totalCount": 1}
    assert key["secret"].startswith(key["apiKey"]["prefix"])
    assert revoked["apiKey"]["revokedAt"] is not None
    gone = await ask(
        ADMIN,
        "mutation($ids: [ID!]!) { usersBulkDelete(ids: $ids) { count userErrors { code } } }",
        token=token,
        ids=[made["user"]["id"]],
    )
    assert gone == {"count": 1, "userErrors": []}


async def test_an_admin_cannot_raise_themselves(ask, make_user, token_of, open_context):
    admin = await make_user(role="admin", password=PASSWORD)
    boss = await make_user(role="super_admin", password=PASSWORD)
    token = await token_of(admin)

    for operation, subject in (
        ('mutation($id: ID!) { userUpdate(id: $id, input: {version: 1, role: "super_admin"}) { user { id } } }', admin),
        ('mutation($id: ID!) { userUpdate(id: $id, input: {version: 1, email: "a@b.c"}) { user { id } } }', boss),
        ('mutation($id: ID!) { userPasswordSet(id: $id, password: "another horse b") { user { id } } }', boss),
        ("mutation($id: ID!) { userSessionsEnd(id: $id) { ended } }", boss),
        ("mutation($id: ID!) { userDelete(id: $id) { deletedId } }", boss),
    ):
        assert await ask(ADMIN, operation, token=token, id=str(subject.id)) == ["escalation"]
    thief = (
        'mutation { roleCreate(input: {slug: "thief", name: "T", permissions: ["tenants:delete"]}) { role { slug } } }'
    )
    assert await ask(ADMIN, thief, token=token) == ["escalation"]

    async with open_context() as context:
        assert [(await users.get(context, u.id)).version for u in (admin, boss)] == [1, 1]


async def test_foreign_ids_are_answered_like_ids_of_nothing(ask, make_user, make_tenant, token_of):
    other = await make_tenant()
    stranger = await make_user(other)
    token = await token_of(await make_user(role="super_admin", password=PASSWORD))

    for operation in (
        "query($id: ID!) { user(id: $id) { email } }",
        'mutation($id: ID!) { userUpdate(id: $id, input: {version: 1, name: "x"}) { userErrors { code message } } }',
        'mutation($id: ID!) { userPasswordSet(id: $id, password: "another horse b") { userErrors { code message } } }',
        "mutation($id: ID!) { userDelete(id: $id) { userErrors { code message } } }",
        "mutation($id: ID!) { usersBulkDelete(ids: [$id]) { count } }",
        "mutation($id: ID!) { userSessionsEnd(id: $id) { userErrors { code message } } }",
        "mutation($id: ID!) { apiKeyRevoke(id: $id) { userErrors { code message } } }",
        "mutation($id: ID!) { sessionEnd(id: $id) { userErrors { code message } } }",
    ):
        foreign = await ask(ADMIN, operation, token=token, id=str(stranger.id))
        nothing = await ask(ADMIN, operation, token=token, id="01ARZ3NDEKTSV4RRFFQ69G5FAV")
        assert foreign == nothing


async def test_staff_change_their_tenant(ask, make_user, token_of, tenant):
    token = await token_of(await make_user(role="admin", password=PASSWORD))
    changed = await ask(
        ADMIN,
        """mutation { tenantUpdate(input: {version: 1, name: "New", locales: ["en", "de"], settings: {theme: "sand"}})
           { tenant { name locales defaultLocale settings version } userErrors { code } } }""",
        token=token,
    )
    bad = await ask(
        ADMIN,
        'mutation { tenantUpdate(input: {version: 2, settings: "text"}) { tenant { name } userErrors { code } } }',
        token=token,
    )
    host = await ask(
        ADMIN,
        'mutation { tenantHostAdd(host: "http://x") { tenant { name } userErrors { code field } } }',
        token=token,
    )
    shop = await ask(STOREFRONT, "{ shop { locales currencies } }")

    assert changed["tenant"] == {
        "name": "New",
        "locales": ["en", "de"],
        "defaultLocale": "en",
        "settings": {"theme": "sand"},
        "version": 2,
    }
    assert bad == {"tenant": None, "userErrors": [{"code": "INVALID"}]}
    assert host == {"tenant": None, "userErrors": [{"code": "INVALID_HOST", "field": ["host"]}]}
    assert shop == {"locales": ["en", "ru"], "currencies": ["EUR", "USD"]}
