"""Many drafts at once: a handful of statements for each batch, and nothing written for what has not changed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from rustok.commerce.products import preparing, writing
from rustok.commerce.products.drafts import ProductDraft
from rustok.commerce.products.preparing import Prepared
from rustok.kernel.context import Context
from rustok.kernel.errors import RustokError

BATCH = 500


@dataclass(slots=True)
class SaveOutcome:
    """What became of the drafts. `ids` finds every saved product by the handle of its draft."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    failed: list[tuple[ProductDraft, str]] = field(default_factory=list)
    ids: dict[str, UUID] = field(default_factory=dict)
    remote_pictures: int = 0
    """Pictures that are known by their remote address now and were not before."""


async def save_many(context: Context, drafts: Sequence[ProductDraft], *, dry_run: bool = False) -> SaveOutcome:
    """Make or change the products that the drafts describe; a draft that cannot be saved fails alone.

    A product is found again by its external key, else by its handle. What a draft does not state stays. With
    `dry_run` everything is tried and nothing is kept.
    """
    outcome = SaveOutcome()
    if not dry_run:
        await _save(context, drafts, outcome)
        return outcome
    told = len(context.recorded)
    attempt = await context.session.begin_nested()
    try:
        await _save(context, drafts, outcome)
    finally:
        await attempt.rollback()
        del context.recorded[told:]
    outcome.ids.clear()
    return outcome


async def _save(context: Context, drafts: Sequence[ProductDraft], outcome: SaveOutcome) -> None:
    prepared = []
    for draft in drafts:
        try:
            prepared.append(preparing.prepare(draft, default_currency=context.tenant.default_currency))
        except RustokError as error:
            outcome.failed.append((draft, str(error)))
    for batch in _batches(prepared):
        await _halve(context, batch, outcome)


async def _halve(context: Context, batch: Sequence[Prepared], outcome: SaveOutcome) -> None:
    """Save a batch; while something in it cannot be written, save its halves: a bad draft costs some nine attempts."""
    if await _try(context, batch, outcome) or len(batch) == 1:
        return
    middle = len(batch) // 2
    await _halve(context, batch[:middle], outcome)
    await _halve(context, batch[middle:], outcome)


def _batches(prepared: Sequence[Prepared]) -> Iterator[list[Prepared]]:
    """No batch names a product twice: the later draft shall find what the earlier one wrote."""
    batch: list[Prepared] = []
    named: set[str] = set()
    for one in prepared:
        names = {f"handle {one.handle}", f"key {one.external_key}" if one.external_key else f"handle {one.handle}"}
        if len(batch) >= BATCH or not named.isdisjoint(names):
            yield batch
            batch, named = [], set()
        batch.append(one)
        named |= names
    if batch:
        yield batch


async def _try(context: Context, batch: Sequence[Prepared], outcome: SaveOutcome) -> bool:
    """Save a batch as a whole or not at all; of a single one that fails, the reason is kept."""
    told = len(context.recorded)
    try:
        async with context.session.begin_nested():
            written = await writing.write(context, batch)
    except (RustokError, DBAPIError) as error:
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            raise
        del context.recorded[told:]
        if len(batch) == 1:
            outcome.failed.append((batch[0].draft, _reason(error)))
        return False
    outcome.created += len(written.created)
    outcome.updated += len(written.updated)
    outcome.unchanged += len(batch) - len(written.created) - len(written.updated)
    outcome.remote_pictures += written.remote_pictures
    _note_ids(outcome.ids, batch, written.ids)
    return True


def _note_ids(ids: dict[str, UUID], batch: Sequence[Prepared], found: Mapping[int, UUID]) -> None:
    for position, one in enumerate(batch):
        ids[one.draft.handle] = found[position]


def _reason(error: RustokError | DBAPIError) -> str:
    if isinstance(error, RustokError):
        return str(error)
    # PostgreSQL's first line says what is wrong; the rest is our SQL and of no use to a merchant.
    return str(error.orig).splitlines()[0].split(">: ")[-1][:300]
