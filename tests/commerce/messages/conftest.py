"""Orders that are committed and told of, and the letters that came of it."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from tests.commerce.orders import ordering

from rustok.commerce.orders.models import Order
from rustok.commerce.payments import service as payments
from rustok.core.mailing import composing, rendering, service
from rustok.core.mailing.post import Post
from rustok.core.mailing.rendering import Letter
from rustok.kernel import consuming, log
from rustok.kernel.context import TenantInfo
from rustok.kernel.db import Database
from rustok.server import modules


@pytest.fixture
def post(database: Database) -> Iterator[Post]:
    """How mail is sent: it lies in a mailbox."""
    folders = [module.mail_templates for module in modules.load().modules if module.mail_templates]
    made = Post(rendering.Templates(folders), "shop@example.com", lambda tenant: "https://shop.example", mailbox=True)
    database.resources[Post] = made
    yield made
    del database.resources[Post]


@pytest.fixture
def place(open_context: Any) -> Callable[..., Awaitable[Order]]:
    """`await place()`: an order of five pieces, to be paid by bank transfer, committed."""

    async def made(of: TenantInfo | None = None, *, method: str | None = "bank_transfer", **wanted: Any) -> Order:
        async with open_context(of) as context:
            shirt, hat = await ordering.goods(context, 10, 10)
            order = await ordering.order(context, [(shirt, 3, 1000), (hat, 2, 500)], **wanted)
            if method is not None:
                await payments.open(context, order, method_code=method, amount_minor=order.due_minor)
            return order

    return made


@pytest.fixture
def told(database: Database, open_context: Any, post: Post) -> Callable[..., Awaitable[dict[str, list[Letter]]]]:
    """`await told()`: what was written because of all that has happened, by template."""
    listeners = [
        consuming.of_listener(module.name, one, optional=module.optional)
        for module, one in modules.load().listeners
        if one.name.startswith("messages.")
    ]

    async def made(of: TenantInfo | None = None) -> dict[str, list[Letter]]:
        while await log.sequence(database):
            pass
        for consumer in listeners:
            while await consuming.advance(database, consumer, modules.find_tenant):
                pass
        found: dict[str, list[Letter]] = {}
        async with open_context(of) as context:
            for mail in (await context.session.scalars(service.every())).all():
                letter = composing.letter(post, context.tenant, mail)
                found.setdefault(mail.template, []).append(letter)
        assert [one for one in await consuming.failures(database) if one.consumer.startswith("messages.")] == []
        return found

    return made
