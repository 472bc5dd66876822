"""Imports through the door that the command line uses: products in the database, and a summary that tells the truth."""

import csv
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from rustok.commerce.importing import service
from rustok.index import verifying
from rustok.kernel.context import Context, TenantInfo
from rustok.kernel.db import Database
from rustok.kernel.importing import NotImportable, Summary
from rustok.kernel.working import Workers
from rustok.server import modules

OpenContext = Callable[..., AbstractAsyncContextManager[Context]]
DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
SHIRTS = (
    "Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Variant SKU,Variant Price,"
    "Variant Compare At Price,Variant Inventory Tracker,Variant Inventory Qty,Image Src,Image Alt Text,SEO Title\n"
    'shirt,Shirt,<p>Soft</p>,Loom,Tops,"new, blue",true,Size,S,S-1,19.99,25,shopify,3,https://x.test/1.jpg,One,Find\n'
    "shirt,,,,,,,,M,S-2,21.99,,shopify,0,https://x.test/2.jpg,Two,\n"
    "mug,Mug,,Kiln,Cups,new,true,Title,Default Title,M-1,5,,,,,,\n"
)


async def counts(open_context: OpenContext) -> dict[str, int]:
    async with open_context() as context:
        found = {}
        for table in (
            "commerce_products",
            "commerce_variants",
            "commerce_prices",
            "commerce_categories",
            "tags",
            "media",
        ):
            found[table] = int(await context.session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)
        return found


async def test_products_come_with_everything_and_a_second_import_changes_nothing(
    open_context: OpenContext, tmp_path: Path
) -> None:
    path = tmp_path / "shirts.csv"
    path.write_text(SHIRTS)
    seen: list[tuple[int, int | None]] = []

    first = await service.import_shopify(open_context, path, progress=lambda done, total: seen.append((done, total)))
    stored = await counts(open_context)
    second = await service.import_shopify(open_context, path)

    assert (first.created, first.updated, first.unchanged, first.skipped) == (2, 0, 0, [])
    assert first.remote_pictures == 2
    assert seen[-1] == (2, 2)
    assert stored == {
        "commerce_products": 2,
        "commerce_variants": 3,
        "commerce_prices": 3,
        "commerce_categories": 2,
        "tags": 2,
        "media": 2,
    }
    assert (second.created, second.updated, second.unchanged, second.skipped) == (0, 0, 2, [])
    assert await counts(open_context) == stored


async def test_a_changed_file_updates_what_changed_and_nothing_else(open_context: OpenContext, tmp_path: Path) -> None:
    path = tmp_path / "shirts.csv"
    path.write_text(SHIRTS)
    await service.import_shopify(open_context, path)
    path.write_text(SHIRTS.replace("mug,Mug", "mug,Big Mug").replace(",M-1,5,", ",M-1,6,"))

    again = await service.import_shopify(open_context, path)

    assert (again.created, again.updated, again.unchanged) == (0, 1, 1)
    async with open_context() as context:
        assert (
            await context.session.scalar(text("SELECT title FROM commerce_products WHERE handle = 'mug'")) == "Big Mug"
        )


async def test_a_dry_run_counts_and_writes_nothing(open_context: OpenContext, tmp_path: Path) -> None:
    path = tmp_path / "shirts.csv"
    path.write_text(SHIRTS + "bad,Bad,,,,,true,,,,x,,,,,,\n")
    before = await counts(open_context)

    summary = await service.import_shopify(open_context, path, dry_run=True)

    assert (summary.created, [(one.line, one.what) for one in summary.skipped]) == (2, [(5, "bad")])
    assert summary.dry_run
    assert await counts(open_context) == before


async def test_what_only_the_database_refuses_is_skipped_alone(open_context: OpenContext, tmp_path: Path) -> None:
    path = tmp_path / "shirts.csv"
    path.write_text(SHIRTS + "thief,Thief,,,,,true,,,S-1,5,,,,,,\n")

    summary = await service.import_shopify(open_context, path)

    assert summary.created + len(summary.skipped) == 3
    assert summary.created >= 2
    assert all(one.line and one.reason for one in summary.skipped)


async def test_a_file_that_is_no_export_is_refused_and_changes_nothing(
    open_context: OpenContext, tmp_path: Path
) -> None:
    path = tmp_path / "page.csv"
    path.write_text("<html></html>")
    before = await counts(open_context)

    with pytest.raises(NotImportable):
        await service.import_shopify(open_context, path)
    with pytest.raises(NotImportable):
        await service.import_woocommerce(open_context, path)

    assert await counts(open_context) == before


async def test_an_interrupted_import_keeps_its_batches_and_ends_when_run_again(
    open_context: OpenContext, tmp_path: Path
) -> None:
    path = tmp_path / "many.csv"
    path.write_text("Title,Variant Price\n" + "".join(f"Thing {number},1\n" for number in range(1000)))
    opened = 0

    @asynccontextmanager
    async def failing_later():  # type: ignore[no-untyped-def]  # a context manager for this test
        nonlocal opened
        opened += 1
        if opened == 4:
            raise KeyboardInterrupt
        async with open_context() as context:
            yield context

    summary = Summary()
    with pytest.raises(KeyboardInterrupt):
        await service.import_shopify(failing_later, path, summary=summary)
    again = await service.import_shopify(open_context, path)

    assert summary.interrupted
    assert summary.created == 800
    assert (again.created, again.unchanged) == (200, 800)


async def test_woocommerce_products_arrive_with_variations_and_shelves(
    open_context: OpenContext, tmp_path: Path
) -> None:
    path = tmp_path / "woo.csv"
    path.write_text(
        "ID,Type,SKU,Name,Parent,Regular price,Sale price,Stock,Categories,Attribute 1 name,Attribute 1 value(s)\n"
        '1,variable,T,Tee,,,,,Clothing > Tops,Size,"S, M"\n'
        "2,variation,T-S,Tee - S,id:1,10,8,4,,Size,S\n"
        "3,variation,T-M,Tee - M,id:1,11,,0,,Size,M\n"
        "4,grouped,G,Set,,,,,Clothing,,\n"
        "5,external,E,Far,,7,,,,,\n"
    )

    first = await service.import_woocommerce(open_context, path)
    second = await service.import_woocommerce(open_context, path)

    assert (first.created, first.skipped) == (3, [])
    assert (second.created, second.updated, second.unchanged) == (0, 0, 3)
    assert (await counts(open_context))["commerce_variants"] == 3


@pytest.mark.parametrize("name", ["shopify-apparel.csv", "shopify-jewelery.csv"])
async def test_the_real_files_arrive_whole_and_in_the_read_model(
    open_context: OpenContext, database: Database, workers: Workers, tenant: TenantInfo, name: str
) -> None:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"{name} is not beside the repository")
    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream))

    summary = await service.import_shopify(open_context, path)

    stored = await counts(open_context)
    assert summary.skipped == []
    assert summary.created == stored["commerce_products"] == len({row["Handle"] for row in rows})
    assert stored["commerce_variants"] == sum(1 for row in rows if row["Variant Price"])
    wanted = {tag.strip() for row in rows for tag in row["Tags"].split(",") if tag.strip()}
    assert stored["tags"] == len(wanted)
    await workers.catch_up()
    assert all(one.is_equal for one in await verifying.verify(database, modules.load().sources, [tenant]))
    async with open_context() as context:
        shown = await context.session.scalar(text("SELECT count(*) FROM index_products WHERE NOT deleted"))
    assert shown == summary.created * len(tenant.locales)


async def test_a_batch_costs_as_many_statements_as_one_product(
    open_context: OpenContext, database: Database, tmp_path: Path
) -> None:
    counted: list[int] = []
    for products in (1, 40, 300):
        path = tmp_path / f"{products}.csv"
        write_many(path, products, start=1000 * products)
        statements: list[str] = []

        def note(*about: Any, into: list[str] = statements) -> None:
            into.append(about[2])

        event.listen(database.app.sync_engine, "before_cursor_execute", note)
        try:
            summary = await service.import_shopify(open_context, path)
        finally:
            event.remove(database.app.sync_engine, "before_cursor_execute", note)
        assert summary.created == products
        counted.append(len(statements))

    assert counted[2] <= counted[0] + 12


def write_many(path: Path, products: int, *, start: int) -> None:
    """A shop of many shirts in three sizes with a picture each."""
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(SHIRTS.split("\n", 1)[0].split(","))
        for number in range(start, start + products):
            for at, size in enumerate("SML"):
                first = at == 0
                writer.writerow(
                    [f"shirt-{number}", f"Shirt {number}" if first else "", f"<p>Number {number}</p>" if first else "",
                     f"Vendor {number % 50}" if first else "", f"Type {number % 20}" if first else "",
                     f"tag {number % 100}, tag {number % 7}" if first else "", "true" if first else "", "Size", size,
                     f"SKU-{number}-{size}", f"{number % 90 + at}.99", "", "shopify", number % 10,
                     f"https://x.test/{number}-{at}.jpg", f"Picture {at}", f"Shirt {number}" if first else ""]
                )  # fmt: skip


async def test_two_woocommerce_shops_that_count_from_one_stand_side_by_side(
    open_context: OpenContext, tmp_path: Path
) -> None:
    path = tmp_path / "woo.csv"
    header = "ID,Type,SKU,Name,Regular price\n"
    path.write_text(header + "1,simple,,Mug,5\n2,simple,C-1,Cup,6\n")
    await service.import_woocommerce(open_context, path)
    path.write_text(header + "1,simple,,Plate,7\n2,simple,B-1,Bowl,8\n3,simple,C-1,Big Cup,9\n")

    summary = await service.import_woocommerce(open_context, path)

    assert (summary.created, summary.updated, summary.skipped) == (2, 1, [])
    async with open_context() as context:
        titles = set(await context.session.scalars(text("SELECT title FROM commerce_products")))
    assert titles == {"Mug", "Plate", "Bowl", "Big Cup"}
