"""Webhooks as personal data: what they tell of somebody's registration."""

from typing import Any

from sqlalchemy import delete

from rustok.core.webhooks.models import Delivery
from rustok.events.core import UserRegistered
from rustok.kernel.context import Context
from rustok.kernel.personal import PersonalData, Subject


async def export(context: Context, subject: Subject) -> Any:
    """Nothing: what was told is the account's registration, which stands with the account."""
    return None


async def erase(context: Context, subject: Subject) -> None:
    """Remove the deliveries that hold somebody's address; no other event holds personal data."""
    if subject.user_id is not None:
        await context.session.execute(
            delete(Delivery)
            .where(
                Delivery.tenant_id == context.tenant_id,
                Delivery.event_type == UserRegistered.__name__,
                Delivery.body.contains(str(subject.user_id)),
            )
            .execution_options(synchronize_session=False)
        )


PART = PersonalData("webhooks", export, erase)
