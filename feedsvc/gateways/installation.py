"""An installation: settings, keys, database and templates, opened together and closed together."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import inspect
from sqlmodel import Session, col, select

from feedsvc.config import Settings
from feedsvc.domain.cadence import zones
from feedsvc.domain.mime import Signer
from feedsvc.domain.sealing import MARK, Keys, Sealed
from feedsvc.domain.tables.content import Fact
from feedsvc.errors import Misconfigured
from feedsvc.gateways import dkim_key, files, keyfile
from feedsvc.gateways.composer import Composer
from feedsvc.gateways.database import Database, open_database
from feedsvc.gateways.templates import Templates

OWN_TEMPLATES = Path("templates")


@dataclass(frozen=True)
class Installation:
    """Everything that this process works with.

    `zones` gives the zone behind a signer's tag; `dkim` is there when we sign our mails ourselves.
    """

    settings: Settings
    keys: Keys
    database: Database
    templates: Templates
    composer: Composer
    zones: dict[bytes, str]
    dkim: Signer | None = None

    def close(self) -> None:
        """Finish what was handed over to the database, then let go."""
        self.database.close()


def open_installation(settings: Settings) -> Installation:
    """Open everything that the settings name; a first start makes the key file."""
    templates = Templates(_template_folders())
    signer = dkim_key.signer(settings.mail)
    database = open_database(settings.database.url, pool=settings.database.pool)
    try:
        keys = _keys(settings, database)
    except BaseException:
        database.close()
        raise
    return Installation(
        settings=settings,
        keys=keys,
        database=database,
        templates=templates,
        composer=Composer(templates, settings.site, settings.mail),
        zones={keys.tag(zone, Sealed.ZONE): zone for zone in zones()},
        dkim=signer,
    )


def _keys(settings: Settings, database: Database) -> Keys:
    """Read the key file; make one only where nothing was ever sealed with another."""
    file = keyfile.place(settings.keys.file)
    if file.exists():
        return keyfile.read(file)
    if database.read_now(sealed_before):
        raise Misconfigured(
            f"There is a database but no key file {file}.",
            remedy="Put back the key file that belongs to it; without it no signer can be read.",
        )
    return keyfile.create(file)


def sealed_before(session: Session) -> bool:
    """Whether the database remembers keys."""
    if not inspect(session.connection()).has_table(str(Fact.__tablename__)):
        return False
    remembered = select(Fact.name).where(col(Fact.name).startswith(MARK))
    return session.exec(remembered.limit(1)).first() is not None


def _template_folders() -> list[Path]:
    shipped = files.shipped("templates")
    own = OWN_TEMPLATES.resolve()
    return [shipped] if own == shipped.resolve() or not own.is_dir() else [own, shipped]
