"""Module switches in GraphQL."""

import strawberry

from rustok.core import permissions
from rustok.core.modules import service as modules
from rustok.kernel import graphql
from rustok.kernel.context import Context


@strawberry.type(name="Module", description="An installed module as the tenant has it.")
class ModuleType:
    name: str
    enabled: bool
    optional: bool = strawberry.field(description="Whether it can be switched off.")
    settings: graphql.JSON

    @classmethod
    def of(cls, switch: modules.Switch) -> "ModuleType":
        """From the service's answer."""
        return cls(
            name=switch.name,
            enabled=switch.enabled,
            optional=switch.optional,
            settings=graphql.JSON(dict(switch.settings)),
        )


@strawberry.type
class ModulePayload:
    module: ModuleType | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class ModuleQueries:
    @graphql.query(permission=permissions.MODULES_READ, description="Every installed module.")
    async def modules(self, context: Context) -> list[ModuleType]:
        return [ModuleType.of(switch) for switch in await modules.list_all(context)]


@strawberry.type
class ModuleMutations:
    @graphql.mutation(permission=permissions.MODULES_WRITE)
    async def module_enable(self, context: Context, name: str) -> ModulePayload:
        return ModulePayload(module=ModuleType.of(await modules.enable(context, name)))

    @graphql.mutation(permission=permissions.MODULES_WRITE)
    async def module_disable(self, context: Context, name: str) -> ModulePayload:
        return ModulePayload(module=ModuleType.of(await modules.disable(context, name)))

    @graphql.mutation(permission=permissions.MODULES_WRITE, description="Replace how the tenant uses the module.")
    async def module_settings_set(self, context: Context, name: str, settings: graphql.JSON) -> ModulePayload:
        switch = await modules.set_settings(context, name, settings=settings)  # type: ignore[arg-type]  # it is checked
        return ModulePayload(module=ModuleType.of(switch))


QUERIES: list[type] = []
MUTATIONS: list[type] = []
ADMIN_QUERIES: list[type] = [ModuleQueries]
ADMIN_MUTATIONS: list[type] = [ModuleMutations]
