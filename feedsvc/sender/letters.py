"""Letters: claimed mails, opened and ready to be put together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

from sqlmodel import Session

from feedsvc.actions import deliver
from feedsvc.actions.deliver import Claim
from feedsvc.domain.mime import Skeleton
from feedsvc.gateways.composer import DATE
from feedsvc.gateways.installation import Installation
from feedsvc.gateways.relay import Envelope
from feedsvc.records import snapshots
from feedsvc.records.links import BOUNCE
from feedsvc.records.snapshots import Frame
from feedsvc.sender.signing import Signing

FORMS = 64


@dataclass(frozen=True, slots=True)
class Form:
    """A digest ready to be filled in, and the notices that it carries as the journal names them."""

    frame: Frame
    skeleton: Skeleton
    notices: str


@dataclass(slots=True, eq=False)
class Letter:
    """A mail that may be announced; its bytes are made when it has started, not before.

    So a mail whose making kills the process is in doubt, and no other is.
    """

    claim: Claim
    form: Form
    envelope: Envelope
    values: Mapping[str, str] = field(repr=False)

    @property
    def journal(self) -> str:
        """The line by which a restore knows that it was sent; nothing for a service mail."""
        notices = self.form.notices
        index = self.claim.address_index or b""
        return f"{index.hex()} {notices}" if notices else ""

    def message(self) -> bytes:
        """Put it together: the same bytes every time."""
        return self.form.skeleton.splice(self.values)


async def written(signing: Signing | None, letter: Letter) -> bytes:
    """Put a mail together, and sign it where we sign."""
    message = letter.message()
    return await signing.sign(message, _instant(letter.values[DATE])) if signing else message


@lru_cache(maxsize=64)
def _instant(date: str) -> datetime:
    return parsedate_to_datetime(date)


class Letters:
    """Opens claims; keeps the digests that it used last."""

    def __init__(self, here: Installation) -> None:
        self._here = here
        self._forms: dict[int, Form] = {}

    async def fetch(self, digest_ids: set[int]) -> None:
        """Load these digests, so that what carries them can be opened."""
        while len(self._forms) > FORMS:  # now: while loading, one that is wanted could go
            self._forms.pop(next(iter(self._forms)))
        for digest_id in digest_ids - self._forms.keys():
            self._forms[digest_id] = await self._here.database.read(_stored, digest_id)

    def open(self, claim: Claim) -> Letter:
        """Open a claim; raises LookupError, ValueError or FeedsvcError when it does not open."""
        form = self._forms[claim.digest_id]
        values = snapshots.values(self._here.keys, form.frame, claim.kept)
        sender = f"b+{values[BOUNCE]}@{self._here.settings.mail.bounces_at}"
        envelope = Envelope(sender, values["address"], form.skeleton.size)
        return Letter(claim, form, envelope, values)


def _stored(session: Session, digest_id: int) -> Form:
    frame = snapshots.frame(session, digest_id)
    return Form(frame, Skeleton(frame.message), deliver.notices_of(session, digest_id))
