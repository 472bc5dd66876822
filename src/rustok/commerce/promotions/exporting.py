"""Codes of promotions as a table that staff take away: to be printed, mailed or counted."""

from collections.abc import AsyncIterator, Mapping
from uuid import UUID

from sqlalchemy import select

from rustok.commerce import permissions
from rustok.commerce.promotions import codes as promotion_codes
from rustok.commerce.promotions.models import Promotion, PromotionCode
from rustok.kernel.context import Context
from rustok.kernel.ids import parse_id
from rustok.kernel.module import Export

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


CODES = Export(
    name="promotion-codes",
    permission=permissions.PROMOTIONS_READ,
    columns=("code", "promotion", "is_active", "usage_limit", "uses", "created_at"),
    rows=codes,
    filters=("promotion_id",),
)
