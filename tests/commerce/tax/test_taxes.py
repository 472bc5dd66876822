"""Which zone holds where, what staff may decide, and that no tax is ever guessed."""

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import select
from tests.conftest import MakeTenant, OpenContext

from rustok.commerce.baskets.shapes import Buyer, Destination, Taxable, Taxes, TaxPart
from rustok.commerce.catalogue import service as catalogue
from rustok.commerce.customers import groups as customer_groups
from rustok.commerce.places import service as places
from rustok.commerce.places.service import Place
from rustok.commerce.products import service as products
from rustok.commerce.products import variants
from rustok.commerce.tax import calculating, classes, providers, service, zones
from rustok.commerce.tax.models import TaxZone
from rustok.commerce.tax.providers import TaxProvider, TaxRequest
from rustok.commerce.tax.zones import RateGiven
from rustok.kernel import errors
from rustok.kernel.context import Context, Installation
from rustok.kernel.ids import generate_id

LINE = generate_id()


async def furnish(context: Context) -> None:
    """Germany with an island without VAT, California with its own rate, and a rest of the world without any."""
    await classes.create(context, name="Standard")
    await classes.create(context, name="Reduced")
    german = [RateGiven(name="MwSt.", rate=Decimal("0.19"))]
    reduced = RateGiven(name="MwSt.", rate=Decimal("0.07"), tax_class="reduced")
    await zones.create(context, name="Germany", places=[Place(country="de")], rates=[*german, reduced])
    await zones.create(context, name="Helgoland", places=[Place(country="DE", postcodes="27498")], rates=[])
    await zones.create(context, name="USA", places=[Place(country="US")], rates=[], prices_include_tax=False)
    await zones.create(
        context,
        name="California",
        places=[Place(country="US", region="California"), Place(country="US", postcodes="97635 .. 97639")],
        rates=[
            RateGiven(name="State", rate=Decimal("0.06")),
            RateGiven(name="County", rate=Decimal("0.0125")),
        ],
        prices_include_tax=False,
    )


async def taxes(
    context: Context,
    country: str,
    region: str = "",
    postcode: str = "",
    *,
    tax_class: str | None = None,
    buyer: Buyer | None = None,
) -> tuple[bool, list[tuple[str, Decimal, int]]]:
    """What 100.00 bear there."""
    there = Destination(country=country, region=region, postcode=postcode)
    item = Taxable(id=LINE, amount_minor=10_000, tax_class=tax_class)
    found = await calculating.calculate(context, there, [item], currency="EUR", buyer=buyer)
    return found.included, [(part.name, part.rate, part.amount_minor) for part in found.parts]


async def test_the_narrowest_place_decides(context: Context) -> None:
    await furnish(context)

    assert await taxes(context, "DE") == (True, [("MwSt.", Decimal("0.19"), 1597)])
    assert await taxes(context, "de", tax_class="reduced") == (True, [("MwSt.", Decimal("0.07"), 654)])
    assert await taxes(context, "DE", postcode="27498") == (True, [])
    californian = (False, [("State", Decimal("0.06"), 600), ("County", Decimal("0.0125"), 125)])
    assert await taxes(context, "US", "CA") == californian
    assert await taxes(context, "US", " california ") == californian
    assert await taxes(context, "US", "US-CA") == californian
    assert await taxes(context, "US", "Oregon", "97637-0001") == californian
    assert await taxes(context, "US", "Oregon", "97640") == (False, [])
    assert await taxes(context, "JP") == (True, [])


async def test_a_class_without_rates_in_a_zone_is_taxed_like_the_default_one(context: Context) -> None:
    await furnish(context)

    assert await taxes(context, "US", "CA", tax_class="reduced") == await taxes(context, "US", "CA")
    assert await taxes(context, "DE", tax_class="nobody-knows") == await taxes(context, "DE")


async def test_while_no_country_is_known_the_default_one_stands_in(context: Context) -> None:
    await furnish(context)
    assert await taxes(context, "") == (True, [])

    await service.change(context, default_country="de")
    assert await taxes(context, "") == await taxes(context, "DE")

    await zones.create(context, name="Elsewhere", places=[Place()], rates=[RateGiven(name="Duty", rate=Decimal("0.5"))])
    assert (await taxes(context, "JP"))[1] == [("Duty", Decimal("0.5"), 3333)]
    assert await taxes(context, "") == await taxes(context, "DE")


async def test_a_buyer_of_an_exempt_group_pays_none(context: Context) -> None:
    await furnish(context)
    resellers = (await customer_groups.create(context, name="Resellers")).id
    await service.change(context, exempt_groups=[resellers])

    assert (await taxes(context, "DE", buyer=Buyer(groups=frozenset({resellers}))))[1] == []
    assert (await taxes(context, "DE", buyer=Buyer(groups=frozenset({generate_id()}))))[1] != []
    with pytest.raises(errors.NotFound, match="there is no customer group"):
        await service.change(context, exempt_groups=[resellers, generate_id()])
    assert (await service.settings(context)).exempt_groups == [resellers]
    await customer_groups.remove(context, resellers)
    await service.change(context, exempt_groups=[resellers])  # who saves the same again is not stopped by it


async def test_another_tenants_zones_hold_nothing_here(
    context: Context, make_tenant: MakeTenant, open_context: OpenContext
) -> None:
    await furnish(context)
    async with open_context(await make_tenant()) as elsewhere:
        assert await taxes(elsewhere, "DE") == (True, [])


async def test_what_cannot_be_a_zone_is_refused(context: Context) -> None:
    await furnish(context)
    before = await codes(context)

    for bad in (
        Place(country="EU"),
        Place(region="CA"),
        Place(postcodes="10115"),
        Place(country="DE", postcodes="10..999"),
        Place(country="DE", postcodes="20000..10000"),
        Place(country="DE", postcodes="!"),
    ):
        with pytest.raises(places.BadPlace):
            async with context.session.begin_nested():
                await zones.create(context, name="Bad", places=[bad])
    for rate in (Decimal(-1), Decimal("10.1"), Decimal("NaN"), Decimal("0.1234567")):
        with pytest.raises(zones.BadRate):
            async with context.session.begin_nested():
                await zones.create(context, name="Bad", rates=[RateGiven(name="X", rate=rate)])
    with pytest.raises(zones.BadRate):
        async with context.session.begin_nested():
            await zones.create(context, name="Bad", rates=[RateGiven(name="X", rate=Decimal(0), tax_class="gone")])
    with pytest.raises(zones.TaxZoneTaken):
        async with context.session.begin_nested():
            await zones.create(context, name="Bad", places=[Place(country="de")])
    with pytest.raises(zones.TaxZoneTaken):
        async with context.session.begin_nested():
            await zones.create(context, name="Germany")

    assert await codes(context) == before


async def codes(context: Context) -> dict[UUID, str]:
    found = await context.session.scalars(select(TaxZone).where(TaxZone.tenant_id == context.tenant_id))
    return {zone.id: zone.code for zone in found.all()}


async def test_a_zone_is_changed_as_a_whole_and_a_lost_update_is_refused(context: Context) -> None:
    await furnish(context)
    (usa,) = [id_ for id_, code in (await codes(context)).items() if code == "usa"]

    changed = await zones.change(
        context,
        usa,
        version=1,
        name="Everywhere in the USA",
        rates=[RateGiven(name="Federal", rate=Decimal("0.01"))],
        prices_include_tax=None,
    )
    assert (changed.version, changed.prices_include_tax) == (2, None)
    assert await taxes(context, "US", "Oregon") == (True, [("Federal", Decimal("0.01"), 99)])
    with pytest.raises(errors.Stale):
        await zones.change(context, usa, version=1, rates=[])
    assert len((await zones.rates_of(context, [usa]))[usa]) == 1

    assert await zones.remove_many(context, [usa]) == 1
    assert (await taxes(context, "US", "Oregon"))[1] == []
    with pytest.raises(errors.NotFound):
        await zones.remove_many(context, [usa])


async def test_a_class_that_something_names_stays(context: Context) -> None:
    await furnish(context)
    known = await classes.by_code(context)
    books = await classes.create(context, name="Books")
    product = await products.create(context, title="Log book")
    variant_id = (await variants.add(context, product.id, tax_class="books")).id
    books_id, named = books.id, [known["standard"].id, known["reduced"].id, books.id]

    for kept in named:
        with pytest.raises(classes.TaxClassInUse):
            async with context.session.begin_nested():
                await classes.remove(context, kept)
    with pytest.raises(errors.NotFound):
        async with context.session.begin_nested():
            await variants.change(context, variant_id, tax_class="no-such-class")
    assert (await catalogue.get_variant(context, variant_id)).tax_class == "books"

    await variants.change(context, variant_id, tax_class=None)
    await classes.remove(context, books_id)
    assert sorted(await classes.by_code(context)) == ["reduced", "standard"]


async def test_one_class_is_the_default_one(context: Context) -> None:
    await furnish(context)
    reduced = (await classes.by_code(context))["reduced"].id

    await classes.change(context, reduced, version=1, is_default=True)

    context.session.expire_all()
    assert [code for code, one in (await classes.by_code(context)).items() if one.is_default] == ["reduced"]
    assert (await taxes(context, "DE"))[1] == [("MwSt.", Decimal("0.07"), 654)]
    with pytest.raises(errors.Conflict):
        await classes.change(context, reduced, is_default=False)
    with pytest.raises(classes.TaxClassTaken):
        async with context.session.begin_nested():
            await classes.create(context, name="Other", code="standard")


def offering(context: Context, provider: TaxProvider) -> None:
    """As if a module had brought it."""
    context.installation = replace(context.installation, offers=(provider,))


async def test_a_provider_that_fails_or_lies_gives_no_tax_at_all(context: Context) -> None:
    answers: list[Taxes | Exception] = []

    async def calculate(_: Context, request: TaxRequest) -> Taxes:
        answer = answers.pop()
        if isinstance(answer, Exception):
            raise answer
        return answer

    provider = TaxProvider(code="remote", name="Remote", calculate=calculate)
    with pytest.raises(providers.UnknownTaxProvider):
        await service.change(context, provider="remote")
    offering(context, provider)
    await service.change(context, provider="remote")

    def part(minor: int, id_: UUID | None = LINE) -> TaxPart:
        return TaxPart(id=id_, name="Sales tax", rate=Decimal("0.08"), amount_minor=minor)

    answers.append(Taxes(included=False, parts=(part(800),)))
    assert await taxes(context, "US") == (False, [("Sales tax", Decimal("0.08"), 800)])
    for bad in (
        ConnectionError("no route"),
        TimeoutError(),
        Taxes(included=False, parts=(part(-1),)),
        Taxes(included=False, parts=(part(1, generate_id()),)),
        Taxes(included=True, parts=(part(9_999), part(2))),
    ):
        answers.append(bad)
        with pytest.raises(providers.TaxUnavailable):
            await taxes(context, "US")
    context.installation = Installation()
    with pytest.raises(providers.TaxUnavailable):
        await taxes(context, "US")
