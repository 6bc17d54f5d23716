"""Those who get the same digest: in one language, about the same notices."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import structlog
from sqlmodel import Session

from feedsvc.actions.plan.stretch import Row
from feedsvc.domain.sealing import Keys, Sealed
from feedsvc.domain.tables.ledger import MailKind
from feedsvc.errors import Misconfigured
from feedsvc.gateways.composer import Composer
from feedsvc.gateways.database import fetch, plain
from feedsvc.records import mails
from feedsvc.records.news import News
from feedsvc.records.told import IN_IDS, told

log = structlog.get_logger()

_LANGUAGES = plain(
    "SELECT id, language_sealed FROM signer WHERE id %(in_ids)s ORDER BY id", in_ids=IN_IDS
)


class Group(NamedTuple):
    """Signers whose mails carry one digest; `notices` in the order of its entries."""

    digest_id: int
    notices: tuple[int, ...]
    signers: Sequence[int]


_Alike = tuple[bytes | None, bool, tuple[int, ...]]
"""What those have in common who share a digest: the tag of their language, discreet, the notices."""


def gather(
    session: Session, composer: Composer, keys: Keys, rows: Sequence[Row], now: datetime
) -> tuple[list[Group], list[int]]:
    """Find or compose the digest of each group; name also those whose language does not open."""
    if not rows:
        return [], []
    alike = _alike(rows)
    languages = _Languages(session, keys)
    desk = _Desk(session, composer, rows, now)
    found: dict[tuple[int, tuple[int, ...]], list[int]] = {}
    unreadable: list[int] = []
    for (tag, discreet, notices), signers in alike.items():
        for language, speakers in languages.of(tag, signers).items():
            if language is None:
                unreadable += speakers
                continue
            digest_id = desk.digest(language, notices, discreet=bool(discreet))
            found.setdefault((digest_id, notices), []).extend(speakers)
    return [Group(*which, sorted(signers)) for which, signers in found.items()], unreadable


def _alike(rows: Sequence[Row]) -> dict[_Alike, list[int]]:
    """Put together who shares a digest; every recipient passes here, so nothing is built for them."""
    alike: dict[_Alike, list[int]] = {}
    for signer_id, theirs in groupby(rows, itemgetter(0)):
        first, *more = theirs
        notices = (
            (first.notice_id, *(row.notice_id for row in more)) if more else (first.notice_id,)
        )
        what = (first.language_tag, first.discreet, notices)
        alike.setdefault(what, []).append(signer_id)
    return alike


class _Languages:
    """The languages behind tags, each opened once; those who have no tag are read one by one."""

    def __init__(self, session: Session, keys: Keys) -> None:
        self._session = session
        self._keys = keys
        self._known: dict[bytes, str] = {}

    def of(self, tag: bytes | None, signers: Sequence[int]) -> Mapping[str | None, Sequence[int]]:
        """Say who of these reads what; None: it does not open."""
        if tag is None:
            return self._one_by_one(signers)
        if tag not in self._known:
            for one in signers:
                [(language, _)] = self._one_by_one([one]).items()
                if language is not None:
                    self._known[tag] = language
                    break
        return {self._known.get(tag): signers}

    def _one_by_one(self, signers: Sequence[int]) -> dict[str | None, list[int]]:
        found: dict[str | None, list[int]] = {}
        for signer_id, sealed in fetch(self._session, _LANGUAGES, ids=told(self._session, signers)):
            found.setdefault(self._opened(signer_id, sealed), []).append(signer_id)
        return found

    def _opened(self, signer_id: int, sealed: bytes | None) -> str | None:
        try:
            return self._keys.unseal(sealed or b"", Sealed.LANGUAGE)
        except (Misconfigured, ValueError) as error:
            problem = type(error).__name__
            log.error("signer cannot be addressed", signer=signer_id, problem=problem)  # noqa: TRY400  a trace may hold what is sealed
            return None


class _Desk:
    """Finds or composes digests; what the notices of a chunk say is looked up once."""

    def __init__(
        self, session: Session, composer: Composer, rows: Iterable[Row], now: datetime
    ) -> None:
        self._session = session
        self._composer = composer
        self._now = now
        self._news = News(session, {row.notice_id for row in rows})

    def digest(self, language: str, notice_ids: Sequence[int], *, discreet: bool) -> int:
        """Return the digest of these notices for a reader of `language`."""
        composer, news = self._composer, self._news
        frame = composer.nearest(language)
        lines = [news.line(notice_id, language) for notice_id in notice_ids]
        return mails.digest(
            self._session,
            MailKind.DIGEST,
            frame,
            lines,
            composer.fingerprint,
            lambda: composer.digest(news.content(frame, lines), discreet=discreet),
            self._now,
            base_url=composer.site.base_url,
            discreet=discreet,
        )
