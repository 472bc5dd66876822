"""The yardstick: what an engineer writes who needs three answers fast and knows PostgreSQL. ASGI and asyncpg, bare.

One statement per answer, built as text by PostgreSQL; prepared by the driver; a pool that resets nothing, because
nothing is ever set; a role that no policy binds; no tenancy, no limits, no errors, no cursors, no fallback for slips
of the keys. It reads the same tables, because the answers must be the same, and takes from them what is cheapest.
"""

import os
from typing import Any
from urllib.parse import unquote_plus

import asyncpg
import msgspec

from rustok.commerce.products.index_source import PRODUCTS
from rustok.index import cells, tables

_POOL = int(os.environ.get("RUSTOK_POOL_SIZE", "8"))
_TENANT = os.environ.get("BENCH_TENANT", "")
_MINE = "tenant_id = $1::text::uuid AND locale = 'en' AND NOT deleted"
_TIME = tables.order_expression(PRODUCTS, next(one for one in PRODUCTS.sorts if one.name == "PUBLISHED_DESC"))[0]
_LAYOUT = cells.layout_of(PRODUCTS)


def _cell(*path: str) -> str:
    return f"cells[{_LAYOUT.position(path)}]"


def _money(minor: str) -> str:
    return f"""'{{"amount":"' || round(({minor})::numeric / 100, 2) || '","currencyCode":"EUR"}}'"""


_RANGE = f"""COALESCE('{{"min":' || {_money("p ->> 0")} || ',"max":' || {_money("p ->> 1")} || '}}', 'null')"""
_SHOWN = "product_id, handle, has_stock, prices -> 'EUR' AS p, cells"
_CARD = f"""'{{"id":"' || product_id || '","title":' || {_cell("title")} || ',"handle":"' || handle
    || '","priceRange":' || {_RANGE} || ',"featuredImage":' || CASE {_cell("featured_image")} WHEN 'o' THEN
        '{{"url":' || {_cell("featured_image", "url")} || ',"altText":' || {_cell("featured_image", "alt_text")}
        || ',"width":' || {_cell("featured_image", "width")} || ',"height":' || {_cell("featured_image", "height")}
        || '}}' ELSE 'null' END || ',"hasStock":' || has_stock || '}}'"""

LIST = f"""
SELECT '{{"data":{{"products":{{"nodes":[' || string_agg({_CARD}, ',') || ']}}}}}}' FROM (
    SELECT {_SHOWN} FROM index_products WHERE {_MINE} ORDER BY {_TIME} DESC, product_id DESC LIMIT 24) x"""


def _taken(source: str, *names: str, **spelled: str) -> str:
    """`'{"id":' || (v -> 'id')::text || ',"title":' || …`: fields of a jsonb value as they stand in it."""
    named = {**{name: name for name in names}, **spelled}
    parts = [f"""'"{name}":' || ({source} -> '{key}')::text""" for name, key in named.items()]
    return "'{' || " + " || ',' || ".join(parts) + " || '}'"


def _each(items: str, row: str) -> str:
    return f"'[' || COALESCE((SELECT string_agg({row}, ',') FROM jsonb_array_elements({items}) e), '') || ']'"


_IMAGE = _taken("e", "url", "width", "height", altText="alt_text")
_SOLD = _taken("e", "id", "title", "sku", "options", availableForSale="available_for_sale")
_VARIANT = f"""'{{"price":' || COALESCE('{{"amount":' || (e #> '{{prices,EUR,amount}}')::text
    || ',"currencyCode":"EUR"}}', 'null') || ',' || substr({_SOLD}, 2)"""
# Every look into a packed document would unpack the whole of it: joined with nothing it is unpacked once.
DETAIL = f"""
SELECT '{{"data":{{"product":{{"id":"' || product_id || '","handle":"' || handle || '","priceRange":' || {_RANGE}
    || ',"images":' || {_each("d -> 'images'", _IMAGE)}
    || ',"categories":' || {_each("d -> 'categories'", _taken("e", "id", "name", "handle"))}
    || ',"variants":' || {_each("d -> 'variants'", _VARIANT)}
    || ',"seo":' || {_taken("(d -> 'seo')", "title", "description")}
    || ',' || substr({_taken("d", "title", "description", "vendor", "tags", "options")}, 2) || '}}}}'
FROM (SELECT product_id, handle, prices -> 'EUR' AS p, document || '{{}}'::jsonb AS d FROM index_products
      WHERE {_MINE} AND handle = $2 OFFSET 0) x"""


def _facet(name: str, column: str, labels: str, key: str) -> str:
    """Counts of an array's values; what they are called is looked up once for each, where they are at home."""
    return f"""'{{"name":"{name}","values":[' || COALESCE((
        SELECT string_agg('{{"value":' || to_json(v) || ',"label":' || to_json(l) || ',"count":' || c || '}}', ','
                          ORDER BY c DESC, l, v)
        FROM (SELECT v, c, COALESCE((SELECT max(t.name) FROM {labels} t WHERE {_MINE} AND t.{key} = v), v) AS l
              FROM (SELECT v, count(*) AS c FROM hits, unnest({column}) v GROUP BY v ORDER BY 2 DESC, 1 LIMIT 100) u
             ) f), '') || ']}}'"""


_OPTIONS = """COALESCE((
    SELECT string_agg(',{"name":' || to_json('option:' || n) || ',"values":[' || vs || ']}', '' ORDER BY n)
    FROM (SELECT n, string_agg('{"value":' || to_json(o) || ',"label":' || to_json(o) || ',"count":' || c || '}', ','
                               ORDER BY c DESC, o) AS vs
          FROM (SELECT split_part(v, E'\\x1f', 1) AS n, split_part(v, E'\\x1f', 2) AS o, c
                FROM (SELECT v, count(*) AS c FROM hits, unnest(option_values) v GROUP BY v) u) g GROUP BY n) f), '')"""

SEARCH = f"""
WITH hits AS MATERIALIZED (
    SELECT product_id, 1000 + (ts_rank(search_vector, q, 1) * 1000000)::bigint AS k,
        category_handles, tag_slugs, option_values
    FROM index_query('en', $2) q, index_products WHERE {_MINE} AND search_vector @@ q LIMIT 10001
), page AS (SELECT product_id AS id, k FROM hits ORDER BY k DESC, product_id DESC LIMIT 24)
SELECT '{{"data":{{"products":{{"nodes":[' || COALESCE((
        SELECT string_agg({_CARD}, ',' ORDER BY k DESC, product_id DESC) FROM (
            SELECT k, {_SHOWN} FROM page JOIN index_products ON product_id = page.id AND {_MINE} OFFSET 0) x), '')
    || '],"facets":[' || {_facet("category", "category_handles", "index_categories", "handle")}
    || ',' || {_facet("tag", "tag_slugs", "index_tags", "slug")} || {_OPTIONS} || ']}}}}}}'"""

_STATEMENTS = {"/list": LIST, "/detail": DETAIL, "/search": SEARCH}
_TYPE = (b"content-type", b"application/json")
_pool: Any = None


async def _nothing(connection: Any) -> None:
    """What the pool does before it lends a connection again."""


async def _body(receive: Any) -> list[str]:
    """The values of a JSON object, which is what our own requests carry their query in."""
    message = await receive()
    body = message["body"]
    while message.get("more_body"):
        message = await receive()
        body += message["body"]
    return list(msgspec.json.decode(body).values())


def _query(asked: bytes) -> list[str]:
    return [unquote_plus(asked.decode().partition("=")[2])] if asked else []


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Three addresses: /list, /detail with a handle, /search with a query; by GET, or by POST with a JSON object."""
    global _pool
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                _pool = await asyncpg.create_pool(
                    os.environ["DATABASE_URL"], min_size=_POOL, max_size=_POOL, reset=_nothing
                )
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    values = await _body(receive) if scope["method"] == "POST" else _query(scope["query_string"])
    found = await _pool.fetchval(_STATEMENTS[scope["path"]], _TENANT, *values)
    body = found.encode()
    head = [_TYPE, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": body})
