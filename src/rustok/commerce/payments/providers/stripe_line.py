"""The SDK's requests go over httpx."""

from collections.abc import Mapping
from typing import Any

import httpx
import stripe


class Line(stripe.HTTPClient):
    """The SDK's requests over httpx. The SDK's own httpx client hands bodies over in a way that httpx warns of."""

    name = "httpx"

    def __init__(self, timeout: float) -> None:
        super().__init__()
        self._httpx = httpx.AsyncClient(timeout=timeout, follow_redirects=False)

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """Status, body and headers; raises `stripe.APIConnectionError` where nobody answers."""
        try:
            response = await self._httpx.request(method, url, headers=dict(headers or {}), content=post_data)
        except httpx.HTTPError as error:
            told = f"no answer ({type(error).__name__})"
            raise stripe.APIConnectionError(told) from error  # type: ignore[no-untyped-call]  # the SDK says no types
        return response.content, response.status_code, response.headers
