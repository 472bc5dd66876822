"""Where payment providers call back: `/webhooks/payments/<code of the method>` on the shop's own host name."""

from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from rustok.commerce.payments import notices
from rustok.kernel import errors
from rustok.server import bodies
from rustok.server.host import Host

MOST_BYTES = 256 * 1024


class TooLarge(errors.Invalid):
    """No provider sends so much."""

    code = "body_too_large"
    status = 413


def router(host: Host) -> APIRouter:
    """The one route. Who may call is decided by the provider's signature alone."""
    made = APIRouter(tags=["webhooks"])

    @made.post(
        "/webhooks/payments/{method_code}",
        operation_id="receive_payment_webhook",
        summary="A payment provider tells what happened",
        responses=_ANSWERS,
    )
    async def receive(request: Request, method_code: str) -> Response:
        """Answers 200 to everything that is signed, known or not: only what could not be handled shall come again."""
        tenant = await host.tenancy.of(request)
        if "commerce" in tenant.disabled_modules:
            raise errors.ModuleDisabled("the module commerce is switched off for this tenant")
        try:
            body = await bodies.read_body(request, MOST_BYTES)
        except bodies.BodyTooLarge as error:
            raise TooLarge(str(error)) from None
        outcome = await notices.receive(partial(host.database.open, tenant), method_code, request.headers, body)
        return JSONResponse({"received": True, "outcome": outcome}, headers={"Cache-Control": "no-store"})

    return made


_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "Taken, perhaps not for the first time."},
    400: {"description": "It is not signed by the provider, or too old."},
    404: {"description": "The shop has no such payment method."},
    413: {"description": "The body is too large."},
    503: {"description": "The provider could not be asked: send it again."},
}
