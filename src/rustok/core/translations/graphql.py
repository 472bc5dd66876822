"""Translations of any target in GraphQL, for staff."""

from typing import Any

import strawberry

from rustok.core import permissions
from rustok.core.translations import service as translations
from rustok.kernel import errors, graphql
from rustok.kernel.context import Context


@strawberry.type(description="A target's texts in one language.")
class Translation:
    locale: str
    fields: graphql.JSON


@strawberry.type
class TranslationsPayload:
    translations: list[Translation] | None = None
    user_errors: list[graphql.UserError] = strawberry.field(default_factory=list)


@strawberry.type
class TranslationQueries:
    @graphql.query(permission=permissions.TRANSLATIONS_READ)
    async def translations(self, context: Context, target_type: str, target_id: strawberry.ID) -> list[Translation]:
        return await _all(context, target_type, target_id)


@strawberry.type
class TranslationMutations:
    @graphql.mutation(
        permission=permissions.TRANSLATIONS_WRITE,
        description="Merge texts by field name; null takes a translation away. `description` and `body` are HTML.",
    )
    async def translations_set(
        self, context: Context, target_type: str, target_id: strawberry.ID, locale: str, fields: graphql.JSON
    ) -> TranslationsPayload:
        said: Any = fields
        if not isinstance(said, dict):
            raise errors.Invalid("fields must be a JSON object of texts", field="fields")
        await translations.set_fields(context, target_type, graphql.to_id(target_id), locale=locale, fields=said)
        return TranslationsPayload(translations=await _all(context, target_type, target_id))


async def _all(context: Context, target_type: str, target_id: strawberry.ID) -> list[Translation]:
    found = await translations.get(context, target_type, graphql.to_id(target_id))
    return [Translation(locale=locale, fields=graphql.JSON(fields)) for locale, fields in sorted(found.items())]


QUERIES: list[type] = []
MUTATIONS: list[type] = []
ADMIN_QUERIES: list[type] = [TranslationQueries]
ADMIN_MUTATIONS: list[type] = [TranslationMutations]
