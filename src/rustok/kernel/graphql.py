"""How modules speak GraphQL: the edge of an operation, scalars, connections, payloads, and two decorators."""

import asyncio
import functools
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Any, Concatenate, Generic, NewType, ParamSpec, TypeVar, get_type_hints
from uuid import UUID

import strawberry
from sqlalchemy.exc import DBAPIError
from strawberry.dataloader import DataLoader
from strawberry.types import Info
from strawberry.types.field import StrawberryField
from strawberry.types.scalar import ScalarDefinition

from rustok.kernel import errors, money, paging
from rustok.kernel.consistency import Token
from rustok.kernel.context import Actor, Context, TenantInfo
from rustok.kernel.db import refusal
from rustok.kernel.ids import parse_id

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)
P = ParamSpec("P")

BigInt = NewType("BigInt", int)
JSON = NewType("JSON", object)


def _big(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise TypeError(f"BigInt cannot represent {value!r}")
    number = int(value)
    if not -(2**63) <= number < 2**63:
        raise ValueError(f"BigInt cannot represent {str(value)[:40]}: it has more than 64 bits")
    return number


SCALARS: dict[object, ScalarDefinition] = {
    BigInt: strawberry.scalar(
        name="BigInt", description="A whole number of 64 bits.", serialize=_big, parse_value=_big
    ),
    JSON: strawberry.scalar(name="JSON", description="Any JSON value.", serialize=lambda v: v, parse_value=lambda v: v),
}


@dataclass
class Operation:
    """One GraphQL request at the edge: who asks, for which tenant, and how to open a unit of work."""

    tenant: TenantInfo
    actor: Actor
    locale: str
    currency: str
    work: Callable[[], AbstractAsyncContextManager[Context]]  # commits at its end
    look: Callable[[], AbstractAsyncContextManager[Context]]  # read-only
    trace_id: str = ""
    address: str = ""  # the caller's IP address
    user_agent: str = ""
    headers: dict[str, str] = field(default_factory=dict)  # of the answer
    cookies: list[dict[str, Any]] = field(default_factory=list)  # of the answer, as Response.set_cookie takes them
    extensions: dict[str, Any] = field(default_factory=dict)
    services: dict[str, Any] = field(default_factory=dict)  # what the host hands down, by name
    token: Token | None = None  # of the last event that was recorded; kept by `work`
    refused: bool = False  # some mutation answered with userErrors
    loaders: dict[Hashable, DataLoader[Any, Any]] = field(default_factory=dict)  # of `together`, until they are asked
    loading: asyncio.Lock = field(default_factory=asyncio.Lock)  # they take turns: no operation takes the whole pool


async def together(
    info: Info[Operation, None],
    load: Callable[Concatenate[Context, Sequence[K], P], Awaitable[Mapping[K, T]]],
    key: K,
    *arguments: P.args,
    **options: P.kwargs,
) -> T | None:
    """What `load(context, keys, …)` finds for the key, or None: asked once for all that ask it at the same time.

    A field of a page's rows is resolved for all of them at the same time, so that it is one question for the page.
    Nothing is remembered: what a mutation changes between two questions is seen.
    """
    operation, asked = info.context, (load, arguments, *sorted(options.items()))
    if asked not in operation.loaders:

        async def found(keys: list[K]) -> list[T | None]:
            del operation.loaders[asked]  # an edge may live as long as a WebSocket
            async with operation.loading, operation.look() as context:
                known = await load(context, list(dict.fromkeys(keys)), *arguments, **options)
            return [known.get(one) for one in keys]

        operation.loaders[asked] = DataLoader(found, cache=False)
    answer: T | None = await operation.loaders[asked].load(key)
    return answer


@strawberry.type(description="Why an input was refused, and where.")
class UserError:
    message: str
    code: str
    field: list[str] | None = None


def seal_error_codes() -> None:
    """Make `UserError.code` an enum of every error class known now; the server calls it when all modules are loaded."""
    codes: set[str] = set()
    waiting: list[type[errors.RustokError]] = [errors.RustokError]
    while waiting:
        kind = waiting.pop()
        if not kind.for_operators:
            codes.add(kind.code)
        waiting.extend(kind.__subclasses__())
    known = getattr(UserError, "sealed_codes", None)
    if known is not None and codes <= {one.value for one in known}:
        return  # both schemas must have the same enum: an answer is built without knowing for which of them it is
    members = StrEnum("ErrorCode", {code.upper(): code for code in sorted(codes)})  # type: ignore[misc]  # at run time
    sealed = strawberry.enum(members, description="What went wrong.")
    definition = UserError.__strawberry_definition__  # type: ignore[attr-defined]  # put there by strawberry
    for one in definition.fields:
        if one.python_name == "code":
            one.type_annotation = strawberry.annotation.StrawberryAnnotation(sealed)
    UserError.sealed_codes = members  # type: ignore[attr-defined]


def user_error(error: errors.RustokError) -> UserError:
    """The error as a mutation's answer shows it."""
    members = getattr(UserError, "sealed_codes", None)
    code = members.__members__.get(error.code.upper(), members.ERROR) if members else error.code
    return UserError(message=str(error), code=code, field=[_camel(part) for part in error.field] or None)


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)


@strawberry.type(name="Money", description="An amount as a decimal text, with its ISO 4217 currency.")
class Money:
    amount: str
    currency_code: str

    @classmethod
    def of(cls, minor: int, currency: str) -> "Money":
        """From integer minor units."""
        return cls(amount=money.Money(minor, currency).amount, currency_code=currency)


@strawberry.input(description='An amount such as "19.99" with its ISO 4217 currency.')
class MoneyInput:
    amount: str
    currency_code: str

    def to_minor(self) -> int:
        """Integer minor units; raises `InvalidMoney`."""
        return money.parse(self.amount, self.currency_code).minor


@strawberry.type(description="Where a page stands in its list (Relay).")
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None = None
    end_cursor: str | None = None


@strawberry.enum(description="Whether a count is exact.")
class CountPrecision(Enum):
    EXACT = "EXACT"
    AT_LEAST = "AT_LEAST"


@strawberry.type(description="One element of a list and its cursor.")
class Edge(Generic[T]):
    cursor: str
    node: T


@strawberry.type(description="A page of a list (Relay), with the nodes beside the edges.")
class Connection(Generic[T]):
    edges: list[Edge[T]]
    nodes: list[T]
    page_info: PageInfo
    counter: strawberry.Private[Callable[[], Awaitable[tuple[int, bool]]] | None] = None

    @strawberry.field(description="How many match; counted only when asked for.")  # type: ignore[untyped-decorator]
    async def total_count(self) -> int | None:
        return (await self._count())[0] if self.counter else None

    @strawberry.field(  # type: ignore[untyped-decorator]  # strawberry types it as Any within generics
        description="AT_LEAST where more match than are worth counting."
    )
    async def total_count_precision(self) -> CountPrecision | None:
        if not self.counter:
            return None
        return CountPrecision.EXACT if (await self._count())[1] else CountPrecision.AT_LEAST

    async def _count(self) -> tuple[int, bool]:
        if not hasattr(self, "_counted"):
            assert self.counter is not None  # noqa: S101 - callers have looked
            self._counted = await self.counter()
        return self._counted


def connection(
    info: Info[Operation, None],
    page: paging.Page[Any],
    convert: Callable[[Any], T],
    *,
    statement: Any = None,
    count: Callable[[], Awaitable[tuple[int, bool]]] | None = None,
) -> Connection[T]:
    """A connection from a page; for `totalCount` either the unpaged select, or what counts as `paging.count` does."""
    nodes = [convert(row) for row in page.rows]

    async def counted() -> tuple[int, bool]:
        async with info.context.look() as context:
            return await paging.count(context, statement)

    return Connection(
        edges=[Edge(cursor=cursor, node=node) for cursor, node in zip(page.cursors, nodes, strict=True)],
        nodes=nodes,
        page_info=PageInfo(
            has_next_page=page.has_next,
            has_previous_page=page.has_previous,
            start_cursor=page.cursors[0] if page.cursors else None,
            end_cursor=page.cursors[-1] if page.cursors else None,
        ),
        counter=counted if statement is not None else count,
    )


@strawberry.type(description="The outcome of a change to many things.")
class BulkPayload:
    count: int = 0
    user_errors: list[UserError] = strawberry.field(default_factory=list)


def to_id(value: strawberry.ID | str) -> UUID:
    """A UUID or ULID from an ID argument; raises `InvalidId`."""
    return parse_id(str(value))


def to_ids(values: Sequence[strawberry.ID], *, most: int = 1000) -> list[UUID]:
    """The same for a list, which may hold at most `most`."""
    if len(values) > most:
        raise errors.Invalid(f"at most {most} ids at once, not {len(values)}", field="ids")
    return [to_id(value) for value in values]


def given(value: Any) -> bool:
    """Whether an optional input was in the request at all; null counts."""
    return value is not strawberry.UNSET


def query(*, permission: str | None = None, public: str | None = None, **options: Any) -> Callable[[Any], Any]:
    """A query field: `async def f(self, context: Context, …)` or, to see the whole edge, `info` as well."""
    return _field(strawberry.field, permission, public, writes=False, options=options)


def mutation(
    *,
    permission: str | None = None,
    public: str | None = None,
    own_units: bool = False,
    secret: bool = False,
    **options: Any,
) -> Callable[[Any], Any]:
    """A mutation field: one unit of work. Expected errors roll it back and become the payload's `userErrors`.

    With `own_units` it opens its units by `info.context.work()` itself, takes `info` instead of a context, and must by
    its own nature do nothing twice: that is for work that waits for somebody outside. The answer of a `secret` one is
    not stored under an `Idempotency-Key`.
    """
    kept = {"own_units": own_units, "secret": secret}
    return _field(strawberry.mutation, permission, public, writes=True, options=options, kept=kept)


def subscription(*, permission: str | None = None, public: str | None = None, **options: Any) -> Callable[[Any], Any]:
    """A subscription field: `async def f(self, info, …) -> AsyncGenerator[T, None]`.

    It holds no unit of work while it waits; `info.context.look()` opens one to read. When its module is switched off it
    ends with an error, instead of its next event.
    """
    if (permission is None) == (public is None):
        raise TypeError("a field names the permission that it requires, or says why it is public")

    def decorate(function: Callable[..., AsyncGenerator[Any, None]]) -> Any:
        async def run(self: Any, info: Info[Operation, None], **arguments: Any) -> AsyncGenerator[Any, None]:
            def admit() -> None:
                _admit(info.context, run)
                if permission is not None and not info.context.actor.may(permission):
                    raise errors.Forbidden(f"the permission {permission} is required")

            admit()
            try:
                async with aclosing(function(self, info, **arguments)) as stream:
                    async for one in stream:
                        admit()
                        yield one
            except DBAPIError as raised:
                raise refusal(raised) or raised from raised

        run.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]  # what Strawberry shows
        run.__annotations__ = dict(function.__annotations__)
        made: StrawberryField = strawberry.subscription(resolver=run, **options)
        made.metadata = MappingProxyType({**made.metadata, "permission": permission, "public": public})
        return made

    return decorate


def _field(
    make: Callable[..., Any],
    permission: str | None,
    public: str | None,
    *,
    writes: bool,
    options: dict[str, Any],
    kept: dict[str, bool] | None = None,
) -> Callable[[Any], Any]:
    if (permission is None) == (public is None):
        raise TypeError("a field names the permission that it requires, or says why it is public")

    def decorate(function: Callable[..., Awaitable[Any]]) -> Any:
        signature = inspect.signature(function)
        wants_info = "info" in signature.parameters
        answer = get_type_hints(function).get("return") if writes else None

        @functools.wraps(function)
        async def run(self: Any, info: Info[Operation, None], **arguments: Any) -> Any:
            operation = info.context
            if wants_info:
                arguments["info"] = info
            try:
                _admit(operation, run)
                if kept and kept["own_units"]:
                    if permission is not None:
                        operation.actor.require(permission)
                    return _noted(operation, await function(self, **arguments))
                async with operation.work() if writes else operation.look() as context:
                    if permission is not None:
                        context.require(permission)
                    return _noted(operation, await function(self, context, **arguments))
            except (errors.RustokError, DBAPIError) as raised:
                error = refusal(raised) if isinstance(raised, DBAPIError) else raised
                if error is None:
                    raise
                if answer is None or isinstance(error, errors.Unauthenticated | errors.Forbidden):
                    raise error from raised
                return _noted(operation, answer(user_errors=[user_error(error)], **error.beside))

        parameters = [parameter for name, parameter in signature.parameters.items() if name not in ("context", "info")]
        edge = inspect.Parameter("info", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Info)
        run.__signature__ = signature.replace(parameters=[parameters[0], edge, *parameters[1:]])  # type: ignore[attr-defined]
        run.__annotations__ = {k: v for k, v in function.__annotations__.items() if k != "context"} | {"info": Info}
        del run.__wrapped__
        made: StrawberryField = make(resolver=run, **options)
        made.metadata = MappingProxyType({**made.metadata, "permission": permission, "public": public, **(kept or {})})
        return made

    return decorate


def _admit(operation: Operation, resolver: Callable[..., Any]) -> None:
    """Raise `ModuleDisabled` where the tenant has switched off what answers."""
    module = getattr(resolver, "__rustok_module__", None)
    if module in operation.tenant.disabled_modules:
        raise errors.ModuleDisabled(f"the module {module} is switched off for this tenant")


@dataclass(frozen=True)
class Addition:
    """A field that one package gives to the type of another, which knows nothing of it."""

    kind: type
    field: StrawberryField


def addition(
    kind: type, *, permission: str | None = None, public: str | None = None, **options: Any
) -> Callable[[Callable[..., Awaitable[Any]]], Addition]:
    """A field for a type further down: `async def f(self: Kind, info, …)`, for `Module.additions`.

    Every row of a page is asked: load by `together`.
    """
    if (permission is None) == (public is None):
        raise TypeError("a field names the permission that it requires, or says why it is public")

    def decorate(function: Callable[..., Awaitable[Any]]) -> Addition:
        @functools.wraps(function)
        async def run(self: Any, info: Info[Operation, None], **arguments: Any) -> Any:
            _admit(info.context, run)
            if permission is not None:
                info.context.actor.require(permission)
            return await function(self, info, **arguments)

        made: StrawberryField = strawberry.field(resolver=run, **options)
        made.python_name = function.__name__
        made.metadata = MappingProxyType({**made.metadata, "permission": permission, "public": public})
        return Addition(kind, made)

    return decorate


def add(additions: Sequence[Addition], module: str | None = None) -> None:
    """Give the types their fields, once however often it is said; `module` is who answers for them, if optional.

    Raises `TypeError` where a type has a field of that name already.
    """
    for one in additions:
        held = one.kind.__strawberry_definition__.fields  # type: ignore[attr-defined]  # put there by strawberry
        present = next((known for known in held if known.python_name == one.field.python_name), None)
        if present is None:
            held.append(one.field)
        elif present is not one.field:
            raise TypeError(f"{one.kind.__name__} has a field {one.field.python_name} already")
        if module is not None:
            _assign(one.field, module)


def _noted(operation: Operation, answer: Any) -> Any:
    if getattr(answer, "user_errors", None):
        operation.refused = True
    return answer


def assign_module(kind: type, module: str) -> None:
    """Tell every field of a query, mutation or subscription class which module answers for it."""
    for one in kind.__strawberry_definition__.fields:  # type: ignore[attr-defined]  # put there by strawberry
        _assign(one, module)


def _assign(answering: Any, module: str) -> None:
    if answering.base_resolver is not None:
        answering.base_resolver.wrapped_func.__rustok_module__ = module
