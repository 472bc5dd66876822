"""How staff see and change the ways to pay. Secrets go in and never come out."""

from datetime import datetime
from typing import Any

import strawberry

from rustok.commerce import permissions
from rustok.commerce.catalogue import graphql as inputs
from rustok.commerce.payments import arranging, gateways
from rustok.commerce.payments import methods as service
from rustok.commerce.payments.graphql.types import PaymentCaptureEnum
from rustok.commerce.payments.models import PaymentMethod
from rustok.kernel import errors, graphql, money
from rustok.kernel.context import Context


@strawberry.type(description="A text in one language.")
class PaymentMethodText:
    locale: str
    text: str


@strawberry.type(description="The amounts in one currency that can be paid this way.")
class PaymentMethodLimit:
    currency_code: str
    least: graphql.Money | None
    most: graphql.Money | None


@strawberry.type(name="PaymentMethod", description="A way to pay that the shop offers.")
class PaymentMethodType:
    id: strawberry.ID
    code: str
    provider: str
    names: list[PaymentMethodText]
    instructions: list[PaymentMethodText]
    enabled: bool
    position: int
    limits: list[PaymentMethodLimit]
    countries: list[str] = strawberry.field(description="Where it is offered; none means everywhere.")
    currencies: list[str] = strawberry.field(description="In which it is offered; none means in all.")
    capture: PaymentCaptureEnum
    settings: graphql.JSON
    secrets_set: list[str] = strawberry.field(description="Names of the secrets that are stored.")
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: PaymentMethod) -> "PaymentMethodType":
        """From the stored row."""
        return cls(
            id=strawberry.ID(str(row.id)),
            code=row.code,
            provider=row.provider,
            names=_texts(row.names),
            instructions=_texts(row.instructions),
            enabled=row.enabled,
            position=row.position,
            limits=[_limit(currency, bounds) for currency, bounds in sorted(row.limits.items())],
            countries=list(row.countries),
            currencies=list(row.currencies),
            capture=PaymentCaptureEnum(row.capture),
            settings=graphql.JSON(row.settings),
            secrets_set=sorted(row.sealed),
            version=row.version,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


@strawberry.type(name="PaymentProvider", description="Someone who moves money, as this installation has it.")
class PaymentProviderType:
    name: str
    settings: list[str] = strawberry.field(description="Names of what a method of it may be told.")
    secrets: list[str] = strawberry.field(description="Names of its secrets.")
    asks: bool = strawberry.field(description="False: staff say themselves what was paid.")
    manual_capture: bool
    partial_capture: bool
    many_captures: bool
    partial_refund: bool
    webhooks: bool = strawberry.field(description="It calls /webhooks/payments/<code of the method>.")


@strawberry.input
class PaymentMethodTextInput:
    locale: str
    text: str


@strawberry.input
class PaymentMethodLimitInput:
    currency_code: str
    least: str | None = None
    most: str | None = None


@strawberry.input(description="A secret of the provider; null forgets it.")
class PaymentMethodSecretInput:
    name: str
    value: str | None


@strawberry.input(description="A new way to pay.")
class PaymentMethodCreateInput:
    code: str
    provider: str
    names: list[PaymentMethodTextInput]
    instructions: list[PaymentMethodTextInput] | None = strawberry.UNSET
    enabled: bool | None = strawberry.UNSET
    position: int | None = strawberry.UNSET
    limits: list[PaymentMethodLimitInput] | None = strawberry.UNSET
    countries: list[str] | None = strawberry.UNSET
    currencies: list[str] | None = strawberry.UNSET
    capture: PaymentCaptureEnum | None = strawberry.UNSET
    settings: graphql.JSON | None = strawberry.UNSET
    secrets: list[PaymentMethodSecretInput] | None = strawberry.UNSET


@strawberry.input(description="What changes; what is absent stays.")
class PaymentMethodUpdateInput:
    version: int = strawberry.field(description="The version that was read: a lost update is refused.")
    names: list[PaymentMethodTextInput] | None = strawberry.UNSET
    instructions: list[PaymentMethodTextInput] | None = strawberry.UNSET
    enabled: bool | None = strawberry.UNSET
    position: int | None = strawberry.UNSET
    limits: list[PaymentMethodLimitInput] | None = strawberry.UNSET
    countries: list[str] | None = strawberry.UNSET
    currencies: list[str] | None = strawberry.UNSET
    capture: PaymentCaptureEnum | None = strawberry.UNSET
    settings: graphql.JSON | None = strawberry.UNSET
    secrets: list[PaymentMethodSecretInput] | None = strawberry.UNSET


@strawberry.type
class PaymentMethodPayload:
    payment_method: PaymentMethodType | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class PaymentMethodDeletePayload:
    deleted_id: strawberry.ID | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class PaymentMethodQueries:
    @graphql.query(permission=permissions.PAYMENTS_READ, description="Every way to pay, in the shop's order.")
    async def payment_methods(self, context: Context) -> list[PaymentMethodType]:
        return [PaymentMethodType.of(one) for one in await service.all_of(context)]

    @graphql.query(permission=permissions.PAYMENTS_READ, description="One of them, or null.")
    async def payment_method(self, context: Context, id: strawberry.ID) -> PaymentMethodType | None:
        try:
            return PaymentMethodType.of(await service.get(context, graphql.to_id(id)))
        except errors.NotFound:
            return None

    @graphql.query(permission=permissions.PAYMENTS_READ, description="Who can be chosen for a way to pay.")
    async def payment_providers(self, context: Context) -> list[PaymentProviderType]:
        return [
            PaymentProviderType(
                name=one.name,
                settings=list(one.settings),
                secrets=list(one.secrets),
                asks=one.capabilities.asks,
                manual_capture=one.capabilities.manual_capture,
                partial_capture=one.capabilities.partial_capture,
                many_captures=one.capabilities.many_captures,
                partial_refund=one.capabilities.partial_refund,
                webhooks=one.capabilities.webhooks,
            )
            for one in gateways.of(context).providers.values()
        ]


@strawberry.type
class PaymentMethodMutations:
    @graphql.mutation(permission=permissions.PAYMENTS_MANAGE, secret=True, description="Add a way to pay.")
    async def payment_method_create(self, context: Context, input: PaymentMethodCreateInput) -> PaymentMethodPayload:
        facts = _facts(input)
        code, provider = facts.pop("code"), facts.pop("provider")
        made = await arranging.create(context, code=code, provider=provider, **facts)
        return PaymentMethodPayload(payment_method=PaymentMethodType.of(made))

    @graphql.mutation(permission=permissions.PAYMENTS_MANAGE, secret=True, description="Change a way to pay.")
    async def payment_method_update(
        self, context: Context, id: strawberry.ID, input: PaymentMethodUpdateInput
    ) -> PaymentMethodPayload:
        changed = await arranging.change(context, graphql.to_id(id), **_facts(input))
        return PaymentMethodPayload(payment_method=PaymentMethodType.of(changed))

    @graphql.mutation(
        permission=permissions.PAYMENTS_MANAGE, description="Remove a way to pay that nothing was paid with."
    )
    async def payment_method_delete(self, context: Context, id: strawberry.ID) -> PaymentMethodDeletePayload:
        await arranging.remove(context, graphql.to_id(id))
        return PaymentMethodDeletePayload(deleted_id=strawberry.ID(str(graphql.to_id(id))))


def _facts(input: object) -> dict[str, Any]:
    facts = inputs.changes(input, nullable=())
    for name in ("names", "instructions"):
        if name in facts:
            facts[name] = {one.locale: one.text for one in facts[name]}
    if "limits" in facts:
        facts["limits"] = {
            one.currency_code: {
                name: money.parse(text, one.currency_code).minor
                for name, text in (("least", one.least), ("most", one.most))
                if text is not None
            }
            for one in facts["limits"]
        }
    if "capture" in facts:
        facts["capture"] = facts["capture"].value
    if "secrets" in facts:
        facts["secrets"] = {one.name: one.value for one in facts["secrets"]}
    return facts


def _texts(texts: dict[str, str]) -> list[PaymentMethodText]:
    return [PaymentMethodText(locale=locale, text=text) for locale, text in sorted(texts.items())]


def _limit(currency: str, bounds: dict[str, int]) -> PaymentMethodLimit:
    least, most = (
        graphql.Money.of(bounds[name], currency) if bounds.get(name) is not None else None for name in ("least", "most")
    )
    return PaymentMethodLimit(currency_code=currency, least=least, most=most)
