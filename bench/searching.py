"""Build the search files of one tenant, whose read model was filled directly: `python -m bench.searching SLUG`.

`rustok index rebuild` would first make the read model anew from tables that are empty here, and then do the same.
"""

import asyncio
import sys

from bench.figures import Broken
from rustok.core.tenants import lookup
from rustok.kernel.settings import Settings
from rustok.server.host import Host


async def build(slug: str) -> None:
    """Build the index from the read model, as the command does at its end."""
    settings = Settings()
    if settings.database_url is None:
        raise Broken("DATABASE_URL is not set")
    host = Host.open(settings, settings.database_url)
    try:
        async with host.database.session() as session:
            tenant = await lookup.by_slug(session, slug)
        if tenant is None:
            raise Broken(f"there is no tenant {slug}")
        await host.search.rebuild([tenant])
        await host.search.stop()
    finally:
        await host.close()


if __name__ == "__main__":
    asyncio.run(build(sys.argv[1]))
