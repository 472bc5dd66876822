"""Themes: a folder of templates, one stylesheet and a few words about both, compiled once."""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import ChainableUndefined, Environment, FileSystemLoader, Template
from markupsafe import Markup

from rustok.storefront import addresses, formatting, head, pictures, wording

FOLDER = Path(__file__).parent
DEFAULT = "atelier"
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


@dataclass(frozen=True)
class Asset:
    """A file of a theme as browsers get it; its address changes with its content."""

    name: str
    type: str
    body: bytes


@dataclass(frozen=True)
class Theme:
    """A compiled theme."""

    name: str
    title: str
    colours: Mapping[str, str]  # of the browser's own frame: light and dark
    templates: Mapping[str, Template]
    stylesheet: Asset
    script: Asset
    icon: Asset

    @property
    def assets(self) -> tuple[Asset, ...]:
        """Every file that a page of this theme names."""
        return (self.stylesheet, self.script, self.icon)

    def render(self, template: str, values: Mapping[str, Any]) -> str:
        """The page as HTML."""
        return self.templates[template].render(values)


def names() -> list[str]:
    """The themes that are there."""
    return sorted(path.parent.name for path in FOLDER.glob("*/theme.toml"))


def of(name: object) -> Theme:
    """The theme with this name, or the usual one."""
    return _load(str(name) if isinstance(name, str) and name in names_known() else DEFAULT)


@cache
def names_known() -> frozenset[str]:
    """The same as `names`, looked up once."""
    return frozenset(names())


@cache
def assets() -> Mapping[str, Asset]:
    """The files of all themes by the last part of their address."""
    return {asset.name: asset for name in sorted(names_known()) for asset in of(name).assets}


@cache
def _load(name: str) -> Theme:
    chain = _chain(name)
    about = {k: v for folder in reversed(chain) for k, v in _about(folder).items()}
    environment = Environment(
        loader=FileSystemLoader([folder / "templates" for folder in chain]),
        autoescape=True,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        # A draft, an old document or a stranger's module may lack any field: the page is shown without it.
        undefined=ChainableUndefined,
    )
    environment.globals.update(
        picture=pictures.of,
        json_ld=head.json_ld,
        safe_link=addresses.safe,
        query=addresses.query,
        language_name=wording.language_name,
        price=formatting.price,
        date=formatting.date,
        weight=formatting.weight,
    )
    environment.filters["trusted"] = lambda text: Markup(text or "")  # noqa: S704 - sanitised when it was written
    return Theme(
        name=name,
        title=str(about.get("title", name)),
        colours=dict(about.get("colours", {})),
        templates={found: environment.get_template(found) for found in environment.list_templates()},
        stylesheet=_asset(name, "theme.css", _stylesheet(chain)),
        script=_asset(name, "theme.js", _nearest(chain, "theme.js")),
        icon=_asset(name, "icon.svg", _nearest(chain, "icon.svg")),
    )


def _about(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "theme.toml").read_text(encoding="utf-8"))


def _chain(name: str) -> list[Path]:
    """The theme's folder and those that it inherits templates from, itself first."""
    found = [FOLDER / name]
    while (parent := _about(found[-1]).get("inherits")) and FOLDER / parent not in found:
        found.append(FOLDER / parent)
    return found


def _nearest(chain: list[Path], filename: str) -> bytes:
    return next(folder / filename for folder in chain if (folder / filename).exists()).read_bytes()


def _stylesheet(chain: list[Path]) -> bytes:
    """One stylesheet: what is inherited first, so that a theme says only what it does otherwise."""
    return b"\n".join(path.read_bytes() for folder in reversed(chain) if (path := folder / "theme.css").exists())


def _asset(theme: str, filename: str, body: bytes) -> Asset:
    suffix = Path(filename).suffix
    return Asset(f"{theme}-{hashlib.sha256(body).hexdigest()[:16]}{suffix}", TYPES[suffix], body)
