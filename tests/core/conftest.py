"""People for the tests of identity."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from rustok.core.roles import service as roles
from rustok.core.users import service as users
from rustok.core.users.models import User
from rustok.kernel.context import Actor, TenantInfo

PASSWORD = "correct horse battery"


@pytest.fixture
def make_user(open_context) -> Callable[..., Awaitable[User]]:
    """`await make_user(role="admin")`: an account that is committed."""

    async def make(of: TenantInfo | None = None, *, email: str = "", **wanted: Any) -> User:
        async with open_context(of) as context:
            address = email or f"{wanted.get('role', 'customer')}-{context.correlation_id.hex[-8:]}@example.com"
            return await users.register(context, email=address, **{"password": None, **wanted})

    return make


@pytest.fixture
def actor_of(open_context) -> Callable[..., Awaitable[Actor]]:
    """The actor that an account is when it is logged in."""

    async def make(user: User, of: TenantInfo | None = None) -> Actor:
        async with open_context(of) as context:
            held = await roles.resolve(context, user.role)
        return Actor(kind="user", user_id=user.id, permissions=held, role=user.role)

    return make
