"""A stranger's module for the tests: gadgets in boxes, with their own tables, events and declaration."""

from collections.abc import Collection, Sequence
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Select, Uuid, column, text

from rustok.kernel.context import Context
from rustok.kernel.events import Event
from rustok.kernel.indexing import Column, Entity, Facet, Field, Filter, Kind, Op, Shape, Sort


class GadgetChanged(Event, frozen=True, kw_only=True):
    """A gadget was made, changed or removed."""

    aggregate: ClassVar[str] = "gadget"
    aggregate_field: ClassVar[str] = "gadget_id"
    gadget_id: UUID


class BoxRenamed(Event, frozen=True, kw_only=True):
    """A box has another name."""

    aggregate: ClassVar[str] = "box"
    aggregate_field: ClassVar[str] = "box_id"
    box_id: UUID


MONEY_RANGE = Shape("GadgetPrices", (Field("min", Kind.MONEY, required=True), Field("max", Kind.MONEY, required=True)))
BOX = Shape("GadgetBox", (Field("id", Kind.ID, required=True), Field("name", Kind.TEXT, required=True)))

GADGETS = Entity(
    name="gadgets",
    type_name="Gadget",
    id_column="gadget_id",
    singular="gadget",
    plural="gadgets",
    module="gadgetry",
    handle="handle",
    key=("handle",),
    unique=("handle",),
    columns=(
        Column("title", "text", required=True),
        Column("handle", "text", required=True),
        Column("maker", "text"),
        Column("weight", "integer"),
        Column("in_stock", "boolean", required=True),
        Column("price", "jsonb"),
        Column("tags", "text[]"),
        Column("box_ids", "uuid[]"),
        Column("box_labels", "jsonb"),
        Column("options", "text[]"),
        Column("made_at", "timestamptz"),
        Column("previous_handles", "text[]"),
    ),
    fields=(
        Field("id", Kind.ID, required=True),
        Field("title", Kind.TEXT, required=True),
        Field("handle", Kind.TEXT, required=True),
        Field("maker", Kind.TEXT),
        Field("weight", Kind.INT),
        Field("in_stock", Kind.BOOL, required=True),
        Field("notes", Kind.HTML),
        Field("price_range", MONEY_RANGE, per_currency=True),
        Field("box", BOX),
        Field("tags", Kind.TEXT, many=True, required=True),
        Field("made_at", Kind.TIME),
        Field("secret", Kind.TEXT, public=False),
    ),
    filters=(
        Filter("maker", "maker", Op.TEXT),
        Filter("weight", "weight", Op.RANGE),
        Filter("in_stock", "in_stock", Op.FLAG),
        Filter("price", "price", Op.PRICE),
        Filter("tags", "tags", Op.ANY),
        Filter("boxes", "box_ids", Op.ANY),
        Filter("options", "options", Op.OPTION),
        Filter("made_at", "made_at", Op.RANGE),
    ),
    sorts=(
        Sort("TITLE_ASC", "title"),
        Sort("TITLE_DESC", "title", descending=True),
        Sort("WEIGHT_ASC", "weight"),
        Sort("WEIGHT_DESC", "weight", descending=True),
        Sort("MAKER_ASC", "maker"),
        Sort("NEWEST", "made_at", descending=True),
        Sort("PRICE_ASC", "price", per_currency=True),
        Sort("PRICE_DESC", "price", descending=True, per_currency=True),
    ),
    facets=(
        Facet("maker", "maker", Op.TEXT),
        Facet("in_stock", "in_stock", Op.FLAG),
        Facet("tags", "tags", Op.ANY),
        Facet("boxes", "box_ids", Op.ANY, labels="box_labels"),
        Facet("options", "options", Op.OPTION),
        Facet("price", "price", Op.PRICE),
        Facet("weight", "weight", Op.RANGE),
    ),
    search={"title": "A", "tags": "B", "maker": "B", "notes": "C"},
)

TABLES = [
    "CREATE TABLE gadgetry_boxes (tenant_id uuid, id uuid, name text NOT NULL, PRIMARY KEY (tenant_id, id))",
    """CREATE TABLE gadgetry_gadgets (
        tenant_id uuid, id uuid, box_id uuid, title text NOT NULL, title_ru text, handle text NOT NULL, maker text,
        weight integer, in_stock boolean NOT NULL DEFAULT true, low bigint, high bigint,
        tags text[] NOT NULL DEFAULT '{}', options text[] NOT NULL DEFAULT '{}', notes text,
        made_at timestamptz, previous text[] NOT NULL DEFAULT '{}',
        published boolean NOT NULL DEFAULT true, PRIMARY KEY (tenant_id, id))""",
]

_DOCUMENTS = """
(SELECT g.id, l.locale, ARRAY[g.box_id] AS refs,
    CASE WHEN l.locale = 'ru' AND g.title_ru IS NOT NULL THEN g.title_ru ELSE g.title END AS title,
    g.handle, g.maker, g.weight, g.in_stock, g.tags, g.options, g.made_at, g.previous AS previous_handles,
    CASE WHEN g.low IS NOT NULL THEN jsonb_build_object('EUR', jsonb_build_array(g.low, g.high)) END AS price,
    CASE WHEN b.id IS NOT NULL THEN ARRAY[b.id] ELSE '{}' END AS box_ids,
    jsonb_build_object(COALESCE(b.id::text, ''), b.name) AS box_labels,
    jsonb_build_object('id', g.id, 'handle', g.handle, 'maker', g.maker, 'weight', g.weight, 'in_stock', g.in_stock,
        'title', CASE WHEN l.locale = 'ru' AND g.title_ru IS NOT NULL THEN g.title_ru ELSE g.title END,
        'notes', g.notes, 'tags', g.tags, 'made_at', g.made_at, 'secret', 'kept',
        'price_range', CASE WHEN g.low IS NOT NULL THEN jsonb_build_object('EUR', jsonb_build_object(
            'min', jsonb_build_object('amount', (g.low / 100.0)::numeric(12, 2)::text, 'currency_code', 'EUR'),
            'max', jsonb_build_object('amount', (g.high / 100.0)::numeric(12, 2)::text, 'currency_code', 'EUR')))
            ELSE '{}' END,
        'box', CASE WHEN b.id IS NOT NULL THEN jsonb_build_object('id', b.id, 'name', b.name) END,
        'clock', to_char(g.made_at, 'HH24:MI')) AS document
 FROM gadgetry_gadgets g
 CROSS JOIN unnest(CAST(:locales AS text[])) AS l(locale)
 LEFT JOIN gadgetry_boxes b ON b.tenant_id = g.tenant_id AND b.id = g.box_id
 WHERE g.published) AS flat
""".replace(":MI", r"\:MI")


class GadgetSource:
    """How gadgets look when flattened."""

    entity = GADGETS
    events: Collection[type[Event]] = (GadgetChanged, BoxRenamed)

    def documents(self, context: Context, ids: Sequence[UUID] | None = None) -> Select[Any]:
        """One row per gadget and language."""
        names = ["id", "locale", "refs", "document", *(c.name for c in GADGETS.columns)]
        flat = text(f"SELECT * FROM {_DOCUMENTS}").bindparams(locales=list(context.tenant.locales))
        found = flat.columns(column("id", Uuid), *(column(name) for name in names[1:])).subquery("flat")
        select = found.select()
        return select if ids is None else select.where(found.c.id.in_(list(ids)))
