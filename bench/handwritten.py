"""The yardstick: what somebody writes who needs three answers and knows SQL. ASGI and asyncpg, bare."""

import os
from typing import Any
from urllib.parse import parse_qs

import asyncpg

_MONEY = "json_build_object('amount', m #>> '{{{0},amount}}', 'currencyCode', m #>> '{{{0},currency_code}}')"
_RANGE = f"""CASE WHEN document #> '{{price_range,EUR}}' IS NOT NULL THEN (SELECT json_build_object(
    'min', {_MONEY.format("min")}, 'max', {_MONEY.format("max")})
    FROM (SELECT document #> '{{price_range,EUR}}' AS m) r) END"""
_IMAGES = """(SELECT coalesce(json_agg(json_build_object('url', i -> 'url', 'altText', i -> 'alt_text')), '[]')
    FROM jsonb_array_elements(document -> 'images') i)"""
_CARD = f"""json_build_object('id', document -> 'id', 'title', document -> 'title', 'handle', document -> 'handle',
    'priceRange', {_RANGE}, 'images', {_IMAGES}, 'hasStock', document -> 'has_stock')"""
_MINE = "tenant_id = $1 AND locale = 'en' AND NOT deleted"
_TIME = "COALESCE(published_at, '-infinity'::timestamptz)"

LIST = f"""
SELECT json_build_object('data', json_build_object('products', json_build_object('nodes', json_agg(card))))::text
FROM (SELECT {_CARD} AS card FROM index_products WHERE {_MINE} ORDER BY {_TIME} DESC, product_id DESC LIMIT 24) x"""

DETAIL = f"""
SELECT json_build_object('data', json_build_object('product', json_build_object(
    'id', document -> 'id', 'title', document -> 'title', 'handle', document -> 'handle',
    'description', document -> 'description', 'vendor', document -> 'vendor', 'priceRange', {_RANGE},
    'images', {_IMAGES}, 'tags', document -> 'tags', 'variants', (
        SELECT json_agg(json_build_object('id', v -> 'id', 'title', v -> 'title', 'sku', v -> 'sku',
            'price', json_build_object('amount', v #> '{{prices,EUR,amount}}',
                                       'currencyCode', v #> '{{prices,EUR,currency_code}}'),
            'availableForSale', v -> 'available_for_sale', 'options', v -> 'options'))
        FROM jsonb_array_elements(document -> 'variants') v),
    'seo', json_build_object('title', document #> '{{seo,title}}', 'description', document #> '{{seo,description}}')
)))::text FROM index_products WHERE {_MINE} AND handle = $2"""

_FACET = (
    "(SELECT json_agg(f) FROM (SELECT v, count(*) FROM hits, unnest({0}) v GROUP BY v ORDER BY 2 DESC, 1 LIMIT 50) f)"
)
SEARCH = f"""
WITH hits AS MATERIALIZED (
    SELECT document, category_handles, tag_slugs, option_values, product_id,
        ts_rank(search_vector, plainto_tsquery('public.rustok_english', $2), 1) AS rank
    FROM index_products WHERE {_MINE} AND search_vector @@ plainto_tsquery('public.rustok_english', $2)
)
SELECT json_build_object('data', json_build_object('products', json_build_object(
    'nodes', (SELECT json_agg({_CARD}) FROM (SELECT * FROM hits ORDER BY rank DESC, product_id LIMIT 24) x),
    'facets', json_build_array({_FACET.format("category_handles")}, {_FACET.format("tag_slugs")},
                               {_FACET.format("option_values")}))))::text FROM (SELECT 1) one"""

_pool: Any = None


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Three addresses: /list, /detail?handle=, /search?query=."""
    global _pool
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                _pool = await asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=8, max_size=8)
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    asked = parse_qs(scope["query_string"].decode())
    tenant = os.environ["BENCH_TENANT"]
    if scope["path"] == "/list":
        body = await _pool.fetchval(LIST, tenant)
    elif scope["path"] == "/detail":
        body = await _pool.fetchval(DETAIL, tenant, asked["handle"][0])
    else:
        body = await _pool.fetchval(SEARCH, tenant, asked["query"][0])
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": (body or "null").encode()})
