"""Log-in, sessions, password resets and API keys in GraphQL."""

from datetime import datetime

import strawberry
from strawberry.types import Info

from rustok.core import permissions
from rustok.core.access import api_keys, lockouts, registration, resets, sessions, verification
from rustok.core.access.models import ApiKey, Session
from rustok.core.users import service as users
from rustok.core.users.graphql import UserPayload, UserType
from rustok.core.users.models import User
from rustok.kernel import errors, graphql
from rustok.kernel.context import Context

Edge = Info[graphql.Operation, None]


class WrongCredentials(errors.Unauthenticated):
    """Address or password is wrong: which of them is not said."""

    code = "wrong_credentials"


class BadRefreshToken(errors.Unauthenticated):
    """The refresh token is unknown, used, expired or revoked: which of them is not said."""

    code = "bad_refresh_token"


@strawberry.type(name="Session", description="A log-in on one device.")
class SessionType:
    id: strawberry.ID
    current: bool
    address: str
    user_agent: str
    created_at: datetime
    refreshed_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, row: Session, *, current: bool) -> "SessionType":
        """From the stored row."""
        return cls(
            id=strawberry.ID(str(row.id)),
            current=current,
            address=row.address,
            user_agent=row.user_agent,
            created_at=row.created_at,
            refreshed_at=row.refreshed_at,
            expires_at=row.expires_at,
        )


@strawberry.type(description="Who is logged in, and what they may do.")
class Me:
    id: strawberry.ID
    email: str
    email_verified: bool
    name: str
    locale: str | None
    role: str
    permissions: list[str]

    @classmethod
    def of(cls, context: Context, user: User) -> "Me":
        """From the account and the actor."""
        return cls(
            id=strawberry.ID(str(user.id)),
            email=user.email,
            email_verified=user.email_verified_at is not None,
            name=user.name,
            locale=user.locale,
            role=user.role,
            permissions=sorted(context.actor.permissions),
        )


@strawberry.type
class SessionPayload:
    access_token: str | None = None
    refresh_token: str | None = None
    expires_at: datetime | None = strawberry.field(default=None, description="When the access token expires.")
    refresh_expires_at: datetime | None = None
    user: UserType | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class SessionEndPayload:
    ended: int = 0
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type(description="Says nothing about whether the account exists.")
class AcceptedPayload:
    accepted: bool = False
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class VerifiedPayload:
    verified: bool = False
    email: str | None = strawberry.field(default=None, description="The address that is proven.")
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type(name="ApiKey", description="A key for a program. Its secret is never shown again.")
class ApiKeyType:
    id: strawberry.ID
    user_id: strawberry.ID
    name: str
    prefix: str
    permissions: list[str]
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    created_at: datetime

    @classmethod
    def of(cls, key: ApiKey) -> "ApiKeyType":
        """From the stored row."""
        return cls(
            id=strawberry.ID(str(key.id)),
            user_id=strawberry.ID(str(key.user_id)),
            name=key.name,
            prefix=key.prefix,
            permissions=list(key.permissions),
            expires_at=key.expires_at,
            last_used_at=key.last_used_at,
            revoked_at=key.revoked_at,
            created_at=key.created_at,
        )


@strawberry.input
class ApiKeyCreateInput:
    name: str
    permissions: list[str]
    expires_at: datetime | None = None


@strawberry.type
class ApiKeyPayload:
    api_key: ApiKeyType | None = None
    secret: str | None = strawberry.field(default=None, description="Shown this once.")
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class MeQueries:
    @graphql.query(public="it shows whoever asks to themselves")
    async def me(self, context: Context) -> Me | None:
        user_id = context.actor.user_id
        user = await users.find_by_id(context, user_id) if user_id else None
        return Me.of(context, user) if user else None

    @graphql.query(public="it shows the sessions of whoever asks, who must be logged in", name="mySessions")
    async def my_sessions(self, context: Context) -> list[SessionType]:
        found = await sessions.list_own(context)
        return [SessionType.of(row, current=row.id == context.actor.session_id) for row in found]


@strawberry.type
class SessionMutations:
    """What both schemas have."""

    @graphql.mutation(public="the refresh token is the proof", secret=True)
    async def session_refresh(self, context: Context, refresh_token: str) -> SessionPayload:
        made = await sessions.refresh(context, refresh_token)
        if made is None:  # returned, not raised: that a stolen token ended its session must be committed
            return SessionPayload(user_errors=[graphql.user_error(BadRefreshToken("log in again"))])
        return await _shown(context, made)

    @graphql.mutation(
        public="whoever is logged in, or holds the refresh token, may end that session",
        description="Log out: of this session, of another one of mine, or with the refresh token alone.",
    )
    async def session_end(
        self, context: Context, id: strawberry.ID | None = None, refresh_token: str | None = None
    ) -> SessionEndPayload:
        if refresh_token is not None:
            await sessions.end_by_refresh_token(context, refresh_token)
        else:
            await sessions.end(context, graphql.to_id(id) if id is not None else None)
        return SessionEndPayload(ended=1)

    @graphql.mutation(public="whoever is logged in may end their own sessions", description="Log out everywhere.")
    async def sessions_end_all(self, context: Context) -> SessionEndPayload:
        return SessionEndPayload(ended=await sessions.end_all(context))

    @graphql.mutation(
        public="whoever forgot their password cannot log in",
        description="Ask for a link by mail. The answer is the same whether or not there is such an account.",
    )
    async def password_reset_request(self, context: Context, info: Edge, email: str) -> AcceptedPayload:
        await resets.request(context, email, client_address=info.context.address)
        return AcceptedPayload(accepted=True)

    @graphql.mutation(public="the token from the mail is the proof", description="Set a password; all sessions end.")
    async def password_reset(self, context: Context, token: str, password: str) -> AcceptedPayload:
        await resets.complete(context, token, password=password)
        return AcceptedPayload(accepted=True)

    @graphql.mutation(
        public="whoever is logged in and knows their password may change it",
        secret=True,
        description="Change my password; all sessions end, and this answer begins a new one.",
    )
    async def password_change(
        self, context: Context, info: Edge, present_password: str, password: str
    ) -> SessionPayload:
        try:
            made = await sessions.change_password(
                context, present=present_password, password=password, client=_client(info)
            )
        except lockouts.TooManyAttempts as error:
            return _locked_out(info, error)
        if made is None:
            return SessionPayload(user_errors=[graphql.user_error(WrongCredentials("the present password is wrong"))])
        return await _shown(context, made)

    @graphql.mutation(public="whoever is logged in may say what they are called")
    async def me_update(self, context: Context, name: str | None = None, locale: str | None = None) -> UserPayload:
        return UserPayload(user=UserType.of(await users.rename(context, name=name, locale=locale)))


@strawberry.type
class CustomerMutations:
    """What the storefront's schema has."""

    @graphql.mutation(public="whoever knows the password may log in", secret=True)
    async def session_create(self, context: Context, info: Edge, email: str, password: str) -> SessionPayload:
        return await _log_in(context, info, email, password, staff_only=False)

    @graphql.mutation(
        public="anybody may become a customer",
        description="Sign up, then log in, and follow the link in the mail. The answer is the same where the address"
        " has an account already; its owner gets another mail.",
    )
    async def customer_register(
        self, context: Context, info: Edge, email: str, password: str, name: str = ""
    ) -> AcceptedPayload:
        await registration.register_customer(
            context, email=email, password=password, name=name, client_address=info.context.address
        )
        return AcceptedPayload(accepted=True)

    @graphql.mutation(
        public="the token from the mail is the proof",
        description="Prove that the account's address, or the one it is to have, is mine.",
    )
    async def customer_verify(self, context: Context, token: str) -> VerifiedPayload:
        user = await verification.complete(context, token)
        return VerifiedPayload(verified=True, email=user.email)

    @graphql.mutation(
        public="whoever registered may wait for the mail in vain",
        description="Send the link again, to the address or to mine. The answer is the same whatever happens.",
    )
    async def customer_verification_resend(
        self, context: Context, info: Edge, email: str | None = None
    ) -> AcceptedPayload:
        address = email if email is not None else (await users.get(context, users.self_id(context))).email
        await verification.send_again(context, address, client_address=info.context.address)
        return AcceptedPayload(accepted=True)

    @graphql.mutation(
        public="whoever is logged in and knows their password may change their address",
        description="Send a link to my new address, which is mine once customerVerify has its token.",
    )
    async def customer_email_change(self, context: Context, info: Edge, email: str, password: str) -> AcceptedPayload:
        try:
            fits = await verification.request_change(context, email=email, password=password, client=_client(info))
        except lockouts.TooManyAttempts as error:
            info.context.headers["Retry-After"] = str(error.seconds)
            return AcceptedPayload(user_errors=[graphql.user_error(error)])
        if not fits:  # returned, not raised: the counted failure must be committed
            return AcceptedPayload(user_errors=[graphql.user_error(WrongCredentials("the password is wrong"))])
        return AcceptedPayload(accepted=True)


@strawberry.type
class StaffMutations:
    """What the admin schema has."""

    @graphql.mutation(
        public="whoever knows the password may log in", description="Log in. Customers cannot.", secret=True
    )
    async def session_create(self, context: Context, info: Edge, email: str, password: str) -> SessionPayload:
        return await _log_in(context, info, email, password, staff_only=True)

    @graphql.mutation(permission=permissions.USERS_WRITE, description="Log somebody out everywhere.")
    async def user_sessions_end(self, context: Context, id: strawberry.ID) -> SessionEndPayload:
        return SessionEndPayload(ended=await sessions.end_all_of(context, graphql.to_id(id)))

    @graphql.mutation(
        permission=permissions.USERS_WRITE,
        description="Write to somebody for whom an account was made: with the link they choose their password.",
    )
    async def user_invite(self, context: Context, id: strawberry.ID) -> UserPayload:
        return UserPayload(user=UserType.of(await resets.invite(context, graphql.to_id(id))))

    @graphql.mutation(permission=permissions.API_KEYS_WRITE, secret=True)
    async def api_key_create(self, context: Context, input: ApiKeyCreateInput) -> ApiKeyPayload:
        made = await api_keys.create(
            context, name=input.name, permissions=input.permissions, expires_at=input.expires_at
        )
        return ApiKeyPayload(api_key=ApiKeyType.of(made.key), secret=made.secret)

    @graphql.mutation(permission=permissions.API_KEYS_DELETE, description="End a key at once.")
    async def api_key_revoke(self, context: Context, id: strawberry.ID) -> ApiKeyPayload:
        return ApiKeyPayload(api_key=ApiKeyType.of(await api_keys.revoke(context, graphql.to_id(id))))


@strawberry.type
class StaffQueries:
    @graphql.query(permission=permissions.API_KEYS_READ, description="The tenant's API keys, the newest first.")
    async def api_keys(self, context: Context, user_id: strawberry.ID | None = None) -> list[ApiKeyType]:
        found = await api_keys.list_all(context, user_id=graphql.to_id(user_id) if user_id is not None else None)
        return [ApiKeyType.of(key) for key in found]


async def _log_in(context: Context, info: Edge, email: str, password: str, *, staff_only: bool) -> SessionPayload:
    try:
        made = await sessions.start(
            context, email=email, password=password, client=_client(info), staff_only=staff_only
        )
    except lockouts.TooManyAttempts as error:
        return _locked_out(info, error)
    if made is None:  # returned, not raised: the counted failure must be committed
        return SessionPayload(user_errors=[graphql.user_error(WrongCredentials("wrong e-mail address or password"))])
    return await _shown(context, made)


def _locked_out(info: Edge, error: lockouts.TooManyAttempts) -> SessionPayload:
    info.context.headers["Retry-After"] = str(error.seconds)
    return SessionPayload(user_errors=[graphql.user_error(error)])


def _client(info: Edge) -> sessions.Client:
    return sessions.Client(info.context.address, info.context.user_agent)


async def _shown(context: Context, made: sessions.Tokens) -> SessionPayload:
    user = await users.get(context, made.user_id)
    return SessionPayload(
        access_token=made.access_token,
        refresh_token=made.refresh_token,
        expires_at=made.access_expires_at,
        refresh_expires_at=made.expires_at,
        user=UserType.of(user),
    )


QUERIES: list[type] = [MeQueries]
MUTATIONS: list[type] = [SessionMutations, CustomerMutations]
ADMIN_QUERIES: list[type] = [MeQueries, StaffQueries]
ADMIN_MUTATIONS: list[type] = [SessionMutations, StaffMutations]
