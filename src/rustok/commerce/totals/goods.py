"""What a basket needs to know of the variants in it, and how buyers see them: one statement for any number."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, Uuid, literal_column, text

from rustok.core.media.glue import image_of
from rustok.core.spelling import spelled
from rustok.kernel.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Goods:
    """A variant in the asking language. `free` is what can still be promised; None where nobody counts."""

    variant_id: UUID
    product_id: UUID
    published: bool
    title: str
    variant_title: str
    sku: str | None
    handle: str
    options: tuple[tuple[str, str], ...]
    image: Mapping[str, Any] | None  # as documents have it: url, alt_text, width, height, sources
    categories: frozenset[UUID]  # the product's, with all that stand above them
    weight: int
    requires_shipping: bool
    taxable: bool
    tax_class: str | None  # a class's code; none is the default one
    discountable: bool
    free: int | None

    def short_of(self, quantity: int) -> bool:
        """Whether fewer than `quantity` can be promised."""
        return self.free is not None and self.free < quantity


@cache
def _statement() -> TextClause:
    picture = spelled(image_of(literal_column("coalesce(v.image_id, im.media_id)", Uuid)))
    return text(f"""
SELECT v.id, v.product_id, p.status = 'published',
  coalesce(nullif(w.fields ->> 'title', ''), p.title),
  CASE WHEN v.title = ch.plain THEN ch.title WHEN v.options = '{{}}' AND v.title = 'Default' THEN '' ELSE v.title END,
  v.sku, p.handle, ch.chosen,
  CASE WHEN coalesce(v.image_id, im.media_id) IS NOT NULL THEN {picture} END,
  ca.ids, coalesce(v.weight, 0), v.requires_shipping, v.taxable, v.tax_class, p.discountable,
  CASE WHEN v.manage_inventory AND NOT v.allow_backorder THEN coalesce(st.free, 0) END
FROM commerce_variants v
JOIN commerce_products p ON p.tenant_id = v.tenant_id AND p.id = v.product_id
LEFT JOIN translations w ON w.tenant_id = v.tenant_id
  AND w.target_type = 'product' AND w.target_id = v.product_id AND w.locale = :locale
LEFT JOIN LATERAL (
  SELECT i.media_id FROM commerce_product_images i
  WHERE i.tenant_id = v.tenant_id AND i.product_id = v.product_id ORDER BY i.position, i.id LIMIT 1
) im ON v.image_id IS NULL
LEFT JOIN LATERAL (
  SELECT jsonb_agg(jsonb_build_array(x.name, x.value) ORDER BY x.position, x.id) AS chosen,
    string_agg(x.value, ' / ' ORDER BY x.position, x.id) AS title,
    string_agg(x.raw, ' / ' ORDER BY x.position, x.id) AS plain
  FROM (
    SELECT po.position, po.id, v.options ->> po.name AS raw,
      coalesce(nullif(ow.fields ->> 'name', ''), po.name) AS name,
      coalesce(nullif(ow.fields ->> ('v_' || md5(v.options ->> po.name)), ''), v.options ->> po.name) AS value
    FROM commerce_product_options po
    LEFT JOIN translations ow ON ow.tenant_id = po.tenant_id
      AND ow.target_type = 'product_option' AND ow.target_id = po.id AND ow.locale = :locale
    WHERE po.tenant_id = v.tenant_id AND po.product_id = v.product_id
  ) x
  WHERE x.raw IS NOT NULL
) ch ON true
LEFT JOIN LATERAL (
  SELECT array_agg(DISTINCT a.id) AS ids
  FROM commerce_product_categories pc
  JOIN commerce_categories c ON c.tenant_id = pc.tenant_id AND c.id = pc.category_id
  CROSS JOIN unnest(c.path) AS a(id)
  WHERE pc.tenant_id = v.tenant_id AND pc.product_id = v.product_id
) ca ON true
LEFT JOIN LATERAL (
  SELECT greatest(sum(l.on_hand - l.reserved), 0)::int AS free
  FROM commerce_stock_levels l
  JOIN commerce_stock_locations o ON o.tenant_id = l.tenant_id AND o.id = l.location_id AND o.is_active
  WHERE l.tenant_id = v.tenant_id AND l.variant_id = v.id
) st ON v.manage_inventory AND NOT v.allow_backorder
WHERE v.tenant_id = CAST(:tenant_id AS uuid) AND v.id = ANY(CAST(:ids AS uuid[]))
""")


async def load(context: Context, variant_ids: Collection[UUID]) -> dict[UUID, Goods]:
    """The variants by id, in the context's language; those that there are not are absent."""
    if not variant_ids:
        return {}
    named = {"tenant_id": context.tenant_id, "ids": list(variant_ids), "locale": context.locale}
    found = {}
    for row in (await context.session.execute(_statement(), named)).all():
        found[row[0]] = Goods(
            variant_id=row[0],
            product_id=row[1],
            published=row[2],
            title=row[3],
            variant_title=row[4],
            sku=row[5],
            handle=row[6],
            options=tuple((name, value) for name, value in row[7] or ()),
            image=row[8],
            categories=frozenset(row[9] or ()),
            weight=row[10],
            requires_shipping=row[11],
            taxable=row[12],
            tax_class=row[13],
            discountable=row[14],
            free=row[15],
        )
    return found
