"""Completes checkouts in processes that die at a named point, and then again: run by test_dying, prints one JSON line.

The application is made once, without a connection; each process is a fork that opens connections of its own.
"""

import asyncio
import json
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from rustok.kernel import steps
from rustok.kernel.settings import Settings
from rustok.server import app as web
from rustok.server.host import Host

COMPLETE = """mutation($cart: ID!) { completeCheckout(cartId: $cart, paymentMethod: "bank_transfer") {
  order { id number total { amount } } payment { id status } shortages { title } userErrors { code message } } }"""


@dataclass(frozen=True)
class Shop:
    """The application, and the site that it is asked for."""

    host: Host
    app: FastAPI
    site: str


async def ask(shop: Shop, cart: str, *keys: str) -> list[dict[str, Any]]:
    """One request with each key in turn."""
    try:
        transport = httpx.ASGITransport(shop.app)
        async with httpx.AsyncClient(transport=transport, base_url=shop.site, timeout=60) as client:
            body = {"query": COMPLETE, "variables": {"cart": cart}}
            responses = [await client.post("/graphql", json=body, headers={"idempotency-key": key}) for key in keys]
        return [
            {
                "status": response.status_code,
                "body": response.json(),
                "stored": response.headers.get("idempotency-replayed") == "true",
            }
            for response in responses
        ]
    finally:
        await shop.host.close()


def fork(shop: Shop, cart: str, *keys: str, die_at: str = "", note: bool = False) -> dict[str, Any]:
    """What a process of its own was answered, or the signal that it died of."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        passed: list[str] = []

        def hook(point: str) -> None:
            passed.append(point)
            if point == die_at:
                os.kill(os.getpid(), signal.SIGKILL)

        if die_at or note:
            steps.install(hook)
        try:
            told = {"answers": asyncio.run(ask(shop, cart, *keys))}
        except BaseException as error:
            told = {"fell": repr(error)}
        os.write(writing, json.dumps({**told, "passed": passed}).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        written = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return {"signal": os.WTERMSIG(status)}
    return dict(json.loads(written))


def main() -> None:
    """The first cart is completed in peace, to learn the points; each other one dies at one of them."""
    job = json.load(sys.stdin)
    host = Host.open(Settings(home=Path(job["home"]), secret_key="only for tests", default_tenant=None), job["owner"])
    shop = Shop(host, web.build(host), job["site"])
    peaceful, *carts = job["carts"]
    first = fork(shop, peaceful, "peaceful", note=True)
    points = first.get("passed", [])
    runs = []
    for point, cart in zip(points, carts, strict=False):
        key = f"key-{point}"
        runs.append(
            {
                "point": point,
                "cart": cart,
                "died": fork(shop, cart, key, die_at=point),
                "after": fork(shop, cart, key, key, f"other-{point}"),
            }
        )
    sys.stdout.write(json.dumps({"first": first, "runs": runs}) + "\n")


if __name__ == "__main__":
    main()
