"""Keyset paging for lists of the write model: a cursor is a row's sort key, so no row is skipped or read twice."""

import base64
import binascii
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast
from uuid import UUID

import msgspec
from sqlalchemy import ARRAY, ColumnElement, Select, Uuid, and_, false, func, literal, literal_column, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, aliased
from sqlalchemy.sql.selectable import TableValuedAlias

from rustok.kernel import errors
from rustok.kernel.context import Context

MOST = 100
DEFAULT = 20
AT_ONCE = 500  # rows of a table that is read whole
MOST_COUNTED = 10_000
ASC, DESC = False, True
T = TypeVar("T")
Key = tuple[InstrumentedAttribute[Any] | ColumnElement[Any], bool]


class InvalidPage(errors.Invalid):
    """The arguments of a connection contradict each other or are out of bounds."""

    code = "invalid_page"


@dataclass(frozen=True)
class Page(Generic[T]):
    """Rows in the order of the list, a cursor for each, and whether there are more on either side."""

    rows: list[T]
    cursors: list[str]
    has_next: bool
    has_previous: bool


@dataclass(frozen=True)
class Window:
    """The checked paging arguments: how many rows, from which end, between which cursors."""

    size: int
    backwards: bool
    after: str | None
    before: str | None


def window(*, first: int | None, after: str | None, last: int | None, before: str | None, most: int = MOST) -> Window:
    """Check Relay's four arguments; raise `InvalidPage` naming the one that is wrong."""
    if first is not None and last is not None:
        raise InvalidPage("give first or last, not both", field="first")
    for name, value in (("first", first), ("last", last)):
        if value is not None and not 0 <= value <= most:
            raise InvalidPage(f"{name} must be between 0 and {most}, not {value}", field=name)
    size = last if last is not None else first if first is not None else min(DEFAULT, most)
    return Window(size, last is not None, after, before)


def encode_cursor(values: Sequence[Any]) -> str:
    """An opaque cursor from the sort key of a row."""
    return base64.urlsafe_b64encode(msgspec.json.encode(list(values))).decode().rstrip("=")


def decode_cursor(cursor: str, kinds: Sequence[Any], *, field: str) -> list[Any]:
    """The sort key in a cursor, each value of its type; raise `InvalidPage` for anything we did not make."""
    try:
        raw = base64.urlsafe_b64decode(cursor[:2000] + "=" * (-len(cursor) % 4))
        values = msgspec.json.decode(raw, type=list[Any])
        if len(values) != len(kinds):
            raise ValueError("wrong number of values")
        return [msgspec.convert(value, kind, strict=False) for value, kind in zip(values, kinds, strict=True)]
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        raise InvalidPage(f"{field} is no cursor of this list", field=field) from None


async def page(
    context: Context,
    statement: Select[T],
    *,
    keys: Sequence[Key],
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
    most: int = MOST,
    plan_once: bool = False,
) -> Page[T]:
    """One page of a select of entities. `keys` are (column, descending); the last one must be unique in the list.

    `plan_once` is for a list whose index is the right one whatever is asked for, on a table of many partitions:
    planning these takes longer than reading a page. PostgreSQL keeps a prepared plan only if it knows how few rows are
    wanted, so their number stands in the statement.
    """
    wanted = window(first=first, after=after, last=last, before=before, most=most)
    asked = _cut(_between(statement, keys, wanted).add_columns(*(column for column, _ in keys)), keys, wanted)
    if plan_once:
        asked = asked.limit(literal_column(str(wanted.size + 1)))
    return _page(list(await context.session.execute(asked)), wanted)


async def page_of_each(
    context: Context,
    statement: Select[T],
    owners: Sequence[UUID],
    *,
    of: InstrumentedAttribute[Any],
    keys: Sequence[Key],
    first: int | None = None,
    after: str | None = None,
    last: int | None = None,
    before: str | None = None,
    most: int = MOST,
) -> dict[UUID, Page[T]]:
    """The same page for each owner of rows, whom the column `of` names: one statement, however many they are."""
    if len(owners) == 1:  # the statement for many is planned anew every time
        (owner,) = owners
        one = statement.where(of == owner)
        return {
            owner: await page(context, one, keys=keys, first=first, after=after, last=last, before=before, most=most)
        }
    wanted = window(first=first, after=after, last=last, before=before, most=most)
    each = _each(owners)
    named = [column.label(f"key_{place}") for place, (column, _) in enumerate(keys)]
    asked = _between(statement, keys, wanted).add_columns(*named).where(of == each.c.id)
    part = _cut(asked, keys, wanted).lateral()
    values: list[Key] = [(part.c[column.name], down) for column, (_, down) in zip(named, keys, strict=True)]
    entity = aliased(statement.column_descriptions[0]["entity"], part)
    joined = select(each.c.id, entity, *(column for column, _ in values)).join_from(each, part, true())
    found: dict[UUID, list[Any]] = {owner: [] for owner in owners}
    for owner, *row in await context.session.execute(joined.order_by(*_order(values, wanted))):
        found[owner].append(row)
    return {owner: _page(rows, wanted) for owner, rows in found.items()}


def _between(statement: Select[T], keys: Sequence[Key], wanted: Window) -> Select[T]:
    """What lies between the cursors."""
    kinds = [column.type.python_type | None for column, _ in keys]
    for name, cursor, forward in (("after", wanted.after, True), ("before", wanted.before, False)):
        if cursor is not None:
            values = decode_cursor(cursor, kinds, field=name)
            statement = statement.where(_beyond(keys, values, forward=forward))
    return statement


def _order(keys: Sequence[Key], wanted: Window) -> list[ColumnElement[Any]]:
    back = wanted.backwards
    return [_ordered(column, down=down is not back, backwards=back) for column, down in keys]


def _cut(asked: Select[Any], keys: Sequence[Key], wanted: Window) -> Select[Any]:
    """As many as are wanted from their end, and one more to see whether there is one."""
    return asked.order_by(*_order(keys, wanted)).limit(wanted.size + 1)


def _page(found: list[Any], wanted: Window) -> Page[Any]:
    """From rows of an entity and its key."""
    more = len(found) > wanted.size
    found = found[: wanted.size]
    if wanted.backwards:
        found.reverse()
    return Page(
        rows=[row[0] for row in found],
        cursors=[encode_cursor(row[1:]) for row in found],
        has_next=wanted.before is not None if wanted.backwards else more,
        has_previous=more if wanted.backwards else wanted.after is not None,
    )


async def pages(context: Context, statement: Select[T], *, keys: Sequence[Key]) -> AsyncIterator[list[T]]:
    """Every row of a select of entities, in pages: nothing is left out or told twice, whatever is written meanwhile.

    What was read is forgotten with its page, so that a long table needs no more memory than a short one.
    """
    after: str | None = None
    while True:
        found = await page(context, statement, keys=keys, first=AT_ONCE, after=after, most=AT_ONCE)
        yield found.rows
        if not found.has_next:
            return
        after = found.cursors[-1]
        context.session.expunge_all()


def _each(owners: Sequence[UUID]) -> TableValuedAlias:
    """The owners as a table."""
    return func.unnest(literal(list(owners), ARRAY(Uuid))).table_valued("id").render_derived()


def _never_null(column: Any) -> bool:
    """Whether the table says so; nothing is known of an expression."""
    return getattr(getattr(column, "expression", column), "nullable", None) is False


def _ordered(column: Any, *, down: bool, backwards: bool) -> ColumnElement[Any]:
    """NULLs stand last whichever way the list runs, as `_beyond` has it.

    Where there are none nothing is said of them: for `DESC NULLS LAST` PostgreSQL would not walk an index backwards.
    """
    made: Any = column.desc() if down else column.asc()
    if not _never_null(column):
        made = made.nulls_first() if backwards else made.nulls_last()
    return cast(ColumnElement[Any], made)


def _beyond(keys: Sequence[Key], values: Sequence[Any], *, forward: bool) -> ColumnElement[bool]:
    """Rows after (or before) the key, lexicographically, with NULLs last."""
    alternatives: list[ColumnElement[bool]] = []
    equal_so_far: list[ColumnElement[bool]] = []
    for (column, down), value in zip(keys, values, strict=True):
        greater = forward is not down
        if value is None:
            further: ColumnElement[bool] = false() if forward else column.is_not(None)
            same: ColumnElement[bool] = column.is_(None)
        else:
            further = column > literal(value) if greater else column < literal(value)
            if forward and not _never_null(column):
                further = or_(further, column.is_(None))
            same = column == literal(value)
        alternatives.append(and_(true(), *equal_so_far, further))
        equal_so_far.append(same)
    beyond = or_(*alternatives)
    column, down = keys[0]
    if len(keys) > 1 and values[0] is not None and _never_null(column):
        # The same said again as a bound that an index can begin at, and that leaves partitions out.
        bound = column >= literal(values[0]) if forward is not down else column <= literal(values[0])
        return and_(bound, beyond)
    return beyond


async def count(context: Context, statement: Select[Any], *, limit: int = MOST_COUNTED) -> tuple[int, bool]:
    """How many rows a select has, counted up to `limit`; the second value says whether that is exact."""
    some = statement.order_by(None).limit(limit + 1).subquery()
    found = await context.session.scalar(select(func.count()).select_from(some)) or 0
    return min(found, limit), found <= limit


async def count_of_each(
    context: Context,
    statement: Select[Any],
    owners: Sequence[UUID],
    *,
    of: InstrumentedAttribute[Any],
    limit: int = MOST_COUNTED,
) -> dict[UUID, tuple[int, bool]]:
    """The same for the rows of each owner, whom the column `of` names, in one statement."""
    each = _each(owners)
    some = statement.with_only_columns(of.label("owner")).where(of == each.c.id).limit(limit + 1).lateral()
    counted = select(each.c.id, func.count(some.c.owner)).outerjoin_from(each, some, true()).group_by(each.c.id)
    return {owner: (min(n, limit), n <= limit) for owner, n in await context.session.execute(counted)}
