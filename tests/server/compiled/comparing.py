"""Asks the same twice, of whichever executor is chosen and of the ordinary one, and holds the answers side by side."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from tests.server.compiled.generating import Asked

EXECUTOR = "RusToK-Executor"
FREELY = {"Cache-Control": "no-cache", "Accept-Encoding": "identity"}
ORDINARY = {**FREELY, EXECUTOR: "ordinary"}


@dataclass(frozen=True)
class Compared:
    """What became of one request."""

    asked: Asked
    ordinary: str
    chosen: str
    executor: str
    failed: bool  # refused, or with errors

    @property
    def alike(self) -> bool:
        """Whether both executors said the same."""
        return self.ordinary == self.chosen


async def compare(client: httpx.AsyncClient, asked: Asked, *, first: bool) -> Compared:
    """Ask both; `first` has the freely chosen executor go first."""
    ways = (FREELY, ORDINARY) if first else (ORDINARY, FREELY)
    answers = {}
    for way in ways:
        answers[way is ORDINARY] = await client.post("/graphql", json=asked.body(), headers={**asked.headers, **way})
    free, ordinary = answers[False], answers[True]
    assert ordinary.headers.get(EXECUTOR, "ordinary") == "ordinary", ordinary.headers
    body = ordinary.json()
    for error in body.get("errors", ()):
        assert (error.get("extensions") or {}).get("code") != "internal", pasted(asked, body)
    failed = bool(body.get("errors")) or ordinary.is_error
    chosen, usual = shown(free), shown(ordinary)
    if failed and chosen != usual and _raced(free, ordinary):
        chosen = usual
    return Compared(asked, usual, chosen, free.headers.get(EXECUTOR, ""), failed)


def _raced(free: httpx.Response, ordinary: httpx.Response) -> bool:
    """Fields run side by side, and of several errors that leave no data the first wins, not always the same one.

    Whether both answers are such errors; the free one is the ordinary executor's as well.
    """
    bodies = [one.json() for one in (free, ordinary)]
    if free.headers.get(EXECUTOR) == "compiled" or not all(one.get("errors") for one in bodies):
        return False
    return bodies[0].get("data", 0) is bodies[1].get("data", 0) is None


def shown(response: httpx.Response) -> str:
    """The answer as text: order of keys as it was sent, numbers by value, and no key twice."""
    body = json.loads(response.content, object_pairs_hook=_once, parse_float=_number)
    if isinstance(body, dict) and isinstance(body.get("errors"), list):
        body["errors"].sort(key=lambda error: json.dumps([error.get("path"), error], ensure_ascii=False))
    return json.dumps([response.status_code, response.headers["content-type"], body], ensure_ascii=False, indent=1)


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    assert len(found) == len(pairs), f"a key stands twice: {[key for key, _ in pairs]}"
    return found


def _number(text: str) -> int | float:
    value = float(text)
    return int(value) if value.is_integer() else value


def pasted(asked: Asked, *more: Any) -> str:
    """The request in a form that can be pasted into a test or a terminal."""
    lines = [asked.query, f"variables: {json.dumps(dict(asked.variables), ensure_ascii=True)}"]
    if asked.operation_name is not None:
        lines.append(f"operationName: {asked.operation_name!r}")
    if asked.headers:
        lines.append(f"headers: {dict(asked.headers)}")
    return "\n".join([*lines, *(json.dumps(one, ensure_ascii=False)[:3000] for one in more)])


def difference(compared: Compared) -> str:
    """The first lines in which the answers differ."""
    ordinary, chosen = compared.ordinary.splitlines(), compared.chosen.splitlines()
    place = next(
        (n for n, (a, b) in enumerate(zip(ordinary, chosen, strict=False)) if a != b), min(len(ordinary), len(chosen))
    )
    around = slice(max(place - 4, 0), place + 6)
    told = [f"ordinary: {line[:300]}" for line in ordinary[around]] + [
        f"{compared.executor}: {line[:300]}" for line in chosen[around]
    ]
    return "\n".join(told)
