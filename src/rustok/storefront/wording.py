"""What the storefront itself says: a catalogue of messages per language, with plural forms."""

import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "messages"
FALLBACK = "en"


class Wording:
    """The messages of one language; a key that it lacks is said in English."""

    def __init__(self, language: str, messages: Mapping[str, Any]) -> None:
        self.language = language
        self.messages = dict(_flat(messages))
        self.plural = PLURALS.get(language, _germanic)

    def say(self, key: str, n: int | None = None, **values: object) -> str:
        """The message, with `{n}` and the other names filled in; the plural form follows `n`."""
        form = self.messages.get(key)
        if form is None and n is not None:
            form = self.messages.get(f"{key}.{self.plural(n)}") or self.messages.get(f"{key}.other", key)
        if form is None:
            return key
        for name, value in values.items():
            form = form.replace(f"{{{name}}}", str(value))
        return form if n is None else form.replace("{n}", grouped(n, self.language))


def of(locale: str) -> Wording:
    """The wording for a locale: `ru` for `ru-RU`, English for a language without a catalogue."""
    return _load(locale.replace("_", "-").split("-")[0].lower())


def languages() -> list[str]:
    """The languages that have a catalogue."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def language_name(locale: str) -> str:
    """A language's own name for itself, for the language switch."""
    language = locale.replace("_", "-").split("-")[0].lower()
    return NAMES.get(language, locale)


def grouped(n: int, language: str) -> str:
    """A whole number with its thousands set apart: `1,299` or, with a no-break space, `1 299`."""
    text = f"{n:,}"
    return text if language == "en" else text.replace(",", "\u00a0")


@cache
def _load(language: str) -> Wording:
    known = languages()
    found = _read(FALLBACK)
    if language in known and language != FALLBACK:
        found = {**_read(FALLBACK), **_read(language)}
    return Wording(language if language in known else FALLBACK, found)


def _read(language: str) -> dict[str, Any]:
    return dict(_flat(tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))))


def _flat(messages: Mapping[str, Any], path: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in messages.items():
        if isinstance(value, Mapping):
            found += _flat(value, f"{path}{key}.")
        else:
            found.append((f"{path}{key}", str(value)))
    return found


def _germanic(n: int) -> str:
    return "one" if n == 1 else "other"


def _slavic(n: int) -> str:
    if n % 10 == 1 and n % 100 != 11:
        return "one"
    if 2 <= n % 10 <= 4 and not 12 <= n % 100 <= 14:
        return "few"
    return "many"


PLURALS: Mapping[str, Callable[[int], str]] = {"en": _germanic, "ru": _slavic}
NAMES = {
    "ar": "العربية", "cs": "Čeština", "da": "Dansk", "de": "Deutsch", "el": "Ελληνικά", "en": "English",
    "es": "Español", "fi": "Suomi", "fr": "Français", "he": "עברית", "hi": "हिन्दी", "hu": "Magyar",
    "it": "Italiano", "ja": "日本語", "ko": "한국어", "nl": "Nederlands", "no": "Norsk", "pl": "Polski",
    "pt": "Português", "ro": "Română", "ru": "Русский", "sv": "Svenska", "tr": "Türkçe", "uk": "Українська",
    "zh": "中文",
}  # fmt: skip
