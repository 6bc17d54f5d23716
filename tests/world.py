"""A whole installation in a test: real database, keys, templates; only the clock is ours."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from sqlmodel import Session, col, select

from feedsvc import config, migrations
from feedsvc.actions import ask, campaigns, confirm, deliver, leave, publish, sign
from feedsvc.domain.cadence import zones
from feedsvc.domain.drafts import CampaignDraft, UpdateDraft
from feedsvc.domain.mime import Skeleton
from feedsvc.domain.outcome import Fault, Kind, Outcome
from feedsvc.domain.sealing import Sealed
from feedsvc.domain.signup import Signup
from feedsvc.domain.tables import metadata
from feedsvc.domain.tables.content import Campaign, Update
from feedsvc.domain.tables.doors import Confirmation, Intake
from feedsvc.domain.tables.ledger import Delivery, Lane, Mail, MailKind
from feedsvc.domain.tables.people import Cadence, Signer
from feedsvc.errors import FeedsvcError
from feedsvc.gateways import dkim_key, files, keyfile
from feedsvc.gateways.composer import Composer
from feedsvc.gateways.database import open_database
from feedsvc.gateways.installation import Installation
from feedsvc.gateways.templates import Templates
from feedsvc.records import snapshots
from feedsvc.records.books import Books, books
from feedsvc.records.snapshots import Kept
from feedsvc.schedule import tick

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # a Monday
SENT = Outcome(Kind.SENT, counts_attempt=True)
HELD = Outcome(Kind.HELD, Fault.OURS)
UNKNOWN_WAIT = timedelta(minutes=15)


class World:
    """An installation and its clock, with verbs for the things that tests are about."""

    def __init__(self, here: Installation) -> None:
        self.here = here
        self.now = START

    def clock(self) -> datetime:
        """Tell the time of this world."""
        return self.now

    def pass_time(self, **span: float) -> None:
        """Let time pass."""
        self.now += timedelta(**span)

    def write(self, act: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Run an action."""
        return self.here.database.write_now(act, *args, **kwargs)

    def read(self, query: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Run a query."""
        return self.here.database.read_now(query, *args, **kwargs)

    async def tick(self) -> None:
        """Let the timetable tick; again while sign-ups wait, for a tick does not take them all."""
        await tick(self.here, self.now)
        while self.read(lambda session: session.exec(select(Intake.id).limit(1)).first()):
            await tick(self.here, self.now)

    def run(self, **span: float) -> list[str]:
        """Let time pass, tick and send; return who was written to, in order."""
        self.run_until_planned(**span)
        return self.send()

    def run_until_planned(self, **span: float) -> None:
        """Let time pass (11 minutes: it has settled) and tick, so that mails are planned."""
        self.pass_time(**(span or {"minutes": 11}))
        asyncio.run(self.tick())

    def campaign(self, slug: str = "river", **fields: Any) -> Campaign:
        """Set up a campaign."""
        values = {"kind": "statement", "title": f"Save the {slug}", "body": "Words."} | fields
        draft = CampaignDraft.model_validate({"slug": slug} | values)
        made = self.write(
            campaigns.create_campaign, draft, site=self.here.settings.site, by="test", now=self.now
        )
        assert isinstance(made, Campaign)
        return made

    def post(self, slug: str = "river", title: str = "News", **fields: Any) -> Update:
        """Post an update."""
        draft = UpdateDraft.model_validate({"title": title, "body": f"All about {title}."} | fields)
        site = self.here.settings.site
        posted = self.write(publish.post_update, slug, draft, site=site, by="test", now=self.now)
        assert isinstance(posted, Update)
        return posted

    def sign_up(self, email: str, slug: str = "river", **fields: Any) -> int:
        """Sign and ask for updates, without confirming; return the signer's id."""
        self.hand_in(email, slug, **fields)
        return self.signer_id(email)

    def hand_in(self, email: str, slug: str = "river", **fields: Any) -> None:
        """Hand a sign-up in and let it be worked off, whatever becomes of it."""
        values = {"name": "Zoë", "updates": True} | fields
        signup = Signup.model_validate(
            {"email": email, "campaign_id": self.campaign_id(slug), **values}
        )
        sealed = self.here.keys.seal(signup.model_dump_json(), Sealed.INTAKE)
        self.write(sign.take_in, [(sealed, self.now)])
        here = self.here
        pieces = (here.composer, here.keys, here.settings)
        while self.write(sign.work_off, *pieces, now=self.now):
            pass
        while self.write(ask.ask, *pieces, now=self.now):
            pass

    def join(
        self, email: str, slug: str = "river", cadence: str = Cadence.IMMEDIATE, **fields: Any
    ) -> int:
        """Sign, ask for updates and confirm; return the signer's id."""
        signer_id = self.sign_up(email, slug, cadence=cadence, **fields)
        self.confirm(signer_id)
        return signer_id

    def confirm(self, signer_id: int) -> bool:
        """Follow the newest link that a signer was sent and has not used; return whether there is."""
        asked = select(Confirmation.id).where(
            Confirmation.signer_id == signer_id,
            col(Confirmation.used_at).is_(None),
            col(Confirmation.expires_at) > self.now,
        )
        newest = asked.order_by(col(Confirmation.id).desc())
        found = self.read(lambda session: session.exec(newest).first())
        if found is not None:
            welcome = self.here.settings.digest.welcome
            self.write(confirm.confirm, signer_id, found, now=self.now, welcome=welcome)
        return found is not None

    def leave(self, signer_id: int, *slugs: str) -> None:
        """Leave some campaigns, or all of them when none is named."""
        campaigns = [self.campaign_id(slug) for slug in slugs] or None
        self.write(leave.leave, signer_id, campaigns=campaigns, now=self.now)

    def send(self, outcome: Outcome = SENT) -> list[str]:
        """Send all that is due, each mail with this outcome; return who was written to, in order."""
        worker = self.write(deliver.enlist, now=self.now)
        written_to = []
        while claims := self.claims(worker, limit=10):
            for claim in claims:
                try:
                    address = self._values(claim.digest_id, claim.kept)["address"]
                except FeedsvcError:
                    self.mark(worker, deliver.Mark(claim.mail_id, HELD, ""), None)
                    continue
                if self.mark(worker, None, claim.mail_id):
                    written_to.append(address)
                    self.mark(worker, deliver.Mark(claim.mail_id, outcome, ""), None)
        return written_to

    def claims(self, worker: int, limit: int = 100) -> list[deliver.Claim]:
        """Claim what is due, service mails first; what was claimed and not started is given back."""
        claimed: list[deliver.Claim] = []
        for lane in (Lane.SERVICE, Lane.BULK):
            self.write(deliver.release, worker, lane)
            room = limit - len(claimed)
            claimed += self.write(deliver.claim, worker, lane, limit=room, now=self.now)
        return claimed

    def mark(self, worker: int, done: deliver.Mark | None, next_id: int | None) -> bool:
        """Mark a mail as done and the next one as started; return whether that may start."""
        marks = {"unknown_wait": UNKNOWN_WAIT, "now": self.now}
        starting = [] if next_id is None else [deliver.Start(next_id)]
        return bool(self.write(deliver.mark, worker, [done] if done else [], starting, **marks))

    def books(self, uid: str | None = None) -> Books:
        """Return the books of one update, or of the newest."""
        found = self.read(books, uid)[0]
        assert isinstance(found, Books)
        return found

    def deliveries(self) -> list[Delivery]:
        """List all deliveries, by notice and signer."""
        order = (col(Delivery.notice_id), col(Delivery.signer_id))
        return list(self.read(lambda s: s.exec(select(Delivery).order_by(*order)).all()))

    def dump(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return every row of every table."""
        return {
            table.name: sorted(
                (tuple(row) for row in self.read(lambda s, t=table: s.execute(t.select()).all())),
                key=repr,
            )
            for table in metadata.sorted_tables
        }

    def campaign_id(self, slug: str = "river") -> int:
        """Find the id of a campaign."""
        found = self.read(lambda s: s.exec(select(Campaign.id).where(Campaign.slug == slug)).one())
        return int(found)

    def signer_id(self, email: str) -> int:
        """Find the id of a signer."""
        index = self.here.keys.address_index(email)
        found = self.read(
            lambda s: s.exec(select(Signer.id).where(Signer.address_index == index)).one()
        )
        return int(found)

    def mails(self, kind: MailKind = MailKind.DIGEST) -> list[tuple[str, Mail]]:
        """List the mails that were planned, each with its address, or "" once that is wiped."""

        def listed(session: Session) -> list[Mail]:
            return list(
                session.exec(select(Mail).where(Mail.kind == kind).order_by(col(Mail.id))).all()
            )

        return [(self._address(mail), mail) for mail in self.read(listed)]

    def _address(self, mail: Mail) -> str:
        kept = self.read(snapshots.kept, mail.id)
        wiped = kept.sealed is None and kept.address_sealed is None
        return "" if wiped else self._values(mail.digest_id, kept)["address"]

    def values(self, mail: Mail) -> Mapping[str, str]:
        """Return what stands in the slots of a mail."""
        return self._values(mail.digest_id, self.read(snapshots.kept, mail.id))

    def _values(self, digest_id: int, kept: Kept) -> Mapping[str, str]:
        return snapshots.values(self.here.keys, self.read(snapshots.frame, digest_id), kept)

    def letter(self, mail_id: int | None) -> bytes:
        """Return a mail as it is sent."""
        mail = self.read(lambda session: session.get_one(Mail, mail_id))
        frame = self.read(snapshots.frame, mail.digest_id)
        return Skeleton(frame.message).splice(self.values(mail))


@contextmanager
def world(database_url: str, folder: Path, **sections: Any) -> Iterator[World]:
    """Open an installation on an empty database; `sections` are settings."""
    digest = {"settle_seconds": 600} | sections.pop("digest", {})
    settings = config.read(
        None,
        database={"url": database_url},
        keys={"file": folder / "feedsvc.keys"},
        digest=digest,
        **sections,
    )
    here = _installation(settings)
    try:
        migrations.upgrade(here.database.engine)
        yield World(here)
    finally:
        here.close()


def _installation(settings: config.Settings) -> Installation:
    """Open what `open_installation` opens, with templates that were compiled once for all tests."""
    file = settings.keys.file
    keys = keyfile.read(file) if file.exists() else keyfile.create(file)
    return Installation(
        settings=settings,
        keys=keys,
        database=open_database(settings.database.url, pool=settings.database.pool),
        templates=_templates(),
        composer=Composer(_templates(), settings.site, settings.mail),
        zones={keys.tag(zone, Sealed.ZONE): zone for zone in zones()},
        dkim=dkim_key.signer(settings.mail),
    )


@cache
def _templates() -> Templates:
    return Templates([files.shipped("templates")])
