"""A page of what staff look after takes as many statements as one row of it, whatever is asked of the rows."""

from decimal import Decimal

import pytest
from tests.commerce.asking import admin, everything
from tests.commerce.carts.stocking import sold
from tests.conftest import OpenContext

from rustok.commerce.places.service import Place
from rustok.commerce.shipping import methods
from rustok.commerce.shipping import zones as shipping_zones
from rustok.commerce.shipping.methods import PriceGiven, TermsGiven
from rustok.commerce.tax import classes
from rustok.commerce.tax import zones as tax_zones
from rustok.commerce.tax.zones import RateGiven
from rustok.kernel.context import TenantInfo
from rustok.kernel.db import Database


@pytest.fixture
async def shop(open_context: OpenContext) -> None:
    """Four of each, with all that belongs to them."""
    async with open_context() as context:
        await classes.create(context, name="Standard")
        for country in ("DE", "FR", "IT", "ES"):
            await sold(context, 100, 200, title=f"Shirt from {country}")
            vat = RateGiven(name="VAT", rate=Decimal("0.2"))
            await tax_zones.create(context, name=country, places=[Place(country=country)], rates=[vat])
            zone = await shipping_zones.create(context, name=country, places=[Place(country=country)])
            prices, terms = [PriceGiven(currency="EUR", price_minor=490)], [TermsGiven(currency="EUR")]
            await methods.create(context, zone.id, name="Post", code=f"post-{country}", prices=prices, terms=terms)


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("field", "kind"), [("products", "Product"), ("taxZones", "TaxZone"), ("shippingZones", "ShippingZone")]
)
async def test_a_page_takes_as_many_statements_as_a_row(
    database: Database, tenant: TenantInfo, statements: list[str], field: str, kind: str
) -> None:
    ask, sent = admin(database, tenant), []

    for first in (1, 4):
        statements.clear()
        found = await ask(f"query($n: Int) {{ {field}(first: $n) {{ nodes {everything(kind)} }} }}", n=first)
        assert len(found[field]["nodes"]) == first
        sent.append(len(statements))

    assert sent[0] == sent[1] <= 40, statements
