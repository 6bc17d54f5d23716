"""What a person sees of what is theirs: plain values in one language, for `pages/me.html`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import get_day_names
from sqlmodel import Session, col, select

from feedsvc.config import Settings
from feedsvc.domain import languages
from feedsvc.domain.cadence import zones
from feedsvc.domain.dates import EventDate, in_words, moment_in_words
from feedsvc.domain.local_times import LocalTime, local_times, places
from feedsvc.domain.sealing import Keys, Sealed
from feedsvc.domain.tables.content import RevisionText
from feedsvc.domain.tables.people import Signature, Signer, Subscription
from feedsvc.errors import FeedsvcError
from feedsvc.records import deliveries, suppressions, texts
from feedsvc.records.deliveries import Reader
from feedsvc.records.history import Told, history
from feedsvc.web import reading
from feedsvc.web.reading import Reading
from feedsvc.web.views import CampaignView

SHOWN = 50
PAUSE_AT_MOST = timedelta(days=2 * 366)


@dataclass(frozen=True, slots=True)
class WishView:
    """A campaign and where this person stands with it.

    `state` is live, asked (and not confirmed), signed (no updates wanted), or how it ended; `day`
    is since when; `paused` the day a pause ends, or "".
    """

    campaign: CampaignView
    state: str
    day: str
    cadence: str
    paused: str


@dataclass(frozen=True, slots=True)
class ToldView:
    """An update that was sent, will be, or will not be; `word` as `records.history` has it."""

    title: str
    url: str
    language: str
    direction: str
    kind: str
    word: str
    when: str


@dataclass(frozen=True, slots=True)
class TimeView:
    """A time that it is somewhere, and a zone where it is."""

    zone: str
    words: str
    own: bool


@dataclass(frozen=True, slots=True)
class MineView:
    """All of it. `earliest` and `latest` bound the day until which mail can be paused."""

    address: str
    language: str
    hour: int
    weekday: int
    discreet: bool
    stopped: bool
    earliest: str
    latest: str
    wishes: Sequence[WishView]
    told: Sequence[ToldView]
    of_told: int
    times: Sequence[TimeView]
    zones: Sequence[str]
    weekdays: Sequence[str]


@dataclass(frozen=True, slots=True)
class Frame:
    """With what a person's page is made: whose site, whose keys, in which language, when."""

    settings: Settings
    keys: Keys
    gather: Reading
    language: str
    now: datetime


def mine(session: Session, frame: Frame, signer: Signer) -> MineView:
    """Gather what is this person's."""
    zone = zone_of(frame.keys, signer)
    today = frame.now.astimezone(ZoneInfo(zone)).date()
    index = signer.address_index or b""
    reader = Reader(signer, zone, suppressions.suppressed(session, index))
    return MineView(
        address=opened(frame.keys, signer.address_sealed, Sealed.ADDRESS),
        language=opened(frame.keys, signer.language_sealed, Sealed.LANGUAGE),
        hour=signer.daily_hour,
        weekday=signer.weekly_day,
        discreet=signer.discreet,
        stopped=reader.suppressed,
        earliest=(today + timedelta(days=1)).isoformat(),
        latest=(today + PAUSE_AT_MOST).isoformat(),
        wishes=_wishes(session, frame, signer, zone),
        told=_told(session, frame, reader),
        of_told=deliveries.count(session, signer.id or 0),
        times=[_time(one, zone, frame.language) for one in local_times(zone, frame.now)],
        zones=sorted({zone, *places()}),
        weekdays=_weekdays(frame.language),
    )


def zone_of(keys: Keys, signer: Signer) -> str:
    """Return where a person lives, as far as their clock goes."""
    zone = opened(keys, signer.zone_sealed, Sealed.ZONE)
    return zone if zone in zones() else "UTC"


def opened(keys: Keys, sealed: bytes | None, what: Sealed) -> str:
    """Open what is sealed; what is damaged is shown as nothing."""
    try:
        return keys.unseal(sealed or b"", what)
    except (FeedsvcError, ValueError):
        return ""


def _wishes(session: Session, frame: Frame, signer: Signer, zone: str) -> list[WishView]:
    """List the campaigns that a person had to do with; of several wishes the newest counts."""
    wished = select(Subscription).where(Subscription.signer_id == signer.id)
    subscriptions = session.exec(wished.order_by(col(Subscription.id))).all()
    newest = {one.campaign_id: one for one in subscriptions}
    confirmed = col(Signature.confirmed_at).is_not(None)
    names = select(Signature).where(Signature.signer_id == signer.id, confirmed)
    signed = {one.campaign_id: one for one in session.exec(names).all()}
    views = {one.id: one for one in reading.named(session, frame.gather, newest | signed)}
    wishes = [_wish(frame, views[number], one, zone) for number, one in newest.items()]
    only = signed.keys() - newest.keys()
    return wishes + [_only_signed(frame, views[number], signed[number]) for number in sorted(only)]


def _wish(frame: Frame, campaign: CampaignView, wish: Subscription, zone: str) -> WishView:
    since = wish.ended_at or wish.confirmed_at or wish.created_at
    state = wish.ending or ("live" if wish.live else "asked")
    until = wish.paused_until
    paused = until is not None and until > frame.now and wish.live
    return WishView(
        campaign=campaign,
        state=state,
        day=_day(since, "UTC", frame.language),
        cadence=wish.cadence,
        paused=_day(until, zone, frame.language) if until and paused else "",
    )


def _only_signed(frame: Frame, campaign: CampaignView, signature: Signature) -> WishView:
    return WishView(campaign, "signed", _day(signature.signed_at, "UTC", frame.language), "", "")


def _told(session: Session, frame: Frame, reader: Reader) -> list[ToldView]:
    settle = timedelta(seconds=frame.settings.digest.settle_seconds)
    rows = history(session, reader, settle=settle, limit=SHOWN, now=frame.now)
    words = texts.of_updates(session, {row.update.id or 0 for row in rows})
    return [_row(frame, row, words[row.update.id or 0], reader.zone) for row in rows]


def _row(frame: Frame, row: Told, words: Mapping[str, RevisionText], zone: str) -> ToldView:
    chosen = words[frame.gather.reader.pick(list(words), row.campaign.language)]
    return ToldView(
        title=chosen.title,
        url=frame.gather.url(row.campaign, row.update.key),
        language=chosen.language,
        direction=languages.direction(chosen.language),
        kind=row.kind,
        word=row.word,
        when=moment_in_words(row.at.astimezone(ZoneInfo(zone)), frame.language),
    )


def _day(at: datetime, zone: str, language: str) -> str:
    return in_words(EventDate(at.astimezone(ZoneInfo(zone)).date()), language)


def _time(one: LocalTime, own: str, language: str) -> TimeView:
    day = _weekdays(language)[one.at.weekday()]
    return TimeView(one.zone, f"{one.at:%H:%M} {day}", one.zone == own)


def _weekdays(language: str) -> list[str]:
    """Name the days of the week, from Monday on."""
    names = get_day_names("wide", locale=languages.locale(language))
    return [names[number] for number in range(7)]
