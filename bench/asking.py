"""One request after the other over one kept connection: for comparing answers, for updates and for walking pages."""

import http.client
import json
from collections.abc import Mapping
from typing import Any

from bench.figures import Broken
from bench.shop import Request


class Client:
    """A client of one server; every answer must be 200, and no GraphQL answer may hold errors."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.headers: Mapping[str, str] = {}

    def send(self, one: Request) -> bytes:
        """The body of the answer; its headers are kept until the next one."""
        headers = {"Accept": "application/json", **one.get("headers", {})}
        body = None
        if "body" in one:
            body = json.dumps(one["body"]).encode()
            headers["Content-Type"] = "application/json"
        self._connection.request("POST" if body else "GET", one["path"], body, headers)
        answer = self._connection.getresponse()
        found = answer.read()
        self.headers = {name.lower(): value for name, value in answer.getheaders()}
        if answer.status != 200:
            raise Broken(f"{one['path'][:60]} answered {answer.status}: {found[:300].decode(errors='replace')}")
        return found

    def data(self, one: Request) -> dict[str, Any]:
        """The `data` of a JSON answer."""
        answer: dict[str, Any] = json.loads(self.send(one))
        if answer.get("errors"):
            raise Broken(f"{str(one.get('body', one['path']))[:120]}: {str(answer['errors'])[:400]}")
        found: dict[str, Any] = answer["data"]
        return found

    def call(self, path: str, query: str, *, token: str | None = None, **variables: Any) -> dict[str, Any]:
        """A GraphQL operation, with a token where one is needed."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.data({"path": path, "body": {"query": query, "variables": variables}, "headers": headers})

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
