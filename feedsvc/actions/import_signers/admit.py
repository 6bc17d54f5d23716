"""One person for whom the campaign's own site vouches: taken in by the rule of imports."""

from collections import Counter
from datetime import datetime, timedelta

from sqlmodel import Session

from feedsvc.actions.import_signers.runs import Chunk, foresee
from feedsvc.actions.import_signers.take import take
from feedsvc.config import DigestSettings
from feedsvc.domain.importing.people import Person
from feedsvc.records import audit
from feedsvc.records.locks import hold


def admit(
    session: Session,
    slug: str,
    person: Person,
    *,
    digest: DigestSettings,
    by: str,
    now: datetime,
) -> None:
    """Take a person in who has proved a consent; whoever left since, or is suppressed, stays out.

    Taken in again they are as they were. What became of them is told to nobody.
    """
    hold(session, f"signer {person.person_index.hex()}")
    run, alone = foresee(session, slug, now=now), Chunk([person], Counter(), 0, 0)
    take(session, run, alone, digest=digest, gap=timedelta(), now=now)
    audit.note(session, by, "sign up", slug, now)
