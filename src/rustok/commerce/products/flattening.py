"""The larger parts of a product's document in SQL. Each stands in a lateral join beside product `p` and locale `l`."""

from sqlalchemy import Uuid, literal_column

from rustok.core.media.glue import image_of
from rustok.core.spelling import spelled
from rustok.kernel import money


def amount(minor: str, currency: str) -> str:
    """SQL for money as documents have it: a decimal text with the currency's own number of decimals."""
    by_exponent: dict[int, list[str]] = {}
    for code, exponent in sorted(money.odd_exponents().items()):
        by_exponent.setdefault(exponent, []).append(code)
    cases = " ".join(
        f"WHEN {currency} IN ({str(codes)[1:-1]}) THEN round({minor}::numeric / {10**exponent}, {exponent})"
        for exponent, codes in sorted(by_exponent.items())
    )
    return (
        f"jsonb_build_object('amount', (CASE {cases} ELSE round({minor}::numeric / 100, 2) END)::text,"
        f" 'currency_code', {currency})"
    )


# `known` is what variants look their own values up in: their options have no order and one language.
OPTIONS = """
    SELECT jsonb_agg(jsonb_build_object('name', o.title, 'values', to_jsonb(o.titles)) ORDER BY o.position, o.id)
            AS document,
        jsonb_agg(jsonb_build_object('raw', o.name, 'name', o.title, 'words', o.words) ORDER BY o.position, o.id)
            AS known,
        array_agg(o.id) AS ids
    FROM (
        SELECT po.id, po.position, po.name, coalesce(nullif(ow.fields ->> 'name', ''), po.name) AS title,
            coalesce(ow.fields, '{}') AS words,
            CASE WHEN ow.fields IS NULL THEN po.values ELSE ARRAY(
                SELECT coalesce(nullif(ow.fields ->> ('v_' || md5(x.value)), ''), x.value)
                FROM unnest(po.values) WITH ORDINALITY AS x(value, place) ORDER BY x.place
            ) END AS titles
        FROM commerce_product_options po
        LEFT JOIN translations ow ON ow.tenant_id = po.tenant_id
            AND ow.target_type = 'product_option' AND ow.target_id = po.id AND ow.locale = l.locale
        WHERE po.tenant_id = p.tenant_id AND po.product_id = p.id
    ) o
"""


def variants() -> str:
    """Every variant with prices, stock and picture, and what follows from them for the product."""
    price, before = amount("y.price", "y.currency"), amount("y.before", "y.currency")
    tier = amount("x.amount_minor", "x.currency")
    picture = spelled(image_of(literal_column("pv.image_id", Uuid)))
    return f"""
    SELECT jsonb_agg(jsonb_build_object(
            'id', z.id, 'title', z.title, 'sku', z.sku, 'barcode', z.barcode,
            'prices', coalesce(z.prices, '{{}}'), 'compare_at_prices', coalesce(z.before, '{{}}'),
            'price_tiers', coalesce(z.tiers, '{{}}'),
            'available_for_sale', z.prices IS NOT NULL AND z.sellable,
            'quantity_available', CASE WHEN z.manage_inventory THEN z.free END,
            'options', coalesce(z.chosen, '[]'), 'image', z.picture, 'weight_grams', z.weight,
            'requires_shipping', z.requires_shipping, 'position', z.position
        ) ORDER BY z.position, z.id) AS variants,
        least(coalesce(sum(CASE WHEN z.manage_inventory THEN z.free ELSE 0 END), 0), 2147483647)::int AS total_stock,
        bool_or(z.sellable) AS has_stock,
        array_agg(z.id) AS ids, array_agg(z.image_id) AS pictures,
        string_agg(concat_ws(' ', z.sku, z.barcode), ' ' ORDER BY z.position, z.id) AS codes
    FROM (
        SELECT pv.id, pv.sku, pv.barcode, pv.manage_inventory, pv.requires_shipping, pv.weight, pv.image_id,
            pv.position, pr.prices, pr.before, pr.tiers, st.free, ch.chosen,
            CASE WHEN pv.title = ch.plain THEN ch.title ELSE pv.title END AS title,
            NOT pv.manage_inventory OR pv.allow_backorder OR st.free > 0 AS sellable,
            CASE WHEN pv.image_id IS NOT NULL THEN {picture} END AS picture
        FROM (
            SELECT id, title, sku, barcode, options, manage_inventory, allow_backorder, requires_shipping, weight,
                image_id, position
            FROM commerce_variants WHERE tenant_id = p.tenant_id AND product_id = p.id
        ) pv
        CROSS JOIN LATERAL (
            SELECT jsonb_object_agg(y.currency, {price}) FILTER (WHERE y.price IS NOT NULL) AS prices,
                jsonb_object_agg(y.currency, {before}) FILTER (WHERE y.before IS NOT NULL) AS before,
                jsonb_object_agg(y.currency, y.tiers) FILTER (WHERE y.tiers IS NOT NULL) AS tiers
            FROM (
                SELECT x.currency, min(x.amount_minor) FILTER (WHERE x.min_quantity = 1) AS price,
                    min(x.compare_at_minor) FILTER (WHERE x.min_quantity = 1) AS before,
                    jsonb_agg(jsonb_build_object('min_quantity', x.min_quantity, 'price', {tier})
                        ORDER BY x.min_quantity) FILTER (WHERE x.min_quantity > 1) AS tiers
                FROM commerce_prices x
                WHERE x.tenant_id = p.tenant_id AND x.variant_id = pv.id AND x.price_list_id IS NULL
                GROUP BY x.currency
            ) y
        ) pr
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(greatest(lv.on_hand - lv.reserved, 0)), 0) AS free
            FROM commerce_stock_levels lv
            JOIN commerce_stock_locations lo ON lo.tenant_id = lv.tenant_id AND lo.id = lv.location_id AND lo.is_active
            WHERE lv.tenant_id = p.tenant_id AND lv.variant_id = pv.id
        ) st
        CROSS JOIN LATERAL (
            SELECT jsonb_agg(jsonb_build_object('name', x.known ->> 'name', 'value', x.value) ORDER BY x.place)
                    AS chosen,
                string_agg(x.value, ' / ' ORDER BY x.place) AS title,
                string_agg(x.raw, ' / ' ORDER BY x.place) AS plain
            FROM (
                SELECT k.known, k.place, pv.options ->> (k.known ->> 'raw') AS raw,
                    coalesce(
                        nullif(k.known -> 'words' ->> ('v_' || md5(pv.options ->> (k.known ->> 'raw'))), ''),
                        pv.options ->> (k.known ->> 'raw')
                    ) AS value
                FROM jsonb_array_elements(op.known) WITH ORDINALITY AS k(known, place)
            ) x
            WHERE x.raw IS NOT NULL
        ) ch
    ) z
"""


def _ranges() -> str:
    low, high = amount("y.low", "y.currency"), amount("y.high", "y.currency")
    before_low, before_high = amount("y.before_low", "y.currency"), amount("y.before_high", "y.currency")
    return f"""
    SELECT jsonb_object_agg(y.currency, jsonb_build_object('min', {low}, 'max', {high})) AS ranges,
        jsonb_object_agg(y.currency, jsonb_build_object('min', {before_low}, 'max', {before_high}))
            FILTER (WHERE y.before_low IS NOT NULL) AS before,
        jsonb_object_agg(y.currency, jsonb_build_array(y.low, y.high)) AS prices,
        array_agg(y.currency::text ORDER BY y.currency) AS currencies
    FROM (
        SELECT x.currency, min(x.amount_minor) AS low, max(x.amount_minor) AS high,
            min(x.compare_at_minor) AS before_low, max(x.compare_at_minor) AS before_high
        FROM commerce_variants pv
        JOIN commerce_prices x ON x.tenant_id = pv.tenant_id AND x.variant_id = pv.id
        WHERE pv.tenant_id = p.tenant_id AND pv.product_id = p.id AND x.price_list_id IS NULL AND x.min_quantity = 1
        GROUP BY x.currency
    ) y
"""


RANGES = _ranges()

# `refs` also names categories that shoppers do not see: they may come to see them.
CATEGORIES = """
    SELECT y.document, coalesce(y.refs, '{}') AS refs,
        coalesce(z.ids, '{}') AS ids, coalesce(z.handles, '{}') AS handles, coalesce(z.labels, '{}') AS labels
    FROM (
        SELECT jsonb_agg(jsonb_build_object('id', pc.category_id, 'name', st.steps -> -1 -> 'name',
                'handle', st.steps -> -1 -> 'handle', 'path', st.path) ORDER BY pc.position, pc.id)
                FILTER (WHERE st.seen) AS document,
            jsonb_agg(st.steps) FILTER (WHERE st.seen) AS steps,
            string_to_array(string_agg(array_to_string(ca.path, ','), ','), ',')::uuid[] AS refs
        FROM commerce_product_categories pc
        JOIN commerce_categories ca ON ca.tenant_id = pc.tenant_id AND ca.id = pc.category_id
        CROSS JOIN LATERAL (
            SELECT jsonb_agg(jsonb_build_object('name', s.name, 'handle', s.handle) ORDER BY s.depth) AS path,
                jsonb_agg(jsonb_build_object('id', s.id, 'name', s.name, 'handle', s.handle) ORDER BY s.depth) AS steps,
                bool_and(s.seen) AS seen
            FROM (
                SELECT a.id, a.handle, a.depth, coalesce(nullif(aw.fields ->> 'name', ''), a.name) AS name,
                    a.is_active AND NOT a.is_internal AS seen
                FROM commerce_categories a
                LEFT JOIN translations aw ON aw.tenant_id = a.tenant_id
                    AND aw.target_type = 'commerce_category' AND aw.target_id = a.id AND aw.locale = l.locale
                WHERE a.tenant_id = p.tenant_id AND a.id = ANY (ca.path)
            ) s
        ) st
        WHERE pc.tenant_id = p.tenant_id AND pc.product_id = p.id
    ) y
    CROSS JOIN LATERAL (
        SELECT array_agg(DISTINCT (s.step ->> 'id')::uuid) AS ids, array_agg(DISTINCT s.step ->> 'handle') AS handles,
            jsonb_object_agg(s.step ->> 'handle', s.step ->> 'name') AS labels
        FROM jsonb_array_elements(y.steps) AS one(steps), jsonb_array_elements(one.steps) AS s(step)
    ) z
"""
