"""The colours of every theme, light and dark: text is read against its ground at 4.5 to 1, edges seen at 3 to 1."""

import re

import pytest

from rustok.storefront import themes

TEXT = ("ink", "ink-soft", "accent", "accent-deep", "good", "warn", "bad")
GROUNDS = ("paper", "paper-deep")


def _tokens(name: str) -> dict[str, dict[str, str]]:
    sheet = (themes.FOLDER / name / "theme.css").read_text(encoding="utf-8")
    light = re.search(r"^:root \{(.*?)\}", sheet, re.DOTALL | re.MULTILINE)
    dark = re.search(r"prefers-color-scheme: dark\) \{\s*:root \{(.*?)\}", sheet, re.DOTALL)
    assert light
    assert dark
    return {
        scheme: dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", found[1]))
        for scheme, found in (("light", light), ("dark", dark))
    }


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", themes.names())
def test_everything_can_be_read(name: str, scheme: str) -> None:
    tokens = _tokens(name)[scheme]

    for ground in GROUNDS:
        for text in TEXT:
            assert _contrast(tokens[text], tokens[ground]) >= 4.5, (text, ground)
        for edge in ("line-strong", "focus"):
            assert _contrast(tokens[edge], tokens[ground]) >= 3, (edge, ground)
    assert _contrast(tokens["on-accent"], tokens["accent"]) >= 4.5
    assert _contrast(tokens["on-accent"], tokens["accent-deep"]) >= 4.5
    assert _contrast(tokens["paper"], tokens["ink"]) >= 4.5
    assert _contrast(tokens["paper"], tokens["bad"]) >= 4.5


@pytest.mark.parametrize("name", themes.names())
def test_a_theme_fetches_nothing_from_elsewhere(name: str) -> None:
    theme = themes.of(name)

    assert b"http" not in theme.stylesheet.body.replace(b'[href^="http"]', b"")
    assert b"@import" not in theme.stylesheet.body
    assert len(theme.script.body) < 6000
