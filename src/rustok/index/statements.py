"""An owner's select as part of our own statements; one that is written again and again is spelled only once.

Spelling the projector's statement costs several times what PostgreSQL needs to run it for one product. So it is kept by
the select's shape, as SQLAlchemy keeps its own, and from then on only the select's values are taken.
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, Select, TextClause, bindparam
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.sql.compiler import SQLCompiler

PREFIX = "source_"  # of the parameters that come from an owner's select
Parameters = list[BindParameter[Any]]
MOST = 500  # spelled statements that are remembered
_COLON = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")
_PLACE = re.compile(r"%%|%\((\w+)\)s")
_DIALECT = postgresql.dialect(paramstyle="pyformat")  # type: ignore[no-untyped-call]  # SQLAlchemy's own
_DRIVER = asyncpg.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's own


def compile_select(select: Select[Any]) -> tuple[str, Parameters]:
    """A select as text with named parameters, to be part of a larger statement, and these with their types."""
    return _named(select.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True}))


def _named(compiled: Any) -> tuple[str, Parameters]:
    values = {f"{PREFIX}{name}": value for name, value in compiled.params.items()}
    types = {f"{PREFIX}{name}": bind.type for name, bind in compiled.binds.items()}
    # A colon of the owner's SQL ('HH24:MI') is no parameter of ours.
    sql = _COLON.sub(r"\\:\1", str(compiled))
    sql = _PLACE.sub(lambda found: "%" if found[0] == "%%" else f":{PREFIX}{found[1]} ", sql)
    return sql, [bindparam(name, value, type_=types.get(name)) for name, value in values.items()]


@dataclass(frozen=True)
class Spelled:
    """A statement as the driver takes it, and where its values come from."""

    sql: str
    names: tuple[str, ...]
    converters: Mapping[str, Callable[[Any], Any]]
    owner: SQLCompiler | None  # of the owner's select; None where it is spelled anew each time
    about: object  # keeps alive what the remembered key names by its id

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """The values in the driver's order and form."""
        return [self.converters[name](values[name]) if name in self.converters else values[name] for name in self.names]


_remembered: OrderedDict[Hashable, Spelled] = OrderedDict()


def spell(
    select: Select[Any], key: tuple[Hashable, ...], around: Callable[[str, Parameters], TextClause], *, about: object
) -> tuple[Spelled, dict[str, Any]]:
    """The statement `around` a select, and the select's values. Equal keys and equally shaped selects give equal text;
    `about` is what the key names by its `id`."""
    shape = select._generate_cache_key()
    if shape is not None:
        known = _remembered.get((key, shape.key))
        if known is not None and known.owner is not None:
            _remembered.move_to_end((key, shape.key))
            return known, _prefixed(known.owner.construct_params(extracted_parameters=shape.bindparams))
        owner: Any = select.compile(dialect=_DIALECT, cache_key=shape)
        if not (owner.post_compile_params or owner.literal_execute_params):
            made = _spelled(*_named(owner), around, owner=owner, about=about)
            _remembered[key, shape.key] = made
            while len(_remembered) > MOST:
                _remembered.popitem(last=False)
            return made, _prefixed(owner.params)
    sql, parameters = compile_select(select)  # its text depends on its values: lists spelled out, for instance
    return _spelled(sql, parameters, around, owner=None, about=about), {one.key: one.value for one in parameters}


def _spelled(
    sql: str,
    parameters: Parameters,
    around: Callable[[str, Parameters], TextClause],
    *,
    owner: SQLCompiler | None,
    about: object,
) -> Spelled:
    compiled: Any = around(sql, parameters).compile(dialect=_DRIVER)
    names: Sequence[str] = compiled.positiontup or ()
    converters = {}
    for name in set(names):
        convert = compiled.binds[name].type.dialect_impl(_DRIVER).bind_processor(_DRIVER)
        if convert is not None:
            converters[name] = convert
    return Spelled(str(compiled), tuple(names), converters, owner, about)


def _prefixed(values: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{PREFIX}{name}": value for name, value in values.items()}
