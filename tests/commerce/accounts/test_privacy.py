"""Personal data: the whole of it in one file, and gone from every table afterwards. The books stay."""

import json
from contextlib import asynccontextmanager

import asyncpg
import pytest
from sqlalchemy import select, text
from tests.commerce.accounts.conftest import acting
from tests.commerce.orders import ordering
from tests.conftest import Addresses

from rustok.commerce.addresses.service import Address
from rustok.commerce.baskets.shapes import Buyer
from rustok.commerce.carts.models import Cart
from rustok.commerce.customers import book, groups, service
from rustok.commerce.orders import cancelling, noting
from rustok.commerce.orders import service as orders
from rustok.commerce.orders.models import Order
from rustok.core.access import lockouts, resets, sessions, verification
from rustok.core.access.sessions import Client
from rustok.core.content import comments, publishing
from rustok.core.content import service as content
from rustok.core.content.models import Node
from rustok.core.mailing import service as mailing
from rustok.core.privacy import service as privacy
from rustok.core.users import service as users
from rustok.core.webhooks import service as webhooks
from rustok.events.commerce import CustomerErased
from rustok.events.core import UserErased
from rustok.kernel.db import plain_url
from rustok.kernel.ids import generate_id
from rustok.server import modules

PASSWORD = "correct horse battery"
# Words that occur nowhere else.
EMAIL = "quillfeather@marchbanks.example"
HOME = Address(
    name="Zebulon Quillfeather", line1="Wexcombe Row 7", city="Ottersby", postcode="99887", country="US", region="Ohio"
)
PHONE = "+1 555 0142 77"
MARKERS = ("quillfeather", "zebulon", "wexcombe", "ottersby", "99887", "0142 77", "sunburnt", "198.51.100.7")


@pytest.fixture
def opened(open_context):
    """`async with opened(actor=…) as context`: with the parts of every module, as the host hands them down."""
    installation = modules.installation(modules.load())

    @asynccontextmanager
    async def make(*args, **kwargs):
        async with open_context(*args, **kwargs) as context:
            context.installation = installation
            yield context

    return make


async def finished_order(context, *, email: str = EMAIL, customer_id=None, **wanted):
    """An order that is over."""
    (good,) = await ordering.goods(context, 5)
    placed = await ordering.order(
        context,
        [(good, 2, 1000)],
        buyer=Buyer(customer_id=customer_id, email=email),
        email=email,
        shipping_address=HOME,
        billing_address=HOME,
        note="Leave it with the sunburnt gardener",
        **wanted,
    )
    return await cancelling.cancel(context, placed.id)


@pytest.fixture
async def person(opened, workers):
    """A customer who left traces everywhere."""
    async with opened() as context:
        user = await users.register(
            context, email=EMAIL, password=PASSWORD, name="Zebulon Quillfeather", email_verified=True
        )
        await service.ensure(context, user.id)
        await service.change(
            context, user.id, phone=PHONE, accepts_marketing=True, note="the sunburnt one", tags=["sunburnt"]
        )
        await book.add(context, user.id, HOME)
        group = await groups.create(context, name="Trade")
        await groups.add_members(context, group.id, [user.id])
        order = await finished_order(context, customer_id=user.id)
        await noting.add_note(context, order.id, "Dear Zebulon", to_customer=True)
        await finished_order(context)  # as a guest
        context.session.add(
            Cart(
                tenant_id=context.tenant_id,
                id=generate_id(),
                customer_id=user.id,
                currency="EUR",
                email=EMAIL,
                shipping_address=HOME.stored(),
            )
        )
        post = await content.create(context, kind="post", title="Post", body="Words")
        await publishing.publish(context, post.id)
        await mailing.queue(context, "hello", to=EMAIL, locale="en", values={"name": "Zebulon"}, once="1")
        await webhooks.create(context, url="https://93.184.215.14/hook", event_types=["UserRegistered"])
    async with opened(actor=acting(user)) as context:
        await comments.add_comment(context, post.id, body="Nice words", author_url="https://quillfeather.example")
    async with opened() as context:
        await sessions.start(context, email=EMAIL, password=PASSWORD, client=Client("198.51.100.7", "Sunburnt/1.0"))
        await resets.request(context, EMAIL)
    async with opened(actor=acting(user)) as context:
        assert await verification.request_change(context, email="z.quillfeather@else.example", password=PASSWORD)
    await workers.catch_up()
    return user


async def traces(addresses: Addresses, tenant_id) -> dict[str, list[str]]:
    """Every table that still holds one of the words, and the words."""
    connection = await asyncpg.connect(plain_url(addresses.owner))
    try:
        tables = await connection.fetch("""
            SELECT c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
              AND a.attname = 'tenant_id'""")
        found: dict[str, list[str]] = {}
        for row in tables:
            for word in MARKERS:
                if await connection.fetchval(
                    f'SELECT count(*) FROM "{row["name"]}" t WHERE tenant_id = $1 AND t::text ILIKE $2',
                    tenant_id,
                    f"%{word}%",
                ):
                    found.setdefault(row["name"], []).append(word)
        return found
    finally:
        await connection.close()


async def test_the_export_holds_everything_that_is_known(opened, person) -> None:
    async with opened() as context:
        told = await privacy.export(context, await privacy.of_account(context, person.id))

    assert told["account"]["email"] == EMAIL
    assert told["account"]["log_ins"][0]["address"] == "198.51.100.7"
    assert told["customer"]["phone"] == PHONE
    assert told["customer"]["marketing_changed_at"] is not None
    assert told["customer"]["addresses"][0]["city"] == "Ottersby"
    assert told["customer"]["groups"] == ["Trade"]
    assert [order["total"] for order in told["orders"]] == ["29.75", "29.75"]
    assert told["orders"][0]["messages"][0]["text"] == "Dear Zebulon"
    assert told["carts"][0]["shipping_address"]["line1"] == "Wexcombe Row 7"
    assert told["comments"][0]["text"] == "Nice words"
    assert {mail["kind"] for mail in told["mails"]} >= {"hello", "password_reset"}
    written = json.dumps(told)
    assert "argon2" not in written
    assert "rkp_" not in written


async def test_erasure_leaves_no_trace_in_any_table_and_keeps_the_books(
    opened, person, addresses, tenant, workers
) -> None:
    assert len(await traces(addresses, tenant.id)) > 10
    async with opened() as context:
        before = {order.id: order async for order in await _orders(context)}

    async with opened() as context:
        await privacy.erase(context, await privacy.of_account(context, person.id))
        assert UserErased(user_id=person.id) in context.recorded
        assert CustomerErased(customer_id=person.id) in context.recorded
    await workers.catch_up()

    assert await traces(addresses, tenant.id) == {}
    async with opened() as context:
        after = {order.id: order async for order in await _orders(context)}
        assert len(after) == 2
        for id_, order in after.items():
            assert (order.number, order.total_minor, order.tax_minor, order.status, order.customer_id) == (
                before[id_].number,
                before[id_].total_minor,
                before[id_].tax_minor,
                before[id_].status,
                before[id_].customer_id,
            )
            assert order.shipping_stored == {"country": "US", "region": "Ohio"}
            assert order.email == f"erased-{person.id.hex}@erased.invalid"
            assert len(await orders.lines(context, id_)) == 1
        kept = await users.get(context, person.id)
        assert (kept.status, kept.password_hash, kept.name) == ("disabled", None, "")
        assert (await service.get(context, person.id)).erased_at is not None
        (comment,) = await context.session.scalars(select(Node).where(Node.kind == "comment"))
        assert comment.author_id is None


async def _orders(context):
    return await context.session.stream_scalars(select(Order).order_by(Order.number))


async def test_nothing_is_erased_while_an_order_is_open(opened, person, addresses, tenant) -> None:
    async with opened() as context:
        (good,) = await ordering.goods(context, 5)
        placed = await ordering.order(context, [(good, 1, 1000)], buyer=Buyer(email=EMAIL), email=EMAIL)
    before = await traces(addresses, tenant.id)

    with pytest.raises(privacy.StillNeeded, match=f"order {placed.number}"):
        async with opened() as context:
            await privacy.erase(context, await privacy.of_account(context, person.id))

    assert await traces(addresses, tenant.id) == before


async def test_who_has_not_proven_an_address_gets_nothing_by_it_and_erases_nothing_by_it(opened, person) -> None:
    """A stranger makes an account with the address of a guest."""
    async with opened() as context:
        await finished_order(context, email="guest@example.com")
        await mailing.queue(context, "hello", to="guest@example.com", locale="en", values={}, once="guest")
        stranger = await users.register(context, email="guest@example.com", password=PASSWORD)

    async with opened() as context:
        told = await privacy.export(context, await privacy.of_account(context, stranger.id))
        assert (told["orders"], told["mails"], told["comments"]) == ([], [], [])
        await privacy.erase(context, await privacy.of_account(context, stranger.id))

    async with opened() as context:
        guest = await privacy.of_guest(context, "guest@example.com")
        told = await privacy.export(context, guest)
        assert (len(told["orders"]), len(told["mails"])) == (1, 1)
        await privacy.erase(context, guest)
        told = await privacy.export(context, guest)
        assert (told["orders"], told["mails"]) == ([], [])
        with pytest.raises(privacy.HasAccount):
            await privacy.of_guest(context, EMAIL)


async def test_ones_own_erasure_needs_the_password_and_counts_wrong_ones(opened, person) -> None:
    for _ in range(5):
        async with opened(actor=acting(person)) as context:
            assert await privacy.erase_own(context, password="wrong") is False
    with pytest.raises(lockouts.TooManyAttempts):
        async with opened(actor=acting(person)) as context:
            await privacy.erase_own(context, password=PASSWORD)
    async with opened() as context:
        assert (await users.get(context, person.id)).email == EMAIL
        await lockouts.forgive(context, lockouts.account(EMAIL))

    async with opened(actor=acting(person)) as context:
        assert await privacy.erase_own(context, password=PASSWORD) is True

    async with opened() as context:
        assert await users.find(context, EMAIL) is None
        assert await sessions.start(context, email=EMAIL, password=PASSWORD) is None


async def test_accounts_of_staff_are_not_erased(opened) -> None:
    async with opened() as context:
        boss = await users.register(context, email="boss@example.com", password=PASSWORD, role="admin")

    with pytest.raises(privacy.StaffAccount):
        async with opened() as context:
            await privacy.erase(context, await privacy.of_account(context, boss.id))
    with pytest.raises(privacy.StaffAccount):
        async with opened(actor=acting(boss)) as context:
            await privacy.erase_own(context, password=PASSWORD)

    async with opened() as context:
        assert (await users.get(context, boss.id)).status == "active"


async def test_erased_once_is_erased_and_the_address_is_free_again(opened, person) -> None:
    async with opened() as context:
        await privacy.erase(context, await privacy.of_account(context, person.id))
    async with opened() as context:
        await privacy.erase(context, await privacy.of_account(context, person.id))
        assert CustomerErased(customer_id=person.id) not in context.recorded
        again = await users.register(context, email=EMAIL, password=PASSWORD)
        assert again.id != person.id
        subject = await privacy.of_account(context, again.id)
        assert (await privacy.export(context, subject))["orders"] == []
        assert (
            await mailing.queue(
                context, "hello", to=f"erased-{person.id.hex}@erased.invalid", locale="en", values={}, once="2"
            )
            is None
        )


async def test_another_tenant_redacts_no_events(opened, person, make_tenant) -> None:
    other = await make_tenant()
    redact = text("SELECT event_redact(:tenant, 'user', :user, 'email')")
    async with opened(other) as context:
        assert await context.session.scalar(redact, {"tenant": other.id, "user": person.id}) == 0
    with pytest.raises(Exception, match="another tenant"):
        async with opened(other) as context:
            await context.session.scalar(redact, {"tenant": person.tenant_id, "user": person.id})
