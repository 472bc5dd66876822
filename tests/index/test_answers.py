"""Answers that are kept: within their bytes, the newest of each question, the ones used last."""

import gzip
import os
import subprocess
import sys
from dataclasses import replace

from rustok.index import answers
from rustok.index.answers import Answers, Kept, key_of
from rustok.kernel.context import TenantInfo
from rustok.kernel.ids import generate_id

BODY = b"x" * 2_000


def filled(most_bytes: int, count: int) -> Answers:
    """With that many answers of the same size, each asked for once."""
    made = Answers(most_bytes)
    for number in range(count):
        made.keep(b"%d" % number, 1, BODY, b"tag")
    return made


def test_an_answer_is_found_with_its_version_and_its_tag() -> None:
    kept = filled(1 << 20, 3)

    found = kept.find(b"1")

    assert found is not None
    assert (found.version, found.body, found.etag) == (1, BODY, b"tag")
    assert kept.find(b"9") is None


def test_the_bound_is_of_bytes_and_the_least_recently_used_goes_first() -> None:
    size = filled(1 << 20, 1).bytes
    kept = filled(size * 3, 3)
    kept.find(b"0")

    kept.keep(b"new", 1, BODY, b"")

    assert (len(kept), kept.bytes) == (3, size * 3)
    assert kept.find(b"1") is None
    assert all(kept.find(key) for key in (b"0", b"2", b"new"))


def test_small_answers_cannot_be_without_number() -> None:
    kept = Answers(100_000)
    for number in range(10_000):
        kept.keep(b"%d" % number, 1, b"{}", b"")

    assert len(kept) < 100_000 / 500
    assert kept.bytes <= 100_000


def test_an_older_version_never_takes_the_place_of_a_newer() -> None:
    kept = Answers(1 << 20)
    kept.keep(b"question", 5, b"five", b"")

    late = kept.keep(b"question", 4, b"four", b"")

    assert (late.version, late.body) == (4, b"four")  # whoever asked still gets what was read for him
    assert kept.find(b"question") == Kept(5, b"five")
    kept.keep(b"question", 6, b"six", b"")
    assert kept.find(b"question") == Kept(6, b"six")
    assert (len(kept), kept.bytes) == (1, Answers(1 << 20).keep(b"", 6, b"six", b"").size)


def test_the_compressed_form_is_made_once_and_counted() -> None:
    kept = filled(1 << 20, 1)
    found, before = kept.find(b"0"), kept.bytes
    assert found is not None

    zipped = kept.zipped(b"0", found)

    assert gzip.decompress(zipped) == BODY
    assert kept.zipped(b"0", found) is zipped
    assert kept.bytes == before + len(zipped)
    kept.keep(b"0", 2, BODY, b"")
    assert kept.bytes == before


def test_what_is_no_longer_kept_is_compressed_and_not_counted() -> None:
    kept = filled(1 << 20, 1)
    old, before = kept.find(b"0"), kept.bytes
    assert old is not None
    kept.keep(b"0", 2, BODY, b"")

    assert gzip.decompress(kept.zipped(b"0", old)) == BODY
    assert kept.bytes == before


def test_compressing_does_not_pass_the_bound() -> None:
    size = filled(1 << 20, 1).bytes
    kept = filled(size * 2, 2)
    newest = kept.find(b"1")
    assert newest is not None

    kept.zipped(b"1", newest)

    assert kept.bytes <= size * 2
    assert kept.find(b"0") is None


def test_without_room_nothing_is_kept() -> None:
    none, some = Answers(0), Answers(10 * answers.LARGEST)
    made = none.keep(b"a", 1, b"body", b"tag")
    some.keep(b"huge", 1, b"x" * (answers.LARGEST + 1), b"")

    assert (made.body, made.etag) == (b"body", b"tag")
    assert gzip.decompress(none.zipped(b"a", made)) == b"body"
    assert (len(none), none.bytes, len(some), some.bytes) == (0, 0, 0, 0)


def test_keys_tell_everything_apart_that_decides() -> None:
    tenant = TenantInfo(generate_id(), "one", "One", settings={"a": {"b": 1}}, disabled_modules=frozenset({"x"}))
    keys = {
        key_of(tenant, "graphql", "{ a }", None, b"{}"),
        key_of(tenant, "page", "{ a }", None, b"{}"),
        key_of(tenant, "graphql", "{ a }", "None", b"{}"),
        key_of(tenant, "graphql", "{ a }", None, b"{}", ""),
        key_of(tenant, "graphql", "{ a", " }", None, b"{}"),
        key_of(replace(tenant, id=generate_id()), "graphql", "{ a }", None, b"{}"),
        key_of(replace(tenant, settings={"a": {"b": 2}}), "graphql", "{ a }", None, b"{}"),
        key_of(replace(tenant, currencies=("EUR", "USD")), "graphql", "{ a }", None, b"{}"),
        key_of(replace(tenant, disabled_modules=frozenset()), "graphql", "{ a }", None, b"{}"),
        key_of(tenant, "graphql", "{ \udc80 }", None, b"{}"),
    }
    assert len(keys) == 10
    assert {len(key) for key in keys} == {24}


def test_keys_are_the_same_in_every_process() -> None:
    code = (
        "from uuid import UUID; from rustok.index.answers import key_of; from rustok.kernel.context import TenantInfo\n"
        "modules = frozenset('abcdefghij')\n"
        "print(key_of(TenantInfo(UUID(int=5), 's', 'N', disabled_modules=modules), 'graphql', 'q').hex())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1
