"""Customers in the admin: found by what staff know of them, changed by who may, never a way into staff's accounts."""

import pytest
from tests.commerce.accounts.conftest import HOME

from rustok.commerce.accounts import listing
from rustok.commerce.customers import book, groups, service
from rustok.core.users import service as users
from rustok.events.core import UserRegistered
from rustok.kernel.context import Actor
from rustok.kernel.ids import generate_id

LIST = """query($q: String, $w: CustomerWhere, $s: CustomerSort! = CREATED_ASC, $n: Int, $a: String) {
  customers(query: $q, where: $w, sort: $s, first: $n, after: $a)
  { nodes { email groups { code } addresses { address { city } } } totalCount pageInfo { endCursor hasNextPage } } }"""
UPDATE = """mutation($id: ID!, $i: CustomerUpdateInput!) { customerUpdate(id: $id, input: $i)
  { customer { email emailVerified note tags groups { code } version } userErrors { code field } } }"""
CLERK = Actor(
    kind="user", user_id=generate_id(), permissions=frozenset({"customers:read", "customers:write"}), role="clerk"
)


async def found(ask, **variables) -> list[str]:
    """The addresses of the customers that the list shows."""
    answer = await ask(LIST, **variables)
    return [node["email"] for node in answer["customers"]["nodes"]]


async def test_customers_are_found_by_words_and_by_what_is_known(ask, make_customer, open_context) -> None:
    ada = await make_customer(email="ada@example.com", name="Ada Moor", email_verified=True)
    bob = await make_customer(email="bob@example.com", name="Bob Moor")
    cyd = await make_customer(email="cyd@example.com", name="Cyd 100%")
    async with open_context() as context:
        await service.change(context, bob.id, phone="+49 (431) 555-012", tags=["vip"], accepts_marketing=True)
        await book.add(context, bob.id, HOME)
        trade = await groups.create(context, name="Trade")
        await groups.add_members(context, trade.id, [ada.id, bob.id])
        await users.disable_many(context, [cyd.id])

    everybody = ["ada@example.com", "bob@example.com", "cyd@example.com"]
    assert await found(ask) == everybody
    assert await found(ask, s="CREATED_DESC") == everybody[::-1]
    for sort in ("LAST_ORDER_DESC", "LAST_ORDER_ASC", "ORDERS_DESC", "SPENT_DESC"):
        assert await found(ask, s=sort) == everybody[::-1]
    assert await found(ask, q="moor") == everybody[:2]
    assert await found(ask, q="0431 555") == []
    assert await found(ask, q="431 5550") == ["bob@example.com"]
    assert await found(ask, q="100%") == ["cyd@example.com"]
    assert await found(ask, w={"groupId": str(trade.id)}) == everybody[:2]
    assert await found(ask, w={"emailVerified": True}) == ["ada@example.com"]
    assert await found(ask, w={"status": "DISABLED"}) == ["cyd@example.com"]
    assert await found(ask, w={"tag": "vip", "acceptsMarketing": True}) == ["bob@example.com"]
    assert await found(ask, w={"hasOrdered": True}) == []
    assert await found(ask, w={"ids": [str(cyd.id)]}) == ["cyd@example.com"]
    assert await found(ask, w={"createdTo": "2020-01-01T00:00:00Z"}) == []
    assert await found(ask, w={"erased": True}) == []
    assert await ask(LIST, w={"createdTo": "2020-01-01T00:00:00"}) == {"errors": ["invalid"]}


async def test_a_list_is_read_page_by_page(ask, make_customer) -> None:
    for number in range(5):
        await make_customer(email=f"c{number}@example.com")

    seen, after = [], None
    while True:
        page = (await ask(LIST, n=2, a=after))["customers"]
        assert page["totalCount"] == 5
        seen += [node["email"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break

    assert seen == [f"c{number}@example.com" for number in range(5)]


async def test_staff_make_and_change_customers(ask, open_context) -> None:
    group = await ask('mutation { customerGroupCreate(input: {name: "Trade"}) { group { id code memberCount } } }')
    made = await ask(
        """mutation($g: [ID!]) { customerCreate(input: {email: "New@Example.com", name: "New", phone: "12345",
           groupIds: $g, invite: true}) { customer { id email groups { code } } userErrors { code } } }""",
        g=[group["customerGroupCreate"]["group"]["id"]],
        actor=CLERK,
    )
    customer = made["customerCreate"]["customer"]
    taken = await ask(
        'mutation { customerCreate(input: {email: "new@example.com"}) { customer { id } userErrors { code field } } }'
    )
    changed = await ask(
        UPDATE, id=customer["id"], i={"version": 1, "note": "calls a lot", "tags": ["vip"], "groupIds": []}, actor=CLERK
    )
    stale = await ask(UPDATE, id=customer["id"], i={"version": 1, "note": "no"})

    assert customer["email"] == "new@example.com"
    assert customer["groups"] == [{"code": "trade"}]
    assert taken["customerCreate"] == {"customer": None, "userErrors": [{"code": "EMAIL_TAKEN", "field": ["email"]}]}
    assert changed["customerUpdate"]["customer"] == {
        "email": "new@example.com",
        "emailVerified": False,
        "note": "calls a lot",
        "tags": ["vip"],
        "groups": [],
        "version": 2,
    }
    assert stale["customerUpdate"]["userErrors"] == [{"code": "STALE_VERSION", "field": ["version"]}]


async def test_another_address_is_unproven_and_ends_every_session(ask, make_customer, open_context) -> None:
    user = await make_customer(email="old@example.com", email_verified=True)

    changed = await ask(UPDATE, id=str(user.id), i={"version": 1, "email": "new@example.com"}, actor=CLERK)

    assert changed["customerUpdate"]["customer"]["emailVerified"] is False
    async with open_context() as context:
        kept = await users.get(context, user.id)
        assert (kept.email, kept.email_verified_at) == ("new@example.com", None)
        assert kept.session_epoch > user.session_epoch


@pytest.mark.parametrize("role", ["manager", "admin", "super_admin"])
async def test_the_shops_permissions_do_not_reach_accounts_of_staff(ask, make_customer, open_context, role) -> None:
    boss = await make_customer(email="boss@example.com", name="Boss", role=role)
    manager = Actor(kind="user", user_id=generate_id(), permissions=frozenset({"customers:manage"}), role="manager")

    email = await ask(UPDATE, id=str(boss.id), i={"version": 1, "email": "mine@example.com"}, actor=manager)
    name = await ask(UPDATE, id=str(boss.id), i={"version": 1, "name": "Fool"}, actor=manager)
    disabled = await ask(
        "mutation($ids: [ID!]!) { customersBulkDisable(ids: $ids) { count userErrors { code } } }",
        ids=[str(boss.id)],
        actor=manager,
    )
    invited = await ask(
        "mutation($id: ID!) { customerInvite(id: $id) { userErrors { code } } }", id=str(boss.id), actor=manager
    )

    assert [email, name, disabled, invited] == [{"errors": ["no_customer"]}] * 4
    async with open_context() as context:
        kept = await users.get(context, boss.id)
        assert (kept.email, kept.name, kept.status) == ("boss@example.com", "Boss", "active")


async def test_accounts_are_disabled_and_enabled_together(ask, make_customer) -> None:
    ids = [str((await make_customer(email=f"c{number}@example.com")).id) for number in range(3)]
    turn = "mutation($ids: [ID!]!) { %s(ids: $ids) { count userErrors { code } } }"

    assert (await ask(turn % "customersBulkDisable", ids=ids))["customersBulkDisable"]["count"] == 3
    assert (await ask(turn % "customersBulkDisable", ids=ids))["customersBulkDisable"]["count"] == 0
    assert (await ask(turn % "customersBulkEnable", ids=ids[:1]))["customersBulkEnable"]["count"] == 1
    unknown = await ask(turn % "customersBulkEnable", ids=[ids[1], str(generate_id())])

    assert unknown["customersBulkEnable"] == {"count": 0, "userErrors": [{"code": "NOT_FOUND"}]}
    assert len(await found(ask, w={"status": "DISABLED"})) == 2


async def test_groups_are_listed_changed_and_removed(ask, make_customer) -> None:
    ids = [str((await make_customer(email=f"c{number}@example.com")).id) for number in range(3)]
    made = await ask('mutation { customerGroupCreate(input: {name: "Trade"}) { group { id } } }')
    id_ = made["customerGroupCreate"]["group"]["id"]
    members = "mutation($g: ID!, $c: [ID!]!) { %s(groupId: $g, customerIds: $c) { count userErrors { code } } }"

    assert (await ask(members % "customerGroupMembersAdd", g=id_, c=ids))["customerGroupMembersAdd"]["count"] == 3
    gone = await ask(members % "customerGroupMembersRemove", g=id_, c=ids[:1])
    assert gone["customerGroupMembersRemove"]["count"] == 1
    shown = await ask('{ customerGroups(query: "tra") { nodes { name memberCount } totalCount } }')
    assert shown["customerGroups"] == {"nodes": [{"name": "Trade", "memberCount": 2}], "totalCount": 1}
    renamed = await ask(
        """mutation($g: ID!) { customerGroupUpdate(id: $g, input: {version: 1, name: "Retail", code: "retail"})
           { group { code version } userErrors { code } } }""",
        g=id_,
    )
    assert renamed["customerGroupUpdate"]["group"] == {"code": "retail", "version": 2}
    await ask("mutation($g: ID!) { customerGroupDelete(id: $g) { deletedId } }", g=id_)
    assert await ask("query($g: ID!) { customerGroup(id: $g) { id } }", g=id_) == {"customerGroup": None}
    assert len(await found(ask)) == 3


async def test_nothing_is_shown_or_changed_without_permission(ask, make_customer, make_tenant) -> None:
    user = await make_customer(email="ada@example.com")
    reader = Actor(kind="user", user_id=generate_id(), permissions=frozenset({"customers:read"}))

    assert await ask(LIST, actor=Actor()) == {"errors": ["unauthenticated"]}
    assert await ask(LIST, actor=Actor(kind="user", user_id=user.id)) == {"errors": ["forbidden"]}
    assert await ask(UPDATE, id=str(user.id), i={"version": 1, "note": "x"}, actor=reader) == {"errors": ["forbidden"]}
    elsewhere = await make_tenant()
    shown = "query($id: ID!) { customer(id: $id) { id } }"
    assert await ask(shown, id=str(user.id), at=elsewhere) == {"customer": None}
    assert (await ask(LIST, at=elsewhere))["customers"]["nodes"] == []


async def test_customers_are_taken_away_as_a_file(make_customer, open_context) -> None:
    for number in range(3):
        await make_customer(email=f"c{number}@example.com", name=f"C {number}")

    async with open_context() as context:
        lines = [line async for line in listing.EXPORT.rows(context, {})]
        some = [line async for line in listing.EXPORT.rows(context, {"query": "C 1"})]

    assert [line[1] for line in lines] == [f"c{number}@example.com" for number in range(3)]
    assert len(lines[0]) == len(listing.EXPORT.columns)
    assert [line[2] for line in some] == ["C 1"]


async def test_whoever_registers_becomes_a_customer(open_context, workers) -> None:
    async with open_context() as context:
        customer = await users.register(context, email="ada@example.com", password=None)
        staff = await users.register(context, email="boss@example.com", password=None, role="admin")
        assert UserRegistered(user_id=customer.id, email="ada@example.com") in context.recorded

    await workers.catch_up()

    async with open_context() as context:
        assert (await service.get(context, customer.id)).orders_count == 0
        with pytest.raises(Exception, match="no such customer"):
            await service.get(context, staff.id)
