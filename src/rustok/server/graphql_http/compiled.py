"""Operations that the read model answers by itself: run as one statement, counted, and told apart from the rest."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from asyncpg import exceptions

from rustok.index.compiling.plans import Answer, Declined, Plan
from rustok.index.readers import Readers
from rustok.index.searching import Backend
from rustok.kernel import errors
from rustok.kernel.context import TenantInfo
from rustok.server import metrics

EXECUTOR = "RusToK-Executor"
COMPILED, ORDINARY = "compiled", "ordinary"
logger = structlog.get_logger("rustok.graphql")


@dataclass(frozen=True)
class Reads:
    """Runs plans over the readers' connections."""

    readers: Readers
    backend: Backend

    async def answer(
        self, plan: Plan, tenant: TenantInfo, *, locale: str, currency: str, variables: Mapping[str, Any]
    ) -> Answer | None:
        """The answer; None where the ordinary executor has to give it. Raises `errors.Unavailable`."""
        try:
            found = await plan.run(
                self.readers, self.backend, tenant, locale=locale, currency=currency, variables=variables
            )
        except Declined as declined:
            metrics.read(ORDINARY, str(declined))
            return None
        except exceptions.QueryCanceledError:
            metrics.read(ORDINARY, "timeout")
            raise errors.Unavailable("the database took too long") from None
        except exceptions.PostgresError as error:
            # A value that PostgreSQL refuses, or a table that is just being replaced: the resolvers know what to say.
            logger.warning("graphql.compiled_failed", tenant=tenant.slug, error=repr(error)[:500])
            metrics.read(ORDINARY, "database")
            return None
        metrics.read(COMPILED, "")
        return found


def body_of(answer: Answer, extensions: bytes) -> bytes:
    """The response's JSON."""
    return b'{"data":%b,"extensions":%b}' % (answer.data.encode(), extensions)
