"""What must hold at every moment, and what must have come of it in the end."""

from collections import Counter, defaultdict

from hypothesis.stateful import invariant
from sqlmodel import col, select

from feedsvc.domain.tables.ledger import (
    Delivery,
    DeliveryState,
    DigestEntry,
    Mail,
    MailState,
    Notice,
    Withheld,
)
from feedsvc.records.books import books
from tests.laws.ledger.base import Base
from tests.laws.ledger.model import News, Wish
from tests.laws.ledger.rows import contents, entries, standing


class Laws(Base):
    """Those who count, and compare."""

    @invariant()
    def the_books_balance(self) -> None:
        """Law 2: the model's list of names and the rows are the same, whoever has left since."""
        for page in self.world.read(books):
            assert page.balanced, page
            if page.eligible is not None:
                assert page.eligible == len(self.news[page.update].eligible), page

    @invariant()
    def everyone_hears_once(self) -> None:
        """Law 1: what somebody has received came in one mail only, and its bytes never change."""
        had: dict[tuple[int, int], set[int]] = defaultdict(set)
        for mail_id, carried in self.mails.items():
            assert len(set(carried.written)) <= 1
            if carried.received:
                for notice_id, signer_id in self._inside(mail_id):
                    had[notice_id, signer_id].add(mail_id)
        assert all(len(mails) == 1 for mails in had.values())

    @invariant()
    def new_mails_are_in_order(self) -> None:
        """Laws 3 and 4: a new mail brings something, in arrival order, and leaves nothing older behind."""
        for mail_id, rows in self._new_mails().items():
            assert rows
            assert [arrival for _, arrival in rows] == [
                arrival for _, arrival in sorted(rows, key=lambda row: row[1])
            ] or len({campaign for campaign, _ in rows}) > 1
            for campaign_id, arrival in rows:
                assert not self._older_waiting(mail_id, campaign_id, arrival)

    @invariant()
    def nobody_is_welcomed_twice(self) -> None:
        """A wish has one welcome at most, whatever is left, taken back and begun again."""
        received = [mail_id for mail_id in self.welcomes if self.mails[mail_id].received]
        had = Counter(wish for mail_id in received for wish in self.welcomes[mail_id])
        assert all(times == 1 for times in had.values())

    def _compare(self) -> None:
        rows = self.world.read(standing)
        for uid, news in self.news.items():
            mine = {signer: rest for (update, signer), rest in rows.items() if update == uid}
            assert set(mine) == set(news.eligible)
            for signer, wish in news.eligible.items():
                self._compare_one(mine[signer], wish.final, news)

    def _compare_one(self, row: tuple[Delivery, Mail | None], wish: Wish, news: News) -> None:
        delivery, mail = row
        if delivery.state is DeliveryState.WITHHELD and delivery.reason is Withheld.CANCELLED:
            assert news.cancelled
            return
        if delivery.state is DeliveryState.WITHHELD:
            assert delivery.reason is wish.ended
            return
        assert delivery.state is DeliveryState.MAILED
        assert mail is not None
        carried = self.mails[mail.id or 0]
        match mail.state:
            case MailState.SENT:
                assert carried.received
            case MailState.REFUSED:
                put_aside = carried.fates.count("crash") > 3
                assert {"refused", "held"} & set(carried.fates) or put_aside
            case MailState.UNKNOWN:
                assert {"crash", "unknown, received", "unknown, lost"} & set(carried.fates)
            case _:
                raise AssertionError(mail.state)

    def _inside(self, mail_id: int) -> list[tuple[int, int]]:
        mail, _ = self.world.read(contents, mail_id)
        entries = select(DigestEntry.notice_id).where(DigestEntry.digest_id == mail.digest_id)
        notices = self.world.read(lambda session: session.exec(entries).all())
        return [(notice_id, mail.signer_id) for notice_id in notices]

    def _new_mails(self) -> dict[int, list[tuple[int, int]]]:
        new = self.world.read(entries, max(self.seen_mails, default=0))
        self.seen_mails |= set(new)
        return dict(new)

    def _older_waiting(self, mail_id: int, campaign_id: int, arrival: int) -> bool:
        older = (
            select(Delivery.notice_id)
            .join(Notice, col(Notice.id) == Delivery.notice_id)
            .join(Mail, col(Mail.signer_id) == Delivery.signer_id)
            .where(Mail.id == mail_id, Notice.campaign_id == campaign_id)
            .where(Notice.arrival < arrival, Delivery.state == DeliveryState.WAITING)
            .where(col(Notice.paused_at).is_(None), col(Notice.cancelled).is_(None))
        )
        return self.world.read(lambda session: session.exec(older).first()) is not None
