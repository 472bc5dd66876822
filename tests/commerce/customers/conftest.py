"""Customers for the tests of customers."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from rustok.commerce.addresses.service import Address
from rustok.commerce.customers import service
from rustok.core.users import service as users
from rustok.core.users.models import User
from rustok.kernel.context import Actor, Context, TenantInfo

HOME = Address(name="Ada Moor", line1="Mill Lane 4", city="Kiel", postcode="24103", country="de")


def acting(user: User) -> Actor:
    """The actor that a customer is when logged in."""
    return Actor(kind="user", user_id=user.id, role=user.role)


@pytest.fixture
def make_customer(open_context) -> Callable[..., Awaitable[User]]:
    """`await make_customer()`: an account with a customer's row, committed."""

    async def make(of: TenantInfo | None = None, *, email: str = "", **wanted: Any) -> User:
        async with open_context(of) as context:
            return await made_in(context, email=email, **wanted)

    return make


async def made_in(context: Context, *, email: str = "", **wanted: Any) -> User:
    """The same in an open unit of work."""
    address = email or f"c-{context.correlation_id.hex[-8:]}@example.com"
    user = await users.register(context, email=address, **{"password": None, **wanted})
    await service.ensure(context, user.id)
    return user
