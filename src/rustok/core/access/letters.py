"""Mail about an account. Its links begin with the tenant's own host name, whatever a request says."""

from datetime import timedelta
from urllib.parse import quote
from uuid import UUID

from rustok.core.access import tokens
from rustok.core.mailing import service as mailing
from rustok.core.users.models import User
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id

# The page that takes a letter's token, and how long it does.
_PAGES: dict[str, tuple[str, timedelta]] = {
    "password_reset": ("/reset", tokens.RESET_LASTS),
    "account_exists": ("/reset", tokens.RESET_LASTS),
    "invitation": ("/reset", tokens.INVITATION_LASTS),
    "email_verification": ("/verify", tokens.PROOF_LASTS),
    "email_change": ("/verify", tokens.PROOF_LASTS),
}


async def send(context: Context, template: str, *, to: str, about: User, token: str | None = None) -> None:
    """Put a letter into the outbox, in the account's language; with a token it holds the link to the page for it."""
    values: dict[str, object] = {"name": about.name, "email": about.email}
    if token is not None:
        page, lasts = _PAGES[template]
        values |= {"path": f"{page}?token={quote(token, safe='')}", "hours": int(lasts / timedelta(hours=1))}
    locale = about.locale or context.tenant.default_locale
    once = f"{about.id}:{generate_id()}"
    await mailing.queue(context, template, to=to, locale=locale, values=values, once=once)


async def forget(context: Context, user_id: UUID) -> None:
    """Remove every letter about an account, also those to addresses that were never proven to be its owner's."""
    await mailing.forget_occasions(context, beginning=f"{user_id}:")
