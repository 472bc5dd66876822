"""Pictures as browsers want them: sizes to choose from, a place kept free, and the point that must stay in view."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rustok.storefront import addresses

STEP = 25  # per cent: the stylesheet has a class for each place of the focal point, because no style may be inline


@dataclass(frozen=True)
class Picture:
    """What an `<img>` and the `<source>` beside it need."""

    src: str
    alt: str
    width: int | None
    height: int | None
    webp: str
    srcset: str
    focus: str

    @property
    def largest(self) -> str:
        """The original, for previews elsewhere."""
        return self.src


def of(image: Mapping[str, Any] | None, alt: str = "") -> Picture | None:
    """A document's image; None where there is none or its address cannot be trusted."""
    if not image:
        return None
    src = addresses.safe(image.get("url"))
    if not src or src.startswith(("mailto:", "tel:", "#", "?")):
        return None
    width, height = _size(image.get("width")), _size(image.get("height"))
    webp: list[tuple[int, str]] = []
    others: list[tuple[int, str]] = []
    for source in image.get("sources") or ():
        address, wide = addresses.safe(source.get("url")), _size(source.get("width"))
        if address and wide:
            (webp if str(source.get("format")).lower().endswith("webp") else others).append((wide, address))
    fallback = src
    if others:
        # The original may be many megabytes; a browser without srcset gets a picture of a usual screen's width.
        fallback = min(others, key=lambda one: abs(one[0] - 1200))[1]
    return Picture(
        src=fallback,
        alt=str(image.get("alt_text") or alt),
        width=width,
        height=height,
        webp=_set(webp),
        srcset=_set(others),
        focus=f"fx{_place(image.get('focal_x'))} fy{_place(image.get('focal_y'))}",
    )


def _set(sources: list[tuple[int, str]]) -> str:
    return ", ".join(f"{address.replace(',', '%2C')} {wide}w" for wide, address in sorted(set(sources)))


def _size(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 100_000 else None


def _place(value: object) -> int:
    if not isinstance(value, int | float) or not 0 <= value <= 1:
        return 50
    return round(value * 100 / STEP) * STEP
