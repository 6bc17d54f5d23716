"""Whether what somebody asks for fits the campaign: signed while it is open, followed as long as news may come."""

from feedsvc.domain.tables.content import Campaign, CampaignKind, CampaignStatus
from feedsvc.errors import Conflict, Invalid


def signs(kind: CampaignKind, status: CampaignStatus) -> bool:
    """Whether people put their names under it: a petition that is open."""
    return kind is CampaignKind.PETITION and status is CampaignStatus.OPEN


def follows(status: CampaignStatus) -> bool:
    """Whether its news can be asked for: also when it is closed or won, for news still comes."""
    return status is not CampaignStatus.WITHDRAWN


def check(campaign: Campaign, *, name: str, updates: bool) -> None:
    """Refuse a name that would not be kept, and a sign-up that asks for nothing.

    Raises Conflict when it is too late for it, Invalid, which names the field, for the rest.
    """
    if not follows(campaign.status):
        raise Conflict("The campaign was withdrawn.", remedy="GET / lists the others.")
    if campaign.kind is CampaignKind.STATEMENT:
        _follows_only(name, updates=updates)
    elif name and not signs(campaign.kind, campaign.status):
        remedy = "Leave the name out and send `updates: true` to hear of its news."
        raise Conflict("The campaign takes no more names.", remedy=remedy)
    elif not name and not updates:
        raise _nothing(campaign)


def _follows_only(name: str, *, updates: bool) -> None:
    """Take people as those who follow: a statement is signed by organisations."""
    organisations = "A statement is signed by organisations"
    if not updates:
        raise Invalid("updates", f"{organisations}.", remedy="Send true to hear of its news.")
    if name:
        problem = f"{organisations}, and names of people are not kept."
        raise Invalid("name", problem, remedy="Leave it out.")


def _nothing(campaign: Campaign) -> Invalid:
    if signs(campaign.kind, campaign.status):
        return Invalid("name", "A signature is a name.", remedy="Give the name you sign with.")
    remedy = "Send true to hear of its news."
    return Invalid("updates", "The petition is closed, and can only be followed.", remedy=remedy)
