"""Everything that happens to the ledger, in any order; after each event the books are compared."""

from datetime import timedelta

from feedsvc.actions import steer
from tests.laws.ledger.choices import Choices
from tests.laws.ledger.rows import all_done
from tests.laws.ledger.staff import Staff
from tests.laws.ledger.together import Together

SHARES = 3  # as the tests of shares have them: one mail, four, and the rest
LAST_DAYS = 12  # a week for the weekly ones, three days for the paused ones


class Ledger(Staff, Choices, Together):
    """A simple model of who must hear of what, run beside the real ledger."""

    def teardown(self) -> None:
        """Let two weeks pass in which all goes well, and compare who has had what."""
        if not hasattr(self, "worker"):
            return
        while self.claims or self.under_way is not None:
            self.go_on("sent")
        for uid in [uid for uid, news in self.news.items() if news.paused and not news.cancelled]:
            assert self._steered(steer.resume, uid)
            self.news[uid].paused = False
        for _ in range(LAST_DAYS):
            if self.world.read(all_done):
                break
            self.pass_time(timedelta(hours=25))
            for _ in range(SHARES):
                self.tick(1)
                self.send_all()
        self.the_books_balance()
        self.everyone_hears_once()
        self._compare()
