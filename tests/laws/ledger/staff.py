"""What staff do: post, publish and steer."""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from feedsvc.actions import publish, steer
from tests.laws.ledger.base import Base
from tests.laws.ledger.model import slugs


class Staff(Base):
    """Those who write the news, and stop what must not go on."""

    @rule(slug=slugs, minutes=st.sampled_from([0, 0, 0, 5, 300]), notify=st.sampled_from([1, 1, 0]))
    def post(self, slug: str, minutes: int, notify: int) -> None:
        """Post an update, now or under embargo."""
        at = self.world.now + timedelta(minutes=minutes) if minutes else None
        self._post(slug, at, "subscribers" if notify else "none", "published")

    @rule(slug=slugs, minutes=st.sampled_from([0, 5]))
    def draft(self, slug: str, minutes: int) -> None:
        """Write a draft, which may have an embargo for later."""
        at = self.world.now + timedelta(minutes=minutes) if minutes else None
        self._post(slug, at, "subscribers", "draft")

    @precondition(lambda self: self.drafts)
    @rule()
    def publish(self) -> None:
        """Publish the oldest draft, and once more: a repeat changes nothing."""
        draft = self.drafts.pop(0)
        for _ in range(2):
            self.world.write(publish.publish, draft.uid, by="test", now=self.world.now)
        self._out_or_embargoed(draft)

    @precondition(lambda self: self.news)
    @rule(which=st.integers(0, 3), twice=st.booleans())
    def pause_mailing(self, which: int, twice: bool) -> None:  # noqa: FBT001  drawn
        """Pause a mailing, once or twice."""
        for _ in range(1 + twice):
            if self._steered(steer.pause, uid := self._newest(which)):
                self.news[uid].paused = True

    @precondition(lambda self: self.news)
    @rule(which=st.integers(0, 3))
    def resume_mailing(self, which: int) -> None:
        """Let a mailing go on."""
        if self._steered(steer.resume, uid := self._newest(which)):
            self.news[uid].paused = False

    @precondition(lambda self: self.news)
    @rule(which=st.integers(0, 3))
    def cancel_mailing(self, which: int) -> None:
        """Cancel a mailing."""
        if self._steered(steer.cancel, uid := self._newest(which)):
            self.news[uid].cancelled = True
