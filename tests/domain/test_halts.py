"""How many mails go first, and what halts a mailing."""

import pytest

from feedsvc.domain import halts


@pytest.mark.parametrize(
    ("eligible", "percent", "share"),
    [
        (0, 1, None),
        (100, 1, None),
        (101, 1, 100),
        (10_000, 1, 100),
        (1_000_000, 1, 10_000),
        (1_000_000, 0.5, 5_000),
        (1_000_000, 0, None),
        (1_000_000, 100, None),
    ],
)
def test_the_first_share(eligible: int, percent: float, share: int | None) -> None:
    assert halts.first_share(eligible, percent) == share


@pytest.mark.parametrize(
    ("share", "eligible", "following"), [(100, 1_000, 400), (400, 1_000, None), (250, 1_000, None)]
)
def test_the_share_after_it(share: int, eligible: int, following: int | None) -> None:
    assert halts.next_share(share, eligible) == following


@pytest.mark.parametrize(
    ("refused", "tried", "halted"),
    [(19, 19, False), (20, 20, True), (20, 1_999, True), (20, 2_000, False), (501, 50_000, True)],
)
def test_refusals_alike(refused: int, tried: int, halted: bool) -> None:  # noqa: FBT001  a case
    assert (halts.refused_alike("dot: 554 No", refused, tried) is not None) is halted


@pytest.mark.parametrize(
    ("dead", "tried", "halted"),
    [(19, 100, False), (20, 100, True), (20, 399, True), (20, 400, False), (51, 1_000, True)],
)
def test_dead_addresses(dead: int, tried: int, halted: bool) -> None:  # noqa: FBT001  a case
    assert (halts.too_many_dead(dead, tried) is not None) is halted


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("dot: 554 5.7.1 No", "dot: 554 5.7.1 No", True),
        ("dot: 554 5.7.1 No, as id AB12", "dot: 554 5.7.1 No, as id CD34", True),
        ("dot: 554 5.7.1 No", "dot: 550 5.7.1 No", False),
        ("dot: 554 5.7.1 No", "dot: 554 5.6.0 No", False),
        ("dot: 554 Spam", "dot: 554 Virus", False),
    ],
)
def test_what_are_the_same_words(one: str, other: str, same: bool) -> None:  # noqa: FBT001  a case
    replies = {one: 2} | {other: 1} if one != other else {one: 3}
    assert halts.commonest(replies) == (one, 3 if same else 2)


def test_where_nothing_was_refused_nothing_is_commonest() -> None:
    assert halts.commonest({}) == ("", 0)
