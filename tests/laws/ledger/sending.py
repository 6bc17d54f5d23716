"""What the sender does: claim, start, mark, crash; and what must hold of each mail that starts."""

import re
from email import message_from_bytes, policy

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from sqlmodel import Session

from feedsvc.actions import deliver
from feedsvc.domain.tables.content import Campaign
from feedsvc.domain.tables.ledger import Digest, Mail, MailKind
from tests.laws.ledger.base import Base
from tests.laws.ledger.model import FATES, RECEIVED, Wish
from tests.laws.ledger.rows import contents

TELLING = re.compile(r"Save the|/c/|News \d")
"""What every mail says that is not discreet: a campaign, or its news."""


class Sending(Base):
    """The one who carries the mails."""

    @precondition(lambda self: not self.claims and self.under_way is None)
    @rule(limit=st.integers(1, 3))
    def claim(self, limit: int) -> None:
        """Claim some mails."""
        claims = self.world.claims(self.worker, limit=limit)
        self.claims = [claim.mail_id for claim in claims]

    @precondition(lambda self: self.claims or self.under_way is not None)
    @rule(fate=st.sampled_from(sorted(FATES)))
    def go_on(self, fate: str) -> None:
        """Mark what became of the mail under way, and start the next one."""
        done = None
        if self.under_way is not None:
            done = deliver.Mark(self.under_way, FATES[fate], "")
            self.mails[self.under_way].received |= fate in RECEIVED
            self.mails[self.under_way].fates.append(fate)
        following = self.claims.pop(0) if self.claims else None
        started = self.world.mark(self.worker, done, following)
        self.under_way = following if started else None
        if self.under_way is not None:
            self._check_start(self.under_way)

    @precondition(lambda self: self.claims or self.under_way is not None)
    @rule(received=st.booleans())
    def crash(self, received: bool) -> None:  # noqa: FBT001  drawn
        """Kill the sender; another takes over, and the old one wakes up once more."""
        dead, lost = self.worker, self.under_way
        if lost is not None:
            self.mails[lost].received |= received
            self.mails[lost].fates.append("crash")
        self.worker = self.world.write(deliver.enlist, now=self.world.now)
        doubt = self.world.write(deliver.take_over, dead, now=self.world.now)
        assert doubt == (lost is not None)
        if lost is not None:
            stale = deliver.Mark(lost, FATES["refused"], "from the grave")
            assert not self.world.mark(dead, stale, lost)
        self.claims, self.under_way = [], None

    @precondition(lambda self: not self.claims and self.under_way is None)
    @rule()
    def send_all(self) -> None:
        """Send all that is due, and all goes well."""
        self.claim(3)
        while self.claims:
            while self.claims or self.under_way is not None:
                self.go_on("sent")
            self.claim(3)

    def _check_start(self, mail_id: int) -> None:
        """Laws 7 and 12 at the moment a mail starts; and what its bytes are made of.

        One in doubt is repeated as it was: whoever has moved or paused meanwhile may have it already.
        """
        mail, uids = self.world.read(contents, mail_id)
        letter = self.world.letter(mail_id)
        self.mails[mail_id].written.append(letter)
        again = len(self.mails[mail_id].fates) > 0
        for uid in uids:
            self._check_news(uid, self.news[uid].eligible[mail.signer_id].final, again=again)
        if again:
            return
        if mail.kind is not MailKind.MOVE_TO:
            assert self.world.values(mail)["address"] == self.homes[mail.signer_id]
        if mail.signer_id in self.discreet:
            assert not TELLING.search(words(letter))
        if mail.kind is MailKind.WELCOME:
            self._check_welcome(mail, words(letter))

    def _check_news(self, uid: str, wish: Wish, *, again: bool) -> None:
        assert wish.ended is None
        assert not self.news[uid].paused
        assert not self.news[uid].cancelled
        assert again or not self._paused(wish)

    def _check_welcome(self, mail: Mail, text: str) -> None:
        """Law 1: a welcome goes to who has come and is there; what it names is not mailed to them."""
        mine = {wish.slug: wish for wish in self.wishes.values() if wish.signer == mail.signer_id}
        wishes = [mine[slug] for slug in self.world.read(_spoken_of, mail)]
        assert wishes
        assert all(wish.confirmed and not self._paused(wish) for wish in wishes)
        assert mail.signer_id not in self.discreet
        named = [news for news in self.news.values() if news.title in text]
        owed = [news.eligible.get(mail.signer_id) for news in named]
        assert not any(wish is not None and wish.final in wishes for wish in owed)
        self.welcomes[mail.id or 0] = wishes

    def _paused(self, wish: Wish) -> bool:
        return wish.paused_until is not None and wish.paused_until > self.world.now


def words(letter: bytes) -> str:
    """Read a mail as a person does, headers and all."""
    message = message_from_bytes(letter, policy=policy.default)
    parts = [part.get_content() for part in message.walk() if not part.is_multipart()]
    return "\n".join((*(str(value) for value in message.values()), *parts))


def _spoken_of(session: Session, mail: Mail) -> list[str]:
    campaigns = session.get_one(Digest, mail.digest_id).campaigns or []
    return [session.get_one(Campaign, number).slug for number in campaigns]
