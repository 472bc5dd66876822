"""Module switches: optional modules go off and on, the foundation stays, other tenants notice nothing."""

import pytest

from rustok.core.modules import service as modules
from rustok.events.core import ModuleToggled
from rustok.kernel import errors
from rustok.kernel.context import Context, Installation

INSTALLED = Installation(modules={"core": False, "commerce": True, "community": True})


@pytest.fixture
def installed(context: Context) -> Context:
    """A context of a process with three modules, of which two are optional."""
    context.installation = INSTALLED
    return context


async def test_every_installed_module_is_on_until_it_is_switched_off(installed: Context):
    assert [(s.name, s.enabled) for s in await modules.list_all(installed)] == [
        ("core", True),
        ("commerce", True),
        ("community", True),
    ]

    off = await modules.disable(installed, "commerce")
    again = await modules.disable(installed, "commerce")

    assert (off.enabled, again.enabled) == (False, False)
    assert installed.recorded == [
        ModuleToggled(changed_tenant_id=installed.tenant_id, module="commerce", enabled=False)
    ]
    assert (await modules.enable(installed, "commerce")).enabled
    assert len(installed.recorded) == 2


async def test_what_is_not_optional_or_not_there_is_refused(installed: Context):
    with pytest.raises(modules.ModuleRequired):
        await modules.disable(installed, "core")
    for attempt in (modules.enable, modules.disable):
        with pytest.raises(errors.NotFound):
            await attempt(installed, "casino")
    with pytest.raises(errors.NotFound):
        await modules.set_settings(installed, "casino", settings={})

    assert all(switch.enabled for switch in await modules.list_all(installed))
    assert installed.recorded == []


async def test_settings_are_kept_beside_the_switch(installed: Context):
    await modules.set_settings(installed, "commerce", settings={"guest": True})
    await modules.disable(installed, "commerce")

    switch = await modules.get(installed, "commerce")

    assert (switch.enabled, switch.settings) == (False, {"guest": True})
    with pytest.raises(errors.Invalid):
        await modules.set_settings(installed, "commerce", settings=["no", "object"])  # type: ignore[arg-type]
    assert (await modules.get(installed, "commerce")).settings == {"guest": True}


async def test_another_tenant_notices_nothing(open_context, make_tenant):
    other = await make_tenant()
    async with open_context() as context:
        context.installation = INSTALLED
        await modules.disable(context, "commerce")

    async with open_context(other) as context:
        context.installation = INSTALLED
        assert (await modules.get(context, "commerce")).enabled
