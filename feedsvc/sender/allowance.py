"""The allowance of a day: what a daily cap and the warm-up of a new sender leave (days are UTC).

Several workers look at the same tally but not at each other's claims, so that together they may go
beyond it by as many mails as they hold.
"""

from collections import Counter
from datetime import date

from feedsvc.config import MailSettings


class Allowance:
    """What may still be sent, in all and to each group of domains."""

    def __init__(self, mail: MailSettings) -> None:
        self._cap = mail.daily_cap
        self._begun = mail.warm_up_from
        self._steps = mail.warm_up

    @property
    def limited(self) -> bool:
        """Whether there is any limit."""
        return bool(self._cap or self._begun)

    def left(self, room: int, day: date, used: Counter[bytes]) -> tuple[int, set[bytes]]:
        """Return how many of `room` may be claimed, and the groups that have had their share."""
        if self._cap:
            room = min(room, self._cap - used.total())
        step = self._step(day)
        if step is None:
            return room, set()
        spent = {group for group, number in used.items() if number >= step}
        nearest = min((step - number for number in used.values() if number < step), default=step)
        return min(room, nearest), spent  # a claim may be all of one group

    def _step(self, day: date) -> int | None:
        """Return what one group may be sent on this day of the warm-up; None: it is over."""
        if self._begun is None:
            return None
        passed = max((day - self._begun).days, 0)
        return self._steps[passed] if passed < len(self._steps) else None
