"""The read model's rows as far as they are searched, for an index that is built or brought up to date."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from sqlalchemy import Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from rustok.index import tables
from rustok.index.tantivy.shape import Row
from rustok.kernel.context import TenantInfo
from rustok.kernel.db import Database, set_tenant
from rustok.kernel.indexing import Entity

PAGE = 2_000
NOBODY = UUID(int=0)


async def version(session: AsyncSession, tenant_id: UUID) -> int:
    """What the tenant's read model has reached; the session sees the tenant."""
    sql = text("SELECT version FROM index_versions WHERE tenant_id = :tenant")
    return int(await session.scalar(sql, {"tenant": tenant_id}) or 0)


async def of_things(session: AsyncSession, tenant: TenantInfo, entity: Entity, ids: Sequence[UUID]) -> list[Row]:
    """The rows of these things, in every language of the tenant."""
    statement = text(f"{_select(entity)} AND t.{entity.id_column} = ANY(:ids)").bindparams(
        bindparam("ids", sorted(set(ids)), type_=ARRAY(Uuid)), tenant=tenant.id, locales=list(tenant.locales)
    )
    return _rows(entity, await session.execute(statement))


async def everything(database: Database, tenant: TenantInfo, entity: Entity) -> AsyncIterator[list[Row]]:
    """All rows in pages. Each is read for itself: a long transaction would keep a rebuild from swapping its tables."""
    key = f"t.{entity.id_column}"
    statement = text(f"{_select(entity)} AND ({key}, t.locale) > (:id, :locale) ORDER BY {key}, t.locale LIMIT {PAGE}")
    last, locale = NOBODY, ""
    while True:
        async with database.session(worker=True) as session:
            await set_tenant(session, tenant.id)
            given = {"tenant": tenant.id, "locales": list(tenant.locales), "id": last, "locale": locale}
            rows = _rows(entity, await session.execute(statement, given))
        if rows:
            yield rows
        if len(rows) < PAGE:
            return
        last, locale = rows[-1].id, rows[-1].locale


def _select(entity: Entity) -> str:
    texts = ", ".join(
        f"concat_ws(' ', {', '.join(values)}) AS weight_{weight.lower()}"
        for weight, values in tables.searched_texts(entity, "t").items()
    )
    return (
        f"SELECT t.{entity.id_column} AS id, t.locale, {texts} FROM {tables.table_of(entity)} t"
        " WHERE t.tenant_id = :tenant AND NOT t.deleted AND t.locale = ANY(:locales)"
    )


def _rows(entity: Entity, found: object) -> list[Row]:
    weights = list(tables.searched_texts(entity, "t"))
    return [Row(row[0], row[1], dict(zip(weights, row[2:], strict=True))) for row in found]  # type: ignore[attr-defined]
