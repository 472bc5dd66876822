"""Who sells, as the law wants it on paper: `settings.seller` of the tenant."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rustok.kernel.context import TenantInfo

LONGEST = 200


@dataclass(frozen=True, slots=True)
class Seller:
    """Name, address, numbers and bank of the tenant; what is not set is empty."""

    name: str
    address: tuple[str, ...]
    vat_id: str
    registration: str
    email: str
    phone: str
    bank: tuple[str, ...]
    invoice_prefix: str
    invoice_note: str


def of(tenant: TenantInfo, locale: str) -> Seller:
    """From the settings; texts by language may be given as `{"en": …, "de": …}`."""
    known = _mapping(tenant.settings.get("seller"))

    def line(name: str) -> str:
        return _line(_in(known.get(name), tenant, locale))

    names = _in(tenant.settings.get("names"), tenant, locale)
    return Seller(
        name=line("name") or _line(names) or tenant.name,
        address=_lines(_in(known.get("address"), tenant, locale)),
        vat_id=line("vat_id"),
        registration=line("registration"),
        email=line("email") or _line(tenant.settings.get("email")),
        phone=line("phone"),
        bank=_lines(_in(known.get("bank"), tenant, locale)),
        invoice_prefix=line("invoice_prefix"),
        invoice_note=line("invoice_note"),
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _in(value: object, tenant: TenantInfo, locale: str) -> object:
    if not isinstance(value, Mapping):
        return value
    return value.get(locale) or value.get(tenant.default_locale) or next(iter(value.values()), None)


def _line(value: object) -> str:
    return " ".join(str(value).split())[:LONGEST] if isinstance(value, str | int) else ""


def _lines(value: object) -> tuple[str, ...]:
    parts = value.splitlines() if isinstance(value, str) else value if isinstance(value, list) else []
    return tuple(line for line in (_line(part) for part in parts[:8]) if line)
