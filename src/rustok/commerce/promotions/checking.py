"""What a promotion must look like before it is stored: only what its kind uses, and amounts that can be."""

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from sqlalchemy import select

from rustok.commerce.catalogue import checks
from rustok.commerce.catalogue.models import Product, Variant
from rustok.commerce.categories.models import Category
from rustok.commerce.pricing import lists
from rustok.commerce.promotions.models import KINDS, STACKS
from rustok.commerce.promotions.shapes import Amounts, Conditions, Reward, Selection, mentioned
from rustok.core.rows import is_one_of
from rustok.kernel import errors, money
from rustok.kernel.context import Context

MOST_NAMED = 1000
MOST_CURRENCIES = 200
_USED: Mapping[str, frozenset[str]] = {
    "percentage": frozenset({"percent", "each", "most"}),
    "fixed_amount": frozenset({"amounts", "each"}),
    "fixed_price": frozenset({"amounts", "each"}),
    "shipping": frozenset({"percent", "amounts", "methods", "most"}),
    "buy_x_get_y": frozenset({"percent", "buy", "get", "times", "bought", "most"}),
}


class BadPromotion(errors.Invalid):
    """The parts of a promotion contradict each other, or one that its kind needs is missing."""

    code = "bad_promotion"


def kind(given: str) -> str:
    """The kind if it is one."""
    if given not in KINDS:
        raise BadPromotion(f"{given[:32]!r} is no kind of promotion", field="kind")
    return given


def combines_with(given: object) -> list[str]:
    """Classes of promotions, each once, in their order; raises `Invalid` for another."""
    found = set(given) if isinstance(given, list | tuple | set | frozenset) else set()
    if not found <= set(STACKS):
        raise BadPromotion(f"the classes are {', '.join(STACKS)}", field="combinesWith")
    return [one for one in STACKS if one in found]


def reward(kind: str, given: Reward) -> Reward:
    """The reward, if it is one of this kind; raises `BadPromotion` naming the field."""
    for name in ("percent", "amounts", "most", "buy", "get", "times", "bought", "methods"):
        if name not in _USED[kind] and getattr(given, name):
            raise BadPromotion(f"{name} means nothing to this kind of promotion", field=name)
    _amounts(given.amounts, "amounts", least=0 if kind == "fixed_price" else 1)
    _amounts(given.most, "most", least=1)
    if given.percent is not None and not _possible(given.percent):
        raise BadPromotion("the percentage must be above 0, at most 100, with at most four decimals", field="percent")
    if kind == "percentage":
        if given.percent is None:
            raise BadPromotion("say how many percent", field="percent")
        if given.each == "piece":
            raise BadPromotion("a percentage is of the order or of each line", field="each")
    elif kind in ("fixed_amount", "fixed_price"):
        if not given.amounts:
            raise BadPromotion("say how much, in one currency at least", field="amounts")
    elif kind == "shipping":
        if (given.percent is None) == (not given.amounts):
            raise BadPromotion("shipping is reduced by a percentage (100 is free) or by an amount", field="percent")
        if given.amounts and given.most:
            raise BadPromotion("an amount needs no bound", field="most")
        if len(given.methods) > MOST_NAMED or any(not one or len(one) > 64 for one in given.methods):
            raise BadPromotion("a shipping method's code has 1 to 64 characters", field="methods")
    else:
        checks.whole(given.buy, "buy", least=1, most=10_000)
        checks.whole(given.get, "get", least=1, most=10_000)
        if given.times is not None:
            checks.whole(given.times, "times", least=1)
    return given


async def conditions(context: Context, given: Conditions) -> Conditions:
    """The conditions in their stored spelling; raises `NotFound` for what they name."""
    await exist(context, given.of)
    _amounts(given.min_subtotal, "minSubtotal", least=0)
    _amounts(given.max_subtotal, "maxSubtotal", least=0)
    for currency, most in given.max_subtotal.items():
        if most < given.min_subtotal.get(currency, 0):
            raise BadPromotion("the highest subtotal is below the lowest", field="maxSubtotal")
    checks.whole(given.min_quantity, "minQuantity")
    for currency in given.currencies:
        money.check_currency(currency)
    return Conditions(
        of=given.of,
        min_subtotal=given.min_subtotal,
        max_subtotal=given.max_subtotal,
        min_quantity=given.min_quantity,
        currencies=tuple(sorted(set(given.currencies))),
        groups=tuple(await lists.groups(context, given.groups)),
        first_order=given.first_order,
        countries=tuple(lists.countries(given.countries)),
    )


async def exist(context: Context, *selections: Selection | None) -> None:
    """Raise `NotFound` when a product, variant or category that is named does not exist."""
    named = mentioned(selections)
    if sum(map(len, named.values())) > MOST_NAMED:
        raise BadPromotion(f"at most {MOST_NAMED} products, variants and categories can be named", field="target")
    columns = {"products": Product, "variants": Variant, "categories": Category}
    for what, ids in named.items():
        if not ids:
            continue
        table = columns[what]
        found = await context.session.scalars(
            select(table.id).where(table.tenant_id == context.tenant_id, is_one_of(table.id, ids))
        )
        missing: set[UUID] = ids - set(found.all())
        if missing:
            raise errors.NotFound(f"among the {what} there is no {min(missing)}", field=what)


def _amounts(given: Amounts, field: str, *, least: int) -> None:
    if len(given) > MOST_CURRENCIES:
        raise BadPromotion("that is more than there are currencies", field=field)
    for currency, minor in given.items():
        money.check_currency(currency)
        checks.whole(minor, field, least=least, most=money.LARGEST_MINOR)


def _possible(percent: Decimal) -> bool:
    return percent.is_finite() and 0 < percent <= 100 and percent == percent.quantize(Decimal("0.0001"))
