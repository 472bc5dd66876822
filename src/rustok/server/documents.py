"""The documents of the APIs that are committed below docs/api, so that a change of an API is a visible diff."""

import json
import tempfile
from pathlib import Path

from rustok.kernel.settings import Settings
from rustok.server import app, modules, schema
from rustok.server.host import Host

_NOWHERE = "postgresql://nobody:nothing@localhost/nowhere"  # engines connect lazily, and describing asks for nothing


def make() -> dict[str, str]:
    """Every committed document by file name: both GraphQL schemas (SDL) and the REST part (OpenAPI)."""
    registry = modules.load()
    return {
        "storefront.graphql": schema.storefront(registry).as_str().strip() + "\n",
        "admin.graphql": schema.admin(registry).as_str().strip() + "\n",
        "openapi.json": _openapi(),
    }


def _openapi() -> str:
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(home=Path(home), secret_key="only to describe", media_url=None)  # noqa: S106 - signs nothing
        described = app.build(Host.open(settings, _NOWHERE)).openapi()
    return json.dumps(described, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
