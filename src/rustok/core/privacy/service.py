"""What can be done with somebody's data: hand it out whole, erase it from everywhere. What the books need stays."""

from typing import Any
from uuid import UUID

import msgspec
import structlog

from rustok.core.access import lockouts
from rustok.core.access.sessions import Client
from rustok.core.roles import service as roles
from rustok.core.users import emails, passwords
from rustok.core.users import service as users
from rustok.events.core import UserErased
from rustok.kernel import bus, errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id
from rustok.kernel.personal import PersonalData, Subject

logger = structlog.get_logger("rustok.privacy")


class StillNeeded(errors.Conflict):
    """Something has to come to an end first: the message names it."""

    code = "data_still_needed"


class StaffAccount(errors.Conflict):
    """The account may do more than customers: take its role away first."""

    code = "staff_account"


class HasAccount(errors.Conflict):
    """The address is an account's: ask for the account."""

    code = "has_account"


async def of_account(context: Context, user_id: UUID) -> Subject:
    """Whoever has the account, known by its address only once that is proven."""
    user = await users.get(context, user_id)
    known = frozenset({user.email}) if user.email_verified_at is not None else frozenset[str]()
    return Subject(user.id, known, _pseudonym(user.id))


async def of_guest(context: Context, email: str) -> Subject:
    """Whoever has the address, without an account. Raises `HasAccount`."""
    address = emails.check_email(email)
    if await users.find(context, address) is not None:
        raise HasAccount("this address is an account's: ask for the account's data", field="email")
    return Subject(None, frozenset({address}), _pseudonym(UUID(str(generate_id()))))


async def export(context: Context, subject: Subject) -> dict[str, Any]:
    """Everything that every module holds of somebody, as JSON by the names of the parts."""
    found: dict[str, Any] = {"exported_at": context.now, "tenant": context.tenant.name}
    for part in _parts(context):
        found[part.name] = await part.export(context, subject)
    told: dict[str, Any] = msgspec.to_builtins(found, str_keys=True)
    return told


async def erase(context: Context, subject: Subject) -> None:
    """Erase somebody's data everywhere, for good; may be asked again. Raises `StillNeeded`, `StaffAccount`."""
    if subject.user_id is not None:
        user = await users.lock(context, subject.user_id)
        if user.role != roles.CUSTOMER:
            raise StaffAccount("an account of staff is not erased: take its role away first")
    parts = _parts(context)
    needed = [one for part in parts if part.keeps is not None for one in await part.keeps(context, subject)]
    if needed:
        shown = ", ".join(needed[:20]) + (f" and {len(needed) - 20} more" if len(needed) > 20 else "")
        raise StillNeeded(f"this has to come to an end first: {shown}")
    for part in parts:
        await part.erase(context, subject)
    if subject.user_id is not None:
        bus.record(context, UserErased(user_id=subject.user_id))
    logger.info(
        "privacy.erased",
        tenant=context.tenant.slug,
        subject=subject.pseudonym,
        by=context.actor.kind,
        actor_id=str(context.actor.user_id or ""),
    )


async def erase_own(context: Context, *, password: str, client: Client | None = None) -> bool:
    """Erase the actor's own data; False where the password is wrong, and the edge must commit the counted failure."""
    client = client or Client()
    me = await users.get(context, users.self_id(context))
    account, network = lockouts.account(me.email), lockouts.address(client.address)
    await lockouts.enter(context, account, network)
    if not await passwords.verify(me.password_hash, password):
        await lockouts.note(context, account, network)
        return False
    await erase(context, await of_account(context, me.id))
    return True


def _parts(context: Context) -> list[PersonalData]:
    return context.installation.offered(PersonalData)


def _pseudonym(id_: UUID) -> str:
    return f"erased-{id_.hex}@{emails.NOBODYS}"
