"""Synonyms: what a tenant may write into its settings, and what is made of it."""

from typing import Any

import pytest

from rustok.kernel import synonyms
from rustok.kernel.synonyms import Group, InvalidSynonyms


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"search": {}},
        {"search": None},
        {"search": {"synonyms": None}},
        {"search": {"synonyms": []}},
        {"search": {"synonyms": [["sofa", "couch"], "laptop => notebook, ultrabook"]}},
        {"search": {"synonyms": {"en-GB": [["jumper", "sweater"]], "*": [["tv", "television set"]]}}},
    ],
)
def test_what_can_be_read_is_taken(settings: dict[str, Any]) -> None:
    synonyms.check(settings)


@pytest.mark.parametrize(
    ("listed", "path"),
    [
        ("sofa, couch", ("settings", "search", "synonyms")),
        (7, ("settings", "search", "synonyms")),
        ({"en": "sofa"}, ("settings", "search", "synonyms", "en")),
        ({"e n": []}, ("settings", "search", "synonyms", "e n")),
        ([["sofa", "couch"], ["alone"]], ("settings", "search", "synonyms", "1")),
        ([["sofa", "sofa"]], ("settings", "search", "synonyms", "0")),
        ([["sofa", 7]], ("settings", "search", "synonyms", "0")),
        ([["sofa", "!!!"]], ("settings", "search", "synonyms", "0")),
        ([["sofa", "x" * 61]], ("settings", "search", "synonyms", "0")),
        ([["sofa", "one two three four five six"]], ("settings", "search", "synonyms", "0")),
        ([[f"word{number}" for number in range(21)]], ("settings", "search", "synonyms", "0")),
        (["laptop"], ("settings", "search", "synonyms", "0")),
        (["laptop =>"], ("settings", "search", "synonyms", "0")),
        (["=> notebook"], ("settings", "search", "synonyms", "0")),
        ([["a", "b"]] * 1001, ("settings", "search", "synonyms")),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_place(listed: Any, path: tuple[str, ...]) -> None:
    with pytest.raises(InvalidSynonyms) as refused:
        synonyms.check({"search": {"synonyms": listed}})

    assert tuple(refused.value.field) == path


def test_a_language_knows_the_groups_of_every_language_and_of_its_own() -> None:
    settings = {
        "search": {"synonyms": {"*": [["tv", "telly"]], "en": ["a => b"], "en-GB": [["c", "d"]], "ru": [["e", "f"]]}}
    }

    assert list(synonyms.groups(settings, "en-GB")) == [
        Group(("tv", "telly"), ("tv", "telly")),
        Group(("a",), ("b",)),
        Group(("c", "d"), ("c", "d")),
    ]
    assert list(synonyms.groups(settings, "fr")) == [Group(("tv", "telly"), ("tv", "telly"))]


def test_the_fingerprint_is_that_of_the_synonyms_alone() -> None:
    one = synonyms.fingerprint({"search": {"synonyms": [["a", "b"]]}, "theme": "kiosk"})

    assert one == synonyms.fingerprint({"search": {"synonyms": [["a", "b"]]}})
    assert one != synonyms.fingerprint({"search": {"synonyms": [["a", "c"]]}})
    assert synonyms.fingerprint({"theme": "kiosk"}) == ""
