"""What is kept stays within its bounds, and what was used last stays longest."""

from rustok.kernel.recent import Recent


def test_the_least_recently_used_goes_first() -> None:
    kept = Recent[str, int](most=2, weight=100)
    kept.put("a", 1)
    kept.put("b", 2)

    assert kept.get("a") == 1
    kept.put("c", 3)

    assert (kept.get("a"), kept.get("b"), kept.get("c")) == (1, None, 3)


def test_the_weight_of_all_is_bounded() -> None:
    kept = Recent[str, int](most=100, weight=10)
    for name in "abc":
        kept.put(name, 1, weight=4)

    assert [kept.get(name) for name in "abc"] == [None, 1, 1]
    kept.put("b", 2, weight=8)
    assert [kept.get(name) for name in "abc"] == [None, 2, None]


def test_what_is_too_heavy_pushes_nothing_out() -> None:
    kept = Recent[str, int](most=100, weight=10)
    kept.put("a", 1, weight=10)

    kept.put("b", 2, weight=11)

    assert (kept.get("a"), kept.get("b")) == (1, None)
