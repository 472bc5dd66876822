"""Passwords: Argon2id, the same on every keyboard, and as slow for nobody as for somebody."""

import time

import argon2

from rustok.core.users import passwords


async def test_a_password_fits_its_hash_and_no_other():
    stored = await passwords.hash_password("correct horse battery")

    assert stored != await passwords.hash_password("correct horse battery")
    assert await passwords.verify(stored, "correct horse battery")
    assert not await passwords.verify(stored, "correct horse batterY")
    assert not await passwords.verify(stored, "")
    assert not await passwords.verify(stored, "x" * 100_000)
    assert not await passwords.verify("no hash at all", "correct horse battery")


async def test_the_same_keys_give_the_same_password_on_every_keyboard():
    stored = await passwords.hash_password("cafe\u0301 cafe\u0301 cafe\u0301")
    assert await passwords.verify(stored, "caf\u00e9 caf\u00e9 caf\u00e9")


async def test_a_hash_with_other_parameters_is_made_anew():
    weak = argon2.PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash("correct horse battery")

    assert passwords.needs_rehash(weak)
    assert await passwords.verify(weak, "correct horse battery")
    assert not passwords.needs_rehash(await passwords.hash_password("correct horse battery"))


async def test_nobody_takes_as_long_as_somebody():
    stored = await passwords.hash_password("correct horse battery")

    async def seconds(candidate: str | None) -> float:
        tries = []
        for _ in range(7):
            start = time.perf_counter()
            assert not await passwords.verify(candidate, "wrong password here")
            tries.append(time.perf_counter() - start)
        return min(tries)

    somebody, nobody = await seconds(stored), await seconds(None)
    assert 0.4 < nobody / somebody < 2.5
