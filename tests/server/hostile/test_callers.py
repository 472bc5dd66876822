"""Hostile headers, addresses of pages and log-ins."""

import asyncio
from typing import Any

import httpx
import pytest
from tests.server.conftest import LOG_IN, Site
from tests.server.hostile.conftest import said


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer"},
        {"authorization": "Basic YTpi"},
        {"authorization": "Bearer " + "x" * 10_000},
        {"authorization": "Bearer \u00e4\u00f6".encode("latin-1")},
        {"authorization": "Bearer ' OR 1=1 --"},
        {"authorization": "Bearer rks_%00"},
    ],
)
async def test_bad_tokens_are_unauthenticated(shop: Site, headers: dict[str, Any]) -> None:
    response = await shop.client.post("/admin/graphql", json={"query": "{ me { id } }"}, headers=headers)
    assert response.status_code == 401
    said(response)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("accept-language", "en;q=nonsense, ;;;, " + "ru," * 5_000),
        ("x-locale", "../../etc"),
        ("x-locale", "'; DROP TABLE users"),
        ("x-currency", "€€€"),
        ("cookie", "currency=\u00e4; currency='; --"),
        ("accept", "," * 10_000),
        ("accept", "application/json;q=" + "9" * 500),
        ("x-forwarded-for", "'; --"),
        ("user-agent", "\u00e4" * 5_000),
        ("content-length", "-5"),
        ("if-none-match", "\x7f" * 100),
        ("range", "bytes=" + "9" * 5_000 + "-"),
    ],
)
async def test_headers_are_never_a_fault_of_ours(shop: Site, name: str, value: str) -> None:
    headers = httpx.Headers([(name.encode(), value.encode("utf-8"))])
    for path in ("/graphql?query={__typename}", "/", "/products/red-boat", shop.ids["file"]):
        response = await shop.client.get(path, headers=headers)
        assert response.status_code < 500, path
        assert "\n" not in "".join(response.headers.values())


@pytest.mark.parametrize(
    "path",
    [
        "/products/%0d%0aSet-Cookie:%20a=b",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/media/../../secret",
        "/media/%2e%2e%2f%2e%2e%2fsecret",
        "/products/" + "x" * 5_000,
        "/products/%ff%fe",
        "/search?q=" + "x" * 10_000,
        "/search?q=%00",
        "/search?q=%F0%9F%92%A9&after=%27",
        "/?currency=%0d%0aSet-Cookie:a=b",
        "/?currency=" + "x" * 5_000,
        "/categories/boats?page=-1&sort=x&price=NaN..Infinity&option=%00",
        "/categories/boats?after=AAAA&min=-1&max=99999999999999999999999",
        "/blog?page=99999999999999999999",
        "//evil.example/",
        "/\\evil.example",
        "/ru/ru/ru/ru",
        "/sitemap/products/-1.xml",
        "/sitemap/products/99999999999999999999.xml",
        "/.env",
        "/admin/%2e%2e/graphql",
    ],
)
async def test_no_address_of_a_page_is_a_fault_of_ours(shop: Site, path: str) -> None:
    response = await shop.page(path)
    assert response.status_code < 500, (path, response.text[:300])
    assert "set-cookie" not in response.headers or "a=b" not in response.headers["set-cookie"].split(";")[0]
    assert not response.headers.get("location", "").startswith(("//", "http://evil", "/\\"))


async def test_a_hundred_log_ins_at_once(shop: Site) -> None:
    async def attempt(number: int) -> str:
        email = shop.email if number % 2 else f"nobody-{number}@example.com"
        response = await shop.post("/graphql", LOG_IN, token="", email=email, password=f"wrong {number}")
        assert response.status_code == 200
        errors = response.json()["data"]["sessionCreate"]["userErrors"]
        return str(errors[0]["code"])

    codes = await asyncio.gather(*(attempt(number) for number in range(100)))
    assert set(codes) <= {"WRONG_CREDENTIALS", "TOO_MANY_ATTEMPTS"}
    # Counted together: ten or so guesses at the one account get an answer, however many come at the same moment.
    assert codes[1::2].count("WRONG_CREDENTIALS") <= 12
    assert (await shop.admin("{ me { email } }"))["me"]["email"] == shop.email
