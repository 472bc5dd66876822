"""Everybody's own data in GraphQL."""

import strawberry
from strawberry.types import Info

from rustok.core.access import lockouts
from rustok.core.access.graphql import WrongCredentials
from rustok.core.access.sessions import Client
from rustok.core.privacy import service
from rustok.core.users import service as users
from rustok.kernel import graphql
from rustok.kernel.context import Context

_OWN = "it is about whoever asks, who must be logged in"


@strawberry.type
class ErasurePayload:
    erased: bool = False
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class PrivacyQueries:
    @graphql.query(
        public=_OWN,
        description="Everything that is stored about me, to be kept as a file. What belongs to my e-mail address alone,"
        " such as orders as a guest, is in it once the address is verified.",
    )
    async def customer_data_export(self, context: Context) -> graphql.JSON:
        subject = await service.of_account(context, users.self_id(context))
        return graphql.JSON(await service.export(context, subject))


@strawberry.type
class PrivacyMutations:
    @graphql.mutation(
        public="whoever is logged in and knows their password may end their account",
        description="Erase my data for good. What the shop's books need stays, without my name. Refused while orders"
        " are open.",
    )
    async def customer_erase(
        self, context: Context, info: Info[graphql.Operation, None], password: str
    ) -> ErasurePayload:
        client = Client(info.context.address, info.context.user_agent)
        try:
            fits = await service.erase_own(context, password=password, client=client)
        except lockouts.TooManyAttempts as error:
            info.context.headers["Retry-After"] = str(error.seconds)
            return ErasurePayload(user_errors=[graphql.user_error(error)])
        if not fits:  # returned, not raised: the counted failure must be committed
            return ErasurePayload(user_errors=[graphql.user_error(WrongCredentials("the password is wrong"))])
        return ErasurePayload(erased=True)


QUERIES: list[type] = [PrivacyQueries]
MUTATIONS: list[type] = [PrivacyMutations]
ADMIN_QUERIES: list[type] = []
ADMIN_MUTATIONS: list[type] = []
