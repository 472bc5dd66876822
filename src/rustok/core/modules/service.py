"""Switching modules on and off for a tenant, and keeping how it uses them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from rustok.core import texts
from rustok.core.modules.models import TenantModule
from rustok.events.core import ModuleToggled
from rustok.kernel import bus, errors
from rustok.kernel.context import Context
from rustok.kernel.ids import generate_id


class ModuleRequired(errors.Conflict):
    """The module is part of the foundation and cannot be switched off."""

    code = "module_required"


@dataclass(frozen=True, slots=True)
class Switch:
    """A module as a tenant sees it."""

    name: str
    enabled: bool
    optional: bool
    settings: Mapping[str, Any] = field(default_factory=dict)


async def list_all(context: Context) -> list[Switch]:
    """Every installed module, in the order of installation."""
    stored = {
        row.module_slug: row
        for row in await context.session.scalars(
            select(TenantModule)
            .where(TenantModule.tenant_id == context.tenant_id)
            .execution_options(populate_existing=True)
        )
    }
    return [
        Switch(name, not optional or row.enabled, optional, row.settings)
        if (row := stored.get(name))
        else Switch(name, True, optional)
        for name, optional in context.installation.modules.items()
    ]


async def get(context: Context, name: str) -> Switch:
    """One installed module."""
    for switch in await list_all(context):
        if switch.name == name:
            return switch
    raise errors.NotFound("there is no such module", field="name")


async def enable(context: Context, name: str) -> Switch:
    """Switch a module on."""
    return await _toggle(context, name, enabled=True)


async def disable(context: Context, name: str) -> Switch:
    """Switch a module off: its operations answer `module_disabled` and its listeners skip the tenant."""
    if not (await get(context, name)).optional:
        raise ModuleRequired(f"the module {name} cannot be switched off", field="name")
    return await _toggle(context, name, enabled=False)


async def set_settings(context: Context, name: str, *, settings: Mapping[str, Any]) -> Switch:
    """Keep how the tenant uses the module."""
    await get(context, name)
    await _store(context, name, settings=texts.check_settings(settings))
    return await get(context, name)


async def _toggle(context: Context, name: str, *, enabled: bool) -> Switch:
    before = await get(context, name)
    if before.enabled != enabled:
        await _store(context, name, enabled=enabled)
        bus.record(context, ModuleToggled(changed_tenant_id=context.tenant_id, module=name, enabled=enabled))
    return await get(context, name)


async def _store(context: Context, name: str, **values: Any) -> None:
    row = {"tenant_id": context.tenant_id, "id": generate_id(), "module_slug": name, **values}
    await context.session.execute(
        insert(TenantModule)
        .values(**row)
        .on_conflict_do_update(index_elements=["tenant_id", "module_slug"], set_={**values, "updated_at": context.now})
    )
