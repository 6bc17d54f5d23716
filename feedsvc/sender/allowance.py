"""The allowance of a day: what a daily cap and the warm-up of a new sender leave (days are UTC).

Several workers look at the same tally but not at each other's claims, and a mail is tallied when
its mark is on disk: together they may go beyond by as many mails as are under way.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date

from feedsvc.actions.deliver import Claim
from feedsvc.config import MailSettings


class Allowance:
    """What may still be sent today, in all and to each group of domains."""

    def __init__(self, mail: MailSettings) -> None:
        self._cap = mail.daily_cap
        self._begun = mail.warm_up_from
        self._steps = mail.warm_up
        self._share: int | None = None
        self._sent: Counter[bytes] = Counter()

    @property
    def limited(self) -> bool:
        """Whether there is any limit."""
        return bool(self._cap or self._begun)

    def look(self, day: date, sent: Counter[bytes]) -> None:
        """Take note of the day, and of what was sent on it."""
        self._share, self._sent = self._of(day), sent

    def left(self, in_hand: Counter[bytes]) -> int:
        """Return how many mails the cap leaves."""
        used = self._sent.total() + in_hand.total()
        return self._cap - used if self._cap else 1_000_000

    def spent(self, in_hand: Counter[bytes]) -> set[bytes]:
        """Name the groups that have had their share."""
        used = self._sent + in_hand
        share = self._share
        return set() if share is None else {group for group in used if used[group] >= share}

    def within(self, claims: Sequence[Claim], in_hand: Counter[bytes]) -> list[Claim]:
        """Keep as many of these mails as the share of each group allows."""
        if self._share is None:
            return list(claims)
        used, kept = self._sent + in_hand, []
        for claim in claims:
            if used[claim.domain_tag] < self._share:
                used[claim.domain_tag] += 1
                kept.append(claim)
        return kept

    def _of(self, day: date) -> int | None:
        """Return what one group may be sent on this day of the warm-up; None: it is over."""
        if self._begun is None:
            return None
        passed = max((day - self._begun).days, 0)
        return self._steps[passed] if passed < len(self._steps) else None
