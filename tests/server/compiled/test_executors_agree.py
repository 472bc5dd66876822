"""The compiled and the ordinary executor give the same answer to any query, errors and order of keys included."""

from random import Random

import pytest
from tests.server import asking
from tests.server.compiled import comparing, minimising
from tests.server.compiled.comparing import Compared
from tests.server.compiled.generating import Asked, Generator
from tests.server.compiled.values import Known
from tests.server.conftest import Site

DOCUMENTS = 350
LONG = 40_000
INEXPRESSIBLE = ("highlights",)  # fields that take the ordinary executor on purpose
SHARES = {"large": 0.8, "small": 0.15, "magazine": 0.05}


async def test_generated_queries(shops: dict[str, Site], known: dict[str, Known], pytestconfig: pytest.Config) -> None:
    """Documents from seeds; the first difference is made small and shown."""
    long, seed = pytestconfig.getoption("--long"), pytestconfig.getoption("--generate-seed")
    counted = {"examples": 0, "answered": 0, "compiled": 0, "failed": 0}
    fallen_back: list[Asked] = []
    for number in range(LONG if long else DOCUMENTS):
        random = Random(f"{seed}/{number}")
        name = random.choices(list(SHARES), list(SHARES.values()))[0]
        seen = set()
        for asked in Generator(asking.STOREFRONT, known[name], random).requests():
            if repr(asked) in seen:
                continue
            seen.add(repr(asked))
            compared = await comparing.compare(shops[name].client, asked, first=random.random() < 0.5)
            if not compared.alike:
                await _show(shops[name], compared, f"seed {seed}, document {number}, tenant {name}")
            counted["examples"] += 1
            counted["failed"] += compared.failed
            if asked.indexed and not compared.failed and not any(name in asked.query for name in INEXPRESSIBLE):
                counted["answered"] += 1
                counted["compiled"] += compared.executor == "compiled"
                if compared.executor != "compiled":
                    fallen_back.append(asked)
    print(counted)  # noqa: T201 - pytest shows it for a failure, and with -s
    assert counted["answered"] > 0.5 * counted["examples"], counted
    assert counted["failed"] > 0.03 * counted["examples"], counted
    simplest = min(fallen_back, key=lambda one: len(one.query), default=None)
    assert counted["compiled"] > 0.95 * counted["answered"], simplest and comparing.pasted(simplest)


async def _show(site: Site, compared: Compared, where: str) -> None:
    async def differs(asked: Asked) -> bool:
        return not (await comparing.compare(site.client, asked, first=True)).alike

    small = await minimising.minimised(compared.asked, differs)
    again = await comparing.compare(site.client, small, first=True)
    shown = again if not again.alike else compared
    pytest.fail(f"{where}\n{comparing.pasted(shown.asked)}\n{comparing.difference(shown)}", pytrace=False)
