"""Customers as staff look for them: by words, by what is known of them, in pages and as a file."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select

from rustok.commerce import permissions
from rustok.commerce.catalogue import checks
from rustok.commerce.customers.models import Customer, CustomerAddress, CustomerGroup, GroupMember
from rustok.core.users import service as users
from rustok.kernel import errors, filtering, money, paging
from rustok.kernel.context import Context
from rustok.kernel.module import Export


@dataclass(frozen=True, slots=True)
class Profile:
    """A customer with what stands with the account."""

    customer: Customer
    email: str
    name: str
    locale: str | None
    role: str
    status: str
    email_verified_at: datetime | None
    last_login_at: datetime | None
    addresses: Sequence[CustomerAddress] = ()
    groups: Sequence[CustomerGroup] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which customers; all that is said must hold."""

    ids: Sequence[UUID] | None = None
    query: str | None = None  # name, e-mail address or telephone number
    status: str | None = None
    verified: bool | None = None
    group_id: UUID | None = None
    tag: str | None = None
    accepts_marketing: bool | None = None
    has_ordered: bool | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    ordered_from: datetime | None = None
    ordered_to: datetime | None = None
    erased: bool = field(default=False)  # those whose data was erased, instead of all others


def matching(context: Context, wanted: Wanted) -> Select[Customer]:
    """The customers, for paging and for files."""
    statement = select(Customer).where(Customer.tenant_id == context.tenant_id)
    gone = Customer.erased_at.is_not(None)
    statement = statement.where(gone if wanted.erased else ~gone)
    words = checks.optional_text(wanted.query, "query", most=200)
    if words:
        found: ColumnElement[bool] = Customer.id.in_(users.ids_matching(context, query=words))
        digits = "".join(c for c in words if c.isdecimal())
        if len(digits) >= 3:  # a telephone number, however its digits are grouped
            plain = func.regexp_replace(Customer.phone, r"\D", "", "g")
            found = or_(found, plain.contains(digits, autoescape=True))
        statement = statement.where(found)
    if wanted.status is not None or wanted.verified is not None:
        statement = statement.where(
            Customer.id.in_(users.ids_matching(context, status=wanted.status, verified=wanted.verified))
        )
    if wanted.ids is not None:
        statement = statement.where(Customer.id.in_(wanted.ids))
    if wanted.group_id is not None:
        members = select(GroupMember.customer_id).where(
            GroupMember.tenant_id == context.tenant_id, GroupMember.group_id == wanted.group_id
        )
        statement = statement.where(Customer.id.in_(members))
    if wanted.tag is not None:
        statement = statement.where(Customer.tags.contains([wanted.tag]))
    if wanted.accepts_marketing is not None:
        statement = statement.where(Customer.accepts_marketing.is_(wanted.accepts_marketing))
    if wanted.has_ordered is not None:
        ordered = Customer.orders_count > 0
        statement = statement.where(ordered if wanted.has_ordered else ~ordered)
    for column, least, most in (
        (Customer.created_at, wanted.created_from, wanted.created_to),
        (Customer.last_order_at, wanted.ordered_from, wanted.ordered_to),
    ):
        for moment in (least, most):
            if moment is not None and moment.tzinfo is None:
                raise errors.Invalid("a date needs a time zone", field="where")
        if least is not None:
            statement = statement.where(column >= least)
        if most is not None:
            statement = statement.where(column < most)
    return statement


async def profiles(context: Context, customers: Sequence[Customer], *, whole: bool = True) -> list[Profile]:
    """The customers with their accounts, address books and groups: three statements, however many they are."""
    wanted = [customer.id for customer in customers]
    accounts = await users.get_many(context, wanted)
    books: dict[UUID, list[CustomerAddress]] = {}
    memberships: dict[UUID, list[CustomerGroup]] = {}
    if whole and wanted:
        rows = await context.session.scalars(
            select(CustomerAddress)
            .where(CustomerAddress.tenant_id == context.tenant_id, CustomerAddress.customer_id.in_(wanted))
            .order_by(CustomerAddress.is_default_shipping.desc(), CustomerAddress.id)
            .execution_options(populate_existing=True)
        )
        for row in rows:
            books.setdefault(row.customer_id, []).append(row)
        found = await context.session.execute(
            select(GroupMember.customer_id, CustomerGroup)
            .join(
                CustomerGroup,
                (CustomerGroup.tenant_id == GroupMember.tenant_id) & (CustomerGroup.id == GroupMember.group_id),
            )
            .where(GroupMember.tenant_id == context.tenant_id, GroupMember.customer_id.in_(wanted))
            .order_by(CustomerGroup.name, CustomerGroup.id)
        )
        for customer_id, group in found:
            memberships.setdefault(customer_id, []).append(group)
    return [
        Profile(
            customer=one,
            email=account.email,
            name=account.name,
            locale=account.locale,
            role=account.role,
            status=account.status,
            email_verified_at=account.email_verified_at,
            last_login_at=account.last_login_at,
            addresses=books.get(one.id, ()),
            groups=memberships.get(one.id, ()),
        )
        for one in customers
        if (account := accounts.get(one.id)) is not None
    ]


async def _rows(context: Context, given: Mapping[str, str]) -> AsyncIterator[Sequence[object]]:
    statement = matching(
        context,
        Wanted(
            query=given.get("query"),
            status=given.get("status"),
            tag=given.get("tag"),
            group_id=filtering.id_of(given, "group_id"),
            accepts_marketing=filtering.flag(given, "accepts_marketing"),
        ),
    )
    async for page in paging.pages(context, statement, keys=[(Customer.id, paging.ASC)]):
        for one in await profiles(context, page):
            yield _line(one)


def _line(one: Profile) -> Sequence[object]:
    customer = one.customer
    spent = {currency: int(minor) for currency, minor in customer.spent.items()}
    home = one.addresses[0].address if one.addresses else {}
    return (
        customer.id,
        one.email,
        one.name,
        customer.phone,
        one.locale,
        one.status,
        "yes" if one.email_verified_at else "no",
        "yes" if customer.accepts_marketing else "no",
        customer.marketing_changed_at,
        ", ".join(customer.tags),
        ", ".join(group.name for group in one.groups),
        customer.orders_count,
        "; ".join(f"{money.Money(minor, currency).amount} {currency}" for currency, minor in sorted(spent.items())),
        customer.last_order_at,
        home.get("country"),
        home.get("city"),
        customer.created_at,
    )


EXPORT = Export(
    name="customers",
    permission=permissions.CUSTOMERS_READ,
    columns=(
        *("id", "email", "name", "phone", "locale", "status", "email_verified", "accepts_marketing"),
        *("marketing_changed_at", "tags", "groups", "orders_count", "spent", "last_order_at", "country", "city"),
        "created_at",
    ),
    rows=_rows,
    filters=("query", "status", "tag", "group_id", "accepts_marketing"),
)
