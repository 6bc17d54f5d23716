"""Come back: somebody whose address is confirmed asks again to hear of a campaign, from now on."""

from datetime import datetime

from sqlmodel import Session

from feedsvc.domain.journal import Verb
from feedsvc.domain.tables.people import Signer
from feedsvc.gateways.database import journalled
from feedsvc.records import returns


def come_back(session: Session, signer_id: int, campaign_id: int, *, now: datetime) -> None:
    """Begin to hear of a campaign that was left, or only signed; what came meanwhile is not sent."""
    signer = session.get_one(Signer, signer_id, with_for_update={"key_share": True})
    campaign = returns.come_back(session, signer, campaign_id, now)
    if campaign is not None and signer.address_index is not None:
        person = signer.address_index.hex()
        journalled(session, f"{now.isoformat()} {Verb.RETURNED} {person} {campaign.uid}")
