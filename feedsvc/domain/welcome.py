"""What a welcome says: where a campaign stands for somebody who joins late."""

from dataclasses import dataclass

from feedsvc.domain.digest import AboutCampaign
from feedsvc.domain.feeds import Urls


@dataclass(frozen=True, slots=True)
class AboutLatest:
    """The latest update of a campaign, named; `date` is an event date, else the day we published."""

    key: str
    revision_id: int
    language: str
    title: str
    date: str


@dataclass(frozen=True, slots=True)
class Standing:
    """A campaign and its latest update; how many have signed is said to each reader as it is then."""

    campaign: AboutCampaign
    latest: AboutLatest
    feeds: Urls

    @property
    def line(self) -> tuple[int, int, str]:
        """What a mail about it depends on: the words may change without a new revision."""
        words = (self.campaign.slug, self.campaign.language, self.campaign.title)
        told = (*words, self.latest.key, self.latest.language, self.latest.date, self.feeds.atom)
        return self.campaign.id, self.latest.revision_id, "\0".join(told)
