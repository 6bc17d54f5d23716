"""Lists of signers for tests: written as a file, imported, and looked at."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlmodel import col, select
from typer.testing import Result

from feedsvc.domain.sealing import Sealed
from feedsvc.domain.tables.content import Campaign
from feedsvc.domain.tables.people import Signature, Signer, Subscription
from tests.world import World

CONSENT = ("--consent-source", "form", "--consent-date", "2025-06-01")


class Lists:
    """Writes lists, imports them beside the installation, and looks at what came of it."""

    def __init__(self, run: Callable[..., Result], here: World, folder: Path) -> None:
        self.here = here
        self.file = folder / "people.csv"
        self.refused = folder / "people.csv.refused.csv"
        self._run = run

    def run(self, *arguments: str, slug: str = "river") -> Result:
        """Import the file that was written last."""
        given = ("signers", "import", str(self.file), "--campaign", slug)
        return self._run(*given, *arguments)

    def take(self, *lines: str, options: tuple[str, ...] = CONSENT, slug: str = "river") -> str:
        """Import these lines; return what is said in the end."""
        self.write(*lines)
        result = self.run(*options, slug=slug)
        assert result.exit_code == 0, result.exception
        return result.stdout

    def write(self, *lines: str) -> None:
        """Write the file."""
        self.file.write_text("\n".join(lines) + "\n", "utf-8")

    def export(self, *arguments: str, ending: str = "csv") -> str:
        """Export everybody; return what the file says."""
        out = self.file.with_name(f"out.{ending}")
        result = self._run("signers", "export", str(out), *arguments)
        assert result.exit_code == 0, result.exception
        return out.read_text("utf-8")

    def wishes(self, email: str) -> list[Subscription]:
        """List the subscriptions of a person, oldest first."""
        order = col(Subscription.id)
        mine = select(Subscription).where(Subscription.signer_id == self.here.signer_id(email))
        return list(self.here.read(lambda s: s.exec(mine.order_by(order)).all()))

    def signer(self, email: str) -> Signer:
        """Find a person."""
        found = self.here.read(lambda s: s.get(Signer, self.here.signer_id(email)))
        assert isinstance(found, Signer)
        return found

    def name(self, email: str) -> str | None:
        """Open the name that stands under the campaign; None when there is no signature."""
        index = self.here.here.keys.address_index(email)
        mine = select(Signature).where(Signature.person_index == index)
        found = self.here.read(lambda s: s.exec(mine).first())
        return self.here.here.keys.unseal(found.name_sealed, Sealed.NAME) if found else None

    def campaign(self, slug: str = "river") -> Campaign:
        """Read a campaign."""
        found = self.here.read(
            lambda s: s.exec(select(Campaign).where(Campaign.slug == slug)).one()
        )
        assert isinstance(found, Campaign)
        return found

    def people(self) -> dict[str, Any]:
        """Tell who stands where, without numbers and times: by what must be equal elsewhere."""
        keys = self.here.here.keys
        rows = self.here.read(lambda s: s.exec(select(Subscription, Signer).join(Signer)).all())
        return {
            keys.unseal(signer.address_sealed, Sealed.ADDRESS): (
                wish.cadence,
                wish.confirmed_at is not None,
                wish.ending,
                wish.ended_at,
                wish.consented_at if wish.confirmed_at else None,
                keys.unseal(signer.language_sealed, Sealed.LANGUAGE),
                keys.unseal(signer.zone_sealed, Sealed.ZONE),
                self.name(keys.unseal(signer.address_sealed, Sealed.ADDRESS)),
            )
            for wish, signer in rows
        }
