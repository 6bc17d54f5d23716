"""Ask both addresses whether they agree to a change; one that must not be written to is not asked."""

from datetime import datetime
from email.utils import format_datetime

import structlog
from sqlmodel import Session, col, select

from feedsvc.config import Settings
from feedsvc.domain import groups
from feedsvc.domain.sealing import Keys, Sealed
from feedsvc.domain.tables.doors import AddressChange
from feedsvc.domain.tables.ledger import MailKind
from feedsvc.domain.tables.people import Signer
from feedsvc.domain.tokens import Purpose
from feedsvc.errors import FeedsvcError
from feedsvc.gateways.composer import NEW_ADDRESS, Composer
from feedsvc.records import changes, links, mails, suppressions

log = structlog.get_logger()


def ask_both(
    session: Session, composer: Composer, keys: Keys, settings: Settings, *, now: datetime
) -> bool:
    """Ask about the change of address that waits longest; return whether one waited.

    The old address is asked whatever the new one is, so that nobody learns what is known of it.
    """
    waiting = select(AddressChange).where(col(AddressChange.mailed_at).is_(None))
    oldest = waiting.order_by(col(AddressChange.id)).limit(1).with_for_update(skip_locked=True)
    change = session.exec(oldest).first()
    if change is None:
        return False
    change.mailed_at = now
    signer = session.get_one(Signer, change.signer_id)
    if signer.address_index is not None and changes.under_way(change, now):
        _Asking(session, composer, keys, settings, change, signer, now).ask()
    return True


class _Asking:
    """One change, and what its two mails are made with."""

    def __init__(
        self,
        session: Session,
        composer: Composer,
        keys: Keys,
        settings: Settings,
        change: AddressChange,
        signer: Signer,
        now: datetime,
    ) -> None:
        self._session = session
        self._composer = composer
        self._keys = keys
        self._settings = settings
        self._change = change
        self._signer = signer
        self._now = now

    def ask(self) -> None:
        """Queue the mails; a person whose row is damaged stops nobody else (law 8)."""
        try:
            old = self._keys.unseal(self._signer.address_sealed or b"", Sealed.ADDRESS)
            new = self._keys.unseal(self._change.address_sealed or b"", Sealed.ADDRESS)
            written = self._keys.unseal(self._signer.language_sealed or b"", Sealed.LANGUAGE)
        except FeedsvcError as error:
            log.error(  # noqa: TRY400  the trace may hold what was written
                "cannot ask about a move", signer=self._signer.id, problem=type(error).__name__
            )
            return
        language = self._composer.nearest(written)
        if self._may_write_to(self._signer.address_index):
            self._queue(MailKind.MOVE_FROM, old, self._of_old(language), {NEW_ADDRESS: new})
        if self._may_write_to(self._change.address_index) and not self._often():
            self._queue(MailKind.MOVE_TO, new, self._of_new(language), {})
        else:
            self._change.address_index = None  # not asked, it cannot agree, and was not bothered

    def _may_write_to(self, index: bytes | None) -> bool:
        return index is not None and not suppressions.never(self._session, index)

    def _often(self) -> bool:
        """Whether the new address has been asked enough, by whomever (TRUST 4)."""
        index = self._change.address_index or b""
        return changes.asked_often(self._session, index, self._change.id or 0, self._now)

    def _of_old(self, language: str) -> int:
        composer, discreet = self._composer, self._signer.discreet
        return mails.digest(
            self._session,
            MailKind.MOVE_FROM,
            language,
            [(0, 0, "discreet" if discreet else "")],
            composer.fingerprint,
            lambda: composer.move_from(language, discreet=discreet),
            self._now,
        )

    def _of_new(self, language: str) -> int:
        """Compose for the new address; whoever has it here already is written to as they chose."""
        owner = changes.owner(self._session, self._change.address_index or b"")
        composer, discreet = self._composer, self._signer.discreet
        if owner is not None:
            language = self._language(owner) or language
            discreet = discreet or owner.discreet
        return mails.digest(
            self._session,
            MailKind.MOVE_TO,
            language,
            [(int(owner is not None), 0, "discreet" if discreet else "")],
            composer.fingerprint,
            lambda: composer.move_to(language, known=owner is not None, discreet=discreet),
            self._now,
        )

    def _language(self, owner: Signer) -> str:
        """Open somebody's language; one that is damaged is none."""
        try:
            written = self._keys.unseal(owner.language_sealed or b"", Sealed.LANGUAGE)
        except FeedsvcError:
            return ""
        return self._composer.nearest(written)

    def _queue(self, kind: MailKind, address: str, digest_id: int, more: dict[str, str]) -> None:
        purpose = Purpose.MOVE_FROM if kind is MailKind.MOVE_FROM else Purpose.MOVE_TO
        signer_id, site = self._signer.id or 0, self._settings.site
        own = links.of_move(site, self._keys, signer_id, digest_id, self._change.id or 0, purpose)
        values = {"address": address, "name": "", "date": format_datetime(self._now), **own}
        tag = groups.tag(address, self._keys)
        draft = mails.Draft(digest_id, signer_id, tag, values | more)
        mails.queue(self._session, self._keys, kind, [draft], self._now)
