"""Words, numbers and dates as people of a language write them."""

import re
import tomllib

import pytest

from rustok.storefront import addresses, formatting, wording
from rustok.storefront.head import json_ld


@pytest.mark.parametrize(
    ("amount", "currency", "language", "shown"),
    [
        ("19.99", "EUR", "en", "€19.99"),
        ("19.99", "EUR", "ru", "19,99\u00a0€"),
        ("1299.00", "RUB", "ru", "1\u00a0299\u00a0₽"),
        ("1299.00", "USD", "en", "$1,299"),
        ("1500", "JPY", "en", "¥1,500"),
        ("1.250", "KWD", "en", "KWD\u00a01.250"),
        ("-5.50", "EUR", "en", "−€5.50"),
    ],
)
def test_prices_follow_language_and_currency(amount: str, currency: str, language: str, shown: str) -> None:
    assert formatting.price({"amount": amount, "currency_code": currency}, language) == shown


@pytest.mark.parametrize(
    "value", [None, {}, {"amount": "x", "currency_code": "EUR"}, {"amount": "1", "currency_code": "?"}]
)
def test_what_is_no_price_is_shown_as_nothing(value: dict[str, str] | None) -> None:
    assert formatting.price(value, "en") == ""


@pytest.mark.parametrize(
    ("n", "said"),
    [
        (1, "1 товар"),
        (2, "2 товара"),
        (5, "5 товаров"),
        (11, "11 товаров"),
        (21, "21 товар"),
        (1112, "1\u00a0112 товаров"),
    ],
)
def test_russian_counts_in_three_forms(n: int, said: str) -> None:
    assert wording.of("ru-RU").say("items", n) == said


def test_a_language_without_a_catalogue_is_spoken_to_in_english() -> None:
    assert wording.of("de").say("items", 2) == "2 items"


def test_dates_are_written_out() -> None:
    assert formatting.date("2026-11-23T10:00:00+00:00", "en") == "November\u00a023, 2026"
    assert formatting.date("2026-11-23T10:00:00Z", "ru") == "23\u00a0ноября 2026\u00a0г."
    assert formatting.date("yesterday", "en") == ""


def test_every_catalogue_says_the_same_things() -> None:
    def keys(language: str) -> set[str]:
        known = tomllib.loads((wording.FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
        found: set[str] = set()

        def walk(part: dict[str, object], path: str) -> None:
            for key, value in part.items():
                here = f"{path}{key}"
                if isinstance(value, dict) and {"one", "many", "other"} & value.keys():
                    found.add(here)
                elif isinstance(value, dict):
                    walk(value, f"{here}.")
                else:
                    found.add(here)

        walk(known, "")
        return found

    assert all(keys(language) == keys("en") for language in wording.languages())


def test_nothing_is_said_that_no_catalogue_holds() -> None:
    known = set(wording.of("en").messages)
    known |= {key.rpartition(".")[0] for key in known}
    said = {
        (key, path.name)
        for path in wording.FOLDER.parent.rglob("*")
        if path.suffix in (".py", ".html")
        for key in re.findall(r"""say\(\s*["']([a-z_.]+[a-z_])["']""", path.read_text(encoding="utf-8"))
    }

    assert len(said) > 300
    assert {(key, name) for key, name in said if key not in known} == set()


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " data:text/html,x",
        "java\nscript:x",
        "vbscript:x",
        "https:\\evil",
        "http://[",
        "\x01javascript:x",
    ],
)
def test_links_that_no_browser_should_follow_are_dropped(link: str) -> None:
    assert addresses.safe(link) == ""


def test_data_for_search_engines_cannot_end_its_script() -> None:
    told = str(json_ld({"name": "</script><!--\u2028&"}))

    assert "<" not in told
    assert "\u2028" not in told
