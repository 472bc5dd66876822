"""Promotions and their codes as tables that staff take away: to be printed, mailed or counted."""

from collections.abc import AsyncIterator, Mapping
from uuid import UUID

from sqlalchemy import select

from rustok.commerce import permissions
from rustok.commerce.promotions import codes as promotion_codes
from rustok.commerce.promotions import service
from rustok.commerce.promotions.models import Promotion, PromotionCode
from rustok.kernel.context import Context
from rustok.kernel.ids import parse_id
from rustok.kernel.module import Export
from rustok.kernel.money import Money

_PAGE = 1000


async def codes(context: Context, filters: Mapping[str, str]) -> AsyncIterator[list[object]]:
    """Every code with its promotion and its uses; `promotion_id` narrows it to one."""
    statement = (
        select(PromotionCode, Promotion.name)
        .join(
            Promotion, (Promotion.tenant_id == PromotionCode.tenant_id) & (Promotion.id == PromotionCode.promotion_id)
        )
        .where(PromotionCode.tenant_id == context.tenant_id)
        .order_by(PromotionCode.id)
        .limit(_PAGE)
    )
    if wanted := filters.get("promotion_id"):
        statement = statement.where(PromotionCode.promotion_id == parse_id(wanted))
    last: UUID | None = None
    while True:
        beyond = statement if last is None else statement.where(PromotionCode.id > last)
        page = (await context.session.execute(beyond)).all()
        uses = await promotion_codes.uses(context, [code.id for code, _ in page])
        for code, name in page:
            yield [
                code.code,
                name,
                str(code.is_active).lower(),
                code.usage_limit,
                uses.get(code.id, 0),
                code.created_at,
            ]
            last = code.id
        if len(page) < _PAGE:
            return


async def promotions(context: Context, filters: Mapping[str, str]) -> AsyncIterator[list[object]]:
    """Every promotion with what it was used for: a row for each currency, and one for those that were not used."""
    used: dict[UUID, list[service.Usage]] = {}
    for one in await service.usage(context):
        used.setdefault(one.promotion_id, []).append(one)
    statement = select(Promotion).where(Promotion.tenant_id == context.tenant_id).order_by(Promotion.id).limit(_PAGE)
    last: UUID | None = None
    while True:
        beyond = statement if last is None else statement.where(Promotion.id > last)
        page = (await context.session.scalars(beyond)).all()
        for row in page:
            told = [row.id, row.name, row.title, row.kind, str(row.is_active).lower(), str(row.needs_code).lower()]
            told += [row.starts_at, row.ends_at, row.priority, row.usage_limit, row.per_customer_limit]
            for one in used.get(row.id, ()):
                yield [*told, one.uses, one.currency, Money(one.amount_minor, one.currency).amount]
            if row.id not in used:
                yield [*told, 0, None, None]
            last = row.id
        if len(page) < _PAGE:
            return


CODES = Export(
    name="promotion_codes",
    permission=permissions.PROMOTIONS_READ,
    columns=("code", "promotion", "is_active", "usage_limit", "uses", "created_at"),
    rows=codes,
    filters=("promotion_id",),
)
PROMOTIONS = Export(
    name="promotions",
    permission=permissions.PROMOTIONS_READ,
    columns=(
        "id",
        "name",
        "title",
        "kind",
        "is_active",
        "needs_code",
        "starts_at",
        "ends_at",
        "priority",
        "usage_limit",
        "per_customer_limit",
        "uses",
        "currency",
        "taken_off",
    ),
    rows=promotions,
)
