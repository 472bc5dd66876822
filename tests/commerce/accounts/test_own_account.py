"""The storefront's account: whoever is logged in reaches their own data and nobody else's."""

from tests.commerce.accounts.conftest import STOREFRONT, acting

from rustok.commerce.customers import book, service
from rustok.kernel.context import ANONYMOUS, Actor

ME = "{ customer { email emailVerified name phone locale acceptsMarketing addresses { id address { city } } version } }"
UPDATE = """mutation($i: CustomerSelfInput!) { customerUpdate(input: $i)
  { customer { name phone acceptsMarketing version } userErrors { code field } } }"""
ADD = """mutation($i: CustomerAddressCreateInput!) { addressCreate(input: $i)
  { address { id isDefaultShipping address { country formatted } } userErrors { code field } } }"""
CHANGE = """mutation($id: ID!, $i: CustomerAddressUpdateInput!) { addressUpdate(id: $id, input: $i)
  { address { address { city } } userErrors { code field } } }"""
REMOVE = "mutation($id: ID!) { addressDelete(id: $id) { deletedId userErrors { code field } } }"
KIEL = {"name": "Ada Moor", "line1": "Mill Lane 4", "city": "Kiel", "postcode": "24103", "country": "DE"}


async def test_a_customer_sees_and_changes_their_own_account(ask, make_customer) -> None:
    me = acting(await make_customer(email="ada@example.com", name="Ada"))

    made = await ask(ADD, of=STOREFRONT, actor=me, i={"address": KIEL})
    changed = await ask(
        UPDATE, of=STOREFRONT, actor=me, i={"name": "Ada Moor", "phone": "0431 555", "acceptsMarketing": True}
    )
    shown = await ask(ME, of=STOREFRONT, actor=me)

    assert made["addressCreate"]["address"]["isDefaultShipping"] is True
    assert made["addressCreate"]["address"]["address"]["formatted"][-2:] == ["24103 Kiel", "Germany"]
    assert changed["customerUpdate"]["userErrors"] == []
    id_ = made["addressCreate"]["address"]["id"]
    assert shown["customer"] == {
        "email": "ada@example.com",
        "emailVerified": False,
        "name": "Ada Moor",
        "phone": "0431 555",
        "locale": "en",
        "acceptsMarketing": True,
        "addresses": [{"id": id_, "address": {"city": "Kiel"}}],
        "version": 3,
    }


async def test_an_account_without_a_customers_row_gets_one_when_it_needs_it(ask, open_context) -> None:
    async with open_context() as context:
        from rustok.core.users import service as users

        user = await users.register(context, email="new@example.com", password=None)

    assert (await ask(ME, of=STOREFRONT, actor=acting(user)))["customer"]["addresses"] == []
    made = await ask(ADD, of=STOREFRONT, actor=acting(user), i={"address": KIEL})
    assert made["addressCreate"]["userErrors"] == []


async def test_guests_have_no_account(ask) -> None:
    assert await ask(ME, of=STOREFRONT, actor=ANONYMOUS) == {"customer": None}
    for operation, variables in (
        (UPDATE, {"i": {"name": "x"}}),
        (ADD, {"i": {"address": KIEL}}),
        (REMOVE, {"id": "01890000-0000-7000-8000-000000000000"}),
    ):
        for actor in (ANONYMOUS, Actor(kind="api_key", permissions=frozenset({"customers:manage"}))):
            assert await ask(operation, of=STOREFRONT, actor=actor, **variables) == {"errors": ["unauthenticated"]}


async def test_an_address_of_somebody_else_is_not_found_and_not_touched(ask, make_customer, open_context) -> None:
    owner, thief = await make_customer(email="o@example.com"), await make_customer(email="t@example.com")
    made = await ask(ADD, of=STOREFRONT, actor=acting(owner), i={"address": KIEL})
    id_ = made["addressCreate"]["address"]["id"]

    changed = await ask(
        CHANGE, of=STOREFRONT, actor=acting(thief), id=id_, i={"address": {**KIEL, "city": "Elsewhere"}}
    )
    removed = await ask(REMOVE, of=STOREFRONT, actor=acting(thief), id=id_)

    assert changed["addressUpdate"]["userErrors"] == [{"code": "NOT_FOUND", "field": ["id"]}]
    assert removed["addressDelete"] == {"deletedId": None, "userErrors": [{"code": "NOT_FOUND", "field": ["id"]}]}
    async with open_context() as context:
        (kept,) = await book.list_all(context, owner.id)
        assert kept.address["city"] == "Kiel"
        assert await book.list_all(context, thief.id) == []


async def test_what_is_wrong_stands_beside_its_field(ask, make_customer, open_context) -> None:
    user = await make_customer()
    me = acting(user)

    bad = await ask(ADD, of=STOREFRONT, actor=me, i={"address": {"country": "DE", "name": "Ada", "line1": "x"}})
    stale = await ask(UPDATE, of=STOREFRONT, actor=me, i={"version": 7, "name": "x"})
    phone = await ask(UPDATE, of=STOREFRONT, actor=me, i={"phone": "call me"})
    null = await ask(UPDATE, of=STOREFRONT, actor=me, i={"name": None})

    assert bad["addressCreate"]["userErrors"] == [{"code": "BAD_ADDRESS", "field": ["address", "city"]}]
    assert stale["customerUpdate"]["userErrors"] == [{"code": "STALE_VERSION", "field": ["version"]}]
    assert phone["customerUpdate"]["userErrors"] == [{"code": "INVALID", "field": ["phone"]}]
    assert null["customerUpdate"]["userErrors"] == [{"code": "INVALID", "field": ["name"]}]
    async with open_context() as context:
        assert (await service.get(context, user.id)).version == 1
