"""What a shopper chose by the address of a list: filters, order and place, and the links that change them.

Everything follows from the entity's declaration: a facet named `vendor` is the parameter `vendor`, prices are
`price_min` and `price_max`, an option is `option.Size`. What cannot be is ignored rather than answered by an error,
because addresses are typed, cut off and passed on.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from rustok.kernel import money
from rustok.kernel.indexing import Entity, Facet, Op
from rustok.storefront import addresses, formatting
from rustok.storefront.wording import Wording

OPTION = "option."
MOST_VALUES = 20  # of one facet
LONGEST = 200
Pairs = list[tuple[str, str]]


@dataclass
class Chosen:
    """The part of a query string that narrows and orders a list."""

    entity: Entity
    values: dict[str, list[str]] = field(default_factory=dict)  # facet → values
    flags: set[str] = field(default_factory=set)
    options: dict[str, list[str]] = field(default_factory=dict)
    lowest: str = ""
    highest: str = ""
    sort: str = ""
    after: str = ""
    before: str = ""
    kept: Pairs = field(default_factory=list)  # what is no filter but must survive: the words searched for

    @property
    def is_narrowed(self) -> bool:
        """Whether any filter is set."""
        return bool(self.values or self.flags or self.options or self.lowest or self.highest)

    def where(self) -> dict[str, Any]:
        """The same as a `where` of the read model."""
        found: dict[str, Any] = {}
        for facet in self.entity.facets:
            name = _filter_of(self.entity, facet)
            if not name:
                continue
            if facet.op is Op.OPTION and self.options:
                found[name] = [{"name": option, "values": values} for option, values in self.options.items()]
            elif facet.op is Op.PRICE and (self.lowest or self.highest):
                found[name] = {"gte": self.lowest or None, "lte": self.highest or None}
            elif facet.op is Op.FLAG and facet.name in self.flags:
                found[name] = True
            elif facet.name in self.values:
                found[name] = {"in": self.values[facet.name]}
        return found

    def pairs(self, *, without: tuple[str, str] | None = None, **changes: str) -> Pairs:
        """The query string as pairs, without one filter, with other values; a place in the list is not carried on."""
        found: Pairs = [*self.kept]
        found += [(name, value) for name, values in self.values.items() for value in values]
        found += [(name, "1") for name in sorted(self.flags)]
        found += [(f"{OPTION}{name}", value) for name, values in self.options.items() for value in values]
        found += [("price_min", self.lowest), ("price_max", self.highest), ("sort", self.sort)]
        return [
            *((k, v) for k, v in found if v and (k, v) != without and k not in changes),
            *((k, v) for k, v in changes.items() if v),
        ]

    def hidden(self, *names: str) -> Pairs:
        """What a form must carry along that has no field of its own."""
        return [(k, v) for k, v in self.pairs() if k not in names]


def read(entity: Entity, params: Iterable[tuple[str, str]], currency: str, *, keep: Sequence[str] = ()) -> Chosen:
    """Read a query string; parameters and values that the entity does not know are left out."""
    chosen = Chosen(entity)
    kinds = {facet.name: facet.op for facet in entity.facets}
    sorts = {sort.name.upper() for sort in entity.sorts} | {"RELEVANCE"}
    for name, raw in params:
        value = raw.strip()
        if not value or len(value) > 2 * LONGEST or "\x00" in value:
            continue
        if name in keep:
            chosen.kept.append((name, value))
        elif name in ("price_min", "price_max"):
            amount = _amount(value, currency)
            if name == "price_min":
                chosen.lowest = amount
            else:
                chosen.highest = amount
        elif name == "sort" and value.upper() in sorts:
            chosen.sort = value.upper()
        elif name == "after":
            chosen.after = value
        elif name == "before":
            chosen.before = value
        elif name.startswith(OPTION) and Op.OPTION in kinds.values():
            _add(chosen.options, name.removeprefix(OPTION)[:LONGEST], value)
        elif kinds.get(name) is Op.FLAG:
            chosen.flags.add(name)
        elif name in kinds and kinds[name] not in (Op.PRICE, Op.OPTION, Op.RANGE):
            _add(chosen.values, name, value)
    return chosen


@dataclass(frozen=True)
class Value:
    """One value of a facet as the form shows it."""

    value: str
    label: str
    count: int
    checked: bool


@dataclass(frozen=True)
class Group:
    """One facet as the form shows it. `kind` is `values`, `flag` or `price`."""

    name: str
    label: str
    kind: str
    values: list[Value]
    lowest: str = ""
    highest: str = ""


def groups(
    chosen: Chosen, facets: Sequence[Mapping[str, Any]] | None, wording: Wording, *, hide: Sequence[str] = ()
) -> list[Group]:
    """The facets worth showing: those with a choice to make, or with one that was made."""
    kinds = {facet.name: facet.op for facet in chosen.entity.facets}
    found = []
    for facet in facets or ():
        name = str(facet.get("name", ""))
        base, _, option = name.partition(":")
        kind = kinds.get(base)
        if base in hide or kind is None or kind is Op.RANGE:
            continue
        counted = [v for v in facet.get("values") or () if v.get("count") or v.get("value")]
        if kind is Op.PRICE:
            least, most = facet.get("min"), facet.get("max")
            if least and most and (least["amount"] != most["amount"] or chosen.lowest or chosen.highest):
                found.append(Group("price", wording.say("filters.price"), "price", [], _plain(least), _plain(most)))
            continue
        if kind is Op.FLAG:
            yes = next((v["count"] for v in counted if str(v["value"]).lower() in ("true", "t", "1")), 0)
            no = sum(v["count"] for v in counted) - yes
            if base in chosen.flags or (yes and no):
                shown = [Value("1", wording.say("filters.available"), yes, base in chosen.flags)]
                found.append(Group(base, wording.say("filters.availability"), "flag", shown))
            continue
        own = chosen.options.get(option, []) if option else chosen.values.get(base, [])
        values = [
            Value(str(v["value"]), str(v.get("label") or v["value"]), int(v.get("count") or 0), str(v["value"]) in own)
            for v in counted
        ]
        if len(values) > 1 or own:
            label = option or _heading(base, wording)
            values.sort(key=lambda v: not v.checked)
            found.append(Group(f"{OPTION}{option}" if option else base, label, "values", values))
    return sorted(found, key=_weight)


def _weight(group: Group) -> int:
    """What shoppers narrow by first comes first; tags, of which there are many, come last."""
    if group.kind == "values":
        return 4 if group.name in ("tag", "tags") else 3 if group.name == "vendor" else 2
    return 0 if group.kind == "flag" else 1


@dataclass(frozen=True)
class Active:
    """A filter that is set, and the address without it."""

    label: str
    href: str


def active(
    chosen: Chosen, facets: Sequence[Mapping[str, Any]] | None, wording: Wording, path: str, currency: str
) -> list[Active]:
    """The filters that are set, each removable by a link."""
    labels = {
        (str(f.get("name")), str(v.get("value"))): str(v.get("label") or v.get("value"))
        for f in facets or ()
        for v in f.get("values") or ()
    }

    def without(name: str, value: str) -> str:
        return path + addresses.query(chosen.pairs(without=(name, value)))

    found = [
        Active(labels.get((name, value), value), without(name, value))
        for name, values in chosen.values.items()
        for value in values
    ]
    found += [
        Active(f"{name}: {value}", without(f"{OPTION}{name}", value))
        for name, values in chosen.options.items()
        for value in values
    ]
    found += [Active(wording.say("filters.available"), without(name, "1")) for name in sorted(chosen.flags)]
    for key, name, amount in (
        ("at_least_price", "price_min", chosen.lowest),
        ("at_most_price", "price_max", chosen.highest),
    ):
        if amount:
            shown = formatting.price({"amount": amount, "currency_code": currency}, wording.language)
            found.append(Active(wording.say(f"filters.{key}", price=shown), without(name, amount)))
    return found


@dataclass(frozen=True)
class Order:
    """One way to sort, as the select shows it."""

    name: str
    label: str
    chosen: bool


def orders(chosen: Chosen, wording: Wording, *, usual: str) -> list[Order]:
    """The ways to sort that have a name for people; `usual` is the one that holds when none is chosen."""
    names = [sort.name.upper() for sort in chosen.entity.sorts]
    if usual == "RELEVANCE":
        names.insert(0, usual)
    found = []
    for name in names:
        key = f"sort.{LABELS.get(name, name).lower()}"
        label = wording.say(key)
        if label != key:
            found.append(Order(name, label, (chosen.sort or usual) == name))
    return found


# Entities name their orders after columns; people do not.
LABELS = {
    "PUBLISHED_AT_DESC": "newest", "PUBLISHED_AT_ASC": "oldest", "CREATED_AT_DESC": "newest",
    "PUBLISHED_DESC": "newest", "PUBLISHED_ASC": "oldest", "NAME_ASC": "title_asc", "NAME_DESC": "title_desc",
}  # fmt: skip


def newest(entity: Entity) -> str | None:
    """The name of the order that puts the latest first, if the entity has one."""
    names = [sort.name for sort in entity.sorts]
    return next((name for name in names if LABELS.get(name.upper(), name).lower() == "newest"), None)


def _heading(name: str, wording: Wording) -> str:
    for key in (f"filters.{name}", f"filters.{HEADINGS.get(name, '')}"):
        label = wording.say(key)
        if label != key:
            return label
    return name.replace("_", " ").capitalize()


HEADINGS = {
    "categories": "category",
    "category_ids": "category",
    "tags": "tag",
    "tag_slugs": "tag",
    "type": "product_type",
}


def _filter_of(entity: Entity, facet: Facet) -> str | None:
    return next((f.name for f in entity.filters if f.column == facet.column and f.op is facet.op), None) or next(
        (f.name for f in entity.filters if f.column == facet.column), None
    )


def _add(into: dict[str, list[str]], name: str, value: str) -> None:
    values = into.setdefault(name, [])
    if name and value not in values and len(values) < MOST_VALUES:
        values.append(value[:LONGEST])


def _amount(text: str, currency: str) -> str:
    """A price as typed, `10`, `10,5` or `10.555`, as the currency writes it; nothing where it is none."""
    try:
        value = Decimal(text.replace(",", ".").replace("\u00a0", "").replace(" ", ""))
    except InvalidOperation:
        return ""
    if not value.is_finite() or not 0 <= value < 10**12:
        return ""
    return f"{value:.{money.exponent(currency)}f}".removesuffix(".00")


def _plain(value: Mapping[str, Any]) -> str:
    amount = str(value.get("amount") or "")
    return amount.removesuffix(".00")
