"""The signatures of one person, whoever has the address."""

from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from feedsvc.domain.tables.content import Campaign
from feedsvc.domain.tables.people import Signature


def under(person_index: bytes) -> SelectOfScalar[Signature]:
    """Select what counts under a keyed hash: looked up in each campaign, for so the index goes."""
    each = select(Campaign.id)
    return select(Signature).where(
        col(Signature.campaign_id).in_(each), Signature.person_index == person_index
    )
