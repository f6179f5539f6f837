"""Shards and limits."""

from __future__ import annotations

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfviz.errors import InputError
from tfviz.files import Shard, Source, plan_outputs, take


@pytest.mark.parametrize(("text", "index", "count"), [("1/4", 1, 4), (" 4 / 4 ", 4, 4)])
def test_a_shard_is_read_from_text(text: str, index: int, count: int) -> None:
    assert Shard.parse(text) == Shard(index, count)


@pytest.mark.parametrize("text", ["", "1", "a/b", "1/4/2", "1.5/2", "1:4", "1/" + "9" * 30])
def test_what_is_no_shard_is_told(text: str) -> None:
    with pytest.raises(InputError, match=r"is no shard: give I/N, such as 1/4"):
        Shard.parse(text)


@pytest.mark.parametrize("text", ["0/4", "5/4", "-1/4"])
def test_a_shard_that_does_not_exist_names_those_that_do(text: str) -> None:
    with pytest.raises(InputError, match=f"There is no shard {text}: give 1/4 to 4/4"):
        Shard.parse(text)


def test_no_shares_at_all_are_refused() -> None:
    with pytest.raises(InputError, match="There is no shard 0/0"):
        Shard(0, 0)
    with pytest.raises(InputError, match="two whole numbers"):
        Shard(1.0, 2)  # type: ignore[arg-type]


@given(st.integers(0, 300), st.integers(1, 20))
def test_every_item_is_in_one_share_and_shares_differ_by_one_at_most(n: int, count: int) -> None:
    shares = [take(range(n), Shard(i, count)) for i in range(1, count + 1)]
    assert sorted(chain(*shares)) == list(range(n))
    assert all(share == sorted(share) for share in shares)
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@pytest.mark.parametrize("period", [2, 3, 4, 6, 8, 12, 100])
@pytest.mark.parametrize("count", [2, 3, 4, 7])
def test_large_and_small_in_any_rhythm_are_shared_evenly(period: int, count: int) -> None:
    large = [i % period == 0 for i in range(12_000)]
    expected = sum(large) / count
    for i in range(1, count + 1):
        # Four standard deviations of a fair draw.
        assert abs(sum(take(large, Shard(i, count))) - expected) < 4 * expected**0.5


def test_sizes_that_grow_along_the_list_are_shared_evenly() -> None:
    work = [sum(take(range(10_000), Shard(i, 4))) for i in range(1, 5)]
    assert max(work) < 1.001 * min(work)


def test_the_limit_comes_before_the_shares() -> None:
    both = [take(range(100), Shard(i, 2), limit=10) for i in (1, 2)]
    assert sorted(both[0] + both[1]) == list(range(10))
    assert take(range(3), limit=10) == [0, 1, 2]
    assert take(range(3)) == [0, 1, 2]


@pytest.mark.parametrize("limit", [0, -1, 2.5, True, "3"])
def test_a_limit_that_leaves_nothing_is_refused(limit: object) -> None:
    with pytest.raises(InputError, match="leaves nothing to do: give 1 or more"):
        take(range(3), limit=limit)  # type: ignore[arg-type]


def test_equal_stems_of_two_shares_do_not_collide() -> None:
    sources = [Source(f"{i}/cat.jpg", "cat.jpg", f"{i}/cat.jpg") for i in range(20)]
    sources += [Source(f"x/{i}/cat.png", "cat.png", "x") for i in range(20)]
    planned = plan_outputs(sources)
    shares = [take(planned, Shard(i, 3)) for i in (1, 2, 3)]
    texts = [each.text for share in shares for each in share]
    assert len(set(texts)) == 40
    whole = {(each.source, each.text) for each in planned}
    assert {(each.source, each.text) for share in shares for each in share} == whole


def test_the_dealing_stays_as_it_is() -> None:
    # Machines with different versions must agree on who does what.
    assert [take(range(12), Shard(i, 3)) for i in (1, 2, 3)] == [
        [1, 3, 8, 10],
        [2, 4, 6, 11],
        [0, 5, 7, 9],
    ]
