"""Edits and withdrawals, as feeds show them."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from sqlmodel import Session, select

from feedsvc.actions import campaigns, publish, revise
from feedsvc.domain import feeds
from feedsvc.domain.content import Text
from feedsvc.domain.tables.content import (
    Campaign,
    CampaignStatus,
    EditClass,
    Entry,
    Revision,
    Update,
)
from feedsvc.domain.tables.ledger import DeliveryState, Withheld
from feedsvc.domain.tables.staff import AuditLine
from feedsvc.errors import Conflict, Invalid
from feedsvc.records import documents, topics, versions
from tests.domain.feeds.reading import parsed
from tests.world import World

NEW = (Text("en", title="News", body="80, not 70."),)


def feed(world: World, slug: str | None = "river", language: str | None = None) -> feeds.Feed:
    """Gather the head of a feed."""

    def gather(session: Session) -> object:
        here, scope = world.here, versions.versions(session, [slug])[slug].scope
        return documents.gather(session, here.settings, here.templates, scope, language)

    found = world.read(gather)
    assert isinstance(found, feeds.Feed)
    return found


def titles(world: World, slug: str | None = "river") -> list[str]:
    """Return the titles at the head of a feed, the newest first."""
    return [entry.title for entry in feeds.head(feed(world, slug)).entries]


def edit(world: World, update: Update, texts: Sequence[Text] = NEW, **fields: Any) -> Update:
    """Revise an update an hour later."""
    world.pass_time(hours=1)
    values = {"edit_class": EditClass.AMENDED, "based_on": update.revision} | fields
    site = world.here.settings.site
    made = world.write(
        revise.revise, update.uid, texts, site=site, by="test", now=world.now, **values
    )
    assert isinstance(made, Update)
    return made


def withdraw(world: World, update: Update, **notes: str) -> None:
    """Take an update back an hour later."""
    world.pass_time(hours=1)
    values = {"site": world.here.settings.site, "by": "test", "now": world.now}
    world.write(revise.withdraw, update.uid, notes=notes, **values)


@pytest.fixture
def river(here_and_now: World) -> World:
    """Give a world with a campaign."""
    here_and_now.campaign(texts={"ar": {"title": "نهر", "body": "نص"}})
    here_and_now.pass_time(hours=1)
    return here_and_now


def test_an_amended_update_comes_back_to_the_head_with_its_new_words(river: World) -> None:
    first = river.post(title="First")
    river.post(title="Second")
    edit(river, first, [Text("en", title="First, amended", body="New words.")])
    assert titles(river)[0] == "First, amended"
    entry = feed(river).entries[0]
    assert (entry.updated, entry.published < entry.updated) == (river.now, True)


def test_a_silent_edit_changes_words_and_moves_nothing(river: World) -> None:
    first = river.post(title="Frist")
    before = feed(river).entries[0]
    edit(river, first, [Text("en", title="First", body="Words.")], edit_class=EditClass.SILENT)
    after = feed(river).entries[0]
    assert (after.title, after.updated, after.id) == ("First", before.updated, before.id)


def test_a_correction_is_also_announced_with_what_has_changed(river: World) -> None:
    posted = river.post()
    edit(river, posted, edit_class=EditClass.CORRECTION, notes={"en": "80 died, not <70>."})
    newest = feeds.head(feed(river)).entries[:2]
    assert {entry.title for entry in newest} == {"Correction: News", "News"}
    told = next(entry for entry in newest if entry.title.startswith("Correction"))
    assert "80 died, not &lt;70&gt;." in told.html
    assert told.url.endswith("#correction-2")


def test_each_correction_has_an_entry_of_its_own(river: World) -> None:
    posted = edit(river, river.post(), edit_class=EditClass.CORRECTION)
    edit(river, posted, [Text("en", title="News", body="85.")], edit_class=EditClass.CORRECTION)
    assert titles(river).count("Correction: News") == 2


def test_a_correction_in_one_language_is_announced_in_that_language(river: World) -> None:
    posted = river.post(texts={"ar": {"title": "خبر", "body": "نص"}})
    texts = (Text("en", "News", "All about News."), Text("ar", "خبر", "نص آخر"))
    edit(river, posted, texts, edit_class=EditClass.CORRECTION, notes={"en": "A number."})
    assert not any(title.startswith("Correction") for title in titles(river))
    arabic = [entry for entry in feed(river, language="ar").entries if "تصحيح" in entry.title]
    assert '<p lang="en" dir="ltr">A number.</p>' in arabic[0].html


def test_an_edit_of_an_old_revision_is_refused(river: World) -> None:
    posted = river.post()
    edit(river, posted)
    with pytest.raises(Conflict, match="revision 2"):
        edit(river, posted, [Text("en", "Other", "Other")], based_on=1)


@pytest.mark.parametrize("edit_class", [EditClass.WITHDRAWAL, EditClass.REDACTION])
def test_what_is_no_edit_of_the_text_is_refused(river: World, edit_class: EditClass) -> None:
    with pytest.raises(Invalid, match="edit_class"):
        edit(river, river.post(), edit_class=edit_class)


def test_the_same_words_again_change_nothing(river: World) -> None:
    posted = edit(river, river.post())
    before = river.dump()
    edit(river, posted)
    assert river.dump() == before


def test_a_withdrawn_update_is_a_stub_under_its_id_and_news_that_says_so(river: World) -> None:
    posted = river.post(title="Wrong", body="Never so.", occurred_on="2026-02-28")
    before = feed(river).entries[0]
    withdraw(river, posted, en="The source was mistaken.")
    stub = next(entry for entry in feed(river).entries if entry.id == before.id)
    assert stub.title == "Withdrawn: update of 28 February 2026"
    assert "The source was mistaken." in stub.html
    assert (stub.url, stub.updated) == (before.url, river.now)
    assert titles(river)[:2] == [
        "We have withdrawn our update of 28 February 2026",
        "Withdrawn: update of 28 February 2026",
    ] or titles(river)[:2] == [
        "Withdrawn: update of 28 February 2026",
        "We have withdrawn our update of 28 February 2026",
    ]
    assert not any(b"Never so" in each.render(feed(river)) for each in feeds.FORMATS.values())


def test_atom_carries_a_tombstone_that_is_younger_than_the_entry(river: World) -> None:
    posted = river.post()
    entry = feed(river).entries[0]
    withdraw(river, posted)
    (tombstone,) = feed(river).deletions
    assert tombstone.ref == entry.id
    assert tombstone.when > river.now
    assert feed(river).updated == tombstone.when


def test_the_corrections_of_a_withdrawn_update_are_withdrawn_with_it(river: World) -> None:
    posted = edit(river, river.post(), edit_class=EditClass.CORRECTION, notes={"en": "Never so."})
    withdraw(river, posted)
    assert b"Never so" not in feeds.json(feed(river))
    assert len(feed(river).deletions) == 2


async def test_after_thirty_days_the_stub_leaves_and_the_tombstone_stays(river: World) -> None:
    posted = river.post()
    withdraw(river, posted)
    river.pass_time(days=29)
    await river.tick()
    assert "Withdrawn: update of 2 March 2026" in titles(river)
    before = feed(river).deletions
    river.pass_time(days=1)
    await river.tick()
    assert "Withdrawn: update of 2 March 2026" not in titles(river)
    assert "We have withdrawn our update of 2 March 2026" in titles(river)
    assert feed(river).deletions == before


async def test_retiring_twice_moves_nothing(river: World) -> None:
    withdraw(river, river.post())
    river.pass_time(days=31)
    await river.tick()
    before = feed(river).updated
    river.pass_time(days=1)
    await river.tick()
    assert feed(river).updated == before


def test_withdrawing_twice_changes_nothing(river: World) -> None:
    posted = river.post()
    withdraw(river, posted)
    before = river.dump()
    withdraw(river, posted)
    assert river.dump() == before


def test_a_draft_cannot_be_withdrawn(river: World) -> None:
    with pytest.raises(Conflict, match="Only what was published"):
        withdraw(river, river.post(status="draft"))


def test_a_withdrawn_update_cannot_be_edited(river: World) -> None:
    posted = river.post()
    withdraw(river, posted)
    with pytest.raises(Conflict, match="withdrawn"):
        edit(river, posted)


def test_a_withdrawal_keeps_mail_that_has_not_gone_out(river: World) -> None:
    river.join("anna@example.org")
    river.send()
    posted = river.post()
    river.run_until_planned()
    withdraw(river, posted)
    assert river.run() == []
    states = {(one.state, one.reason) for one in river.deliveries()}
    assert states == {(DeliveryState.WITHHELD, Withheld.WITHDRAWN)}
    assert river.books().balanced


def test_edits_and_withdrawals_are_in_the_audit(river: World) -> None:
    posted = edit(river, river.post())
    withdraw(river, posted)
    lines = river.read(lambda s: s.exec(select(AuditLine.what)).all())
    assert lines[-2:] == ["revise update", "withdraw update"]


def test_a_withdrawn_campaign_ends_its_feeds_with_a_last_entry(river: World) -> None:
    river.post()
    end(river)
    assert titles(river)[0] == "This feed has ended"
    assert titles(river, None) == []


async def test_a_campaign_that_is_reopened_has_its_feeds_again(river: World) -> None:
    river.post()
    end(river)
    river.pass_time(days=31)
    await river.tick()
    assert versions_of(river).ended
    reopen(river)
    assert not versions_of(river).ended
    assert "This feed has ended" not in titles(river)
    assert len(feed(river).deletions) == 1
    end(river)
    assert titles(river)[0] == "This feed has ended"


def test_every_language_feed_of_a_withdrawn_campaign_has_a_last_entry(river: World) -> None:
    river.post(texts={"de": {"title": "Neues", "body": "Text"}})
    end(river)
    assert feed(river, language="de").entries[0].title == "This feed has ended"


async def test_our_hub_has_nothing_of_a_campaign_that_has_ended(river: World) -> None:
    end(river)
    pieces = (river.here.settings, river.here.templates, river.campaign_id(), "")
    assert river.read(topics.printed, *pieces).copies
    river.pass_time(days=31)
    await river.tick()
    assert not river.read(topics.printed, *pieces).copies


def test_two_former_slugs_are_found_at_once(river: World) -> None:
    rename(river, "river", "stream")
    rename(river, "stream", "brook")
    found = river.read(versions.versions, ["river", "stream", "brook", "lake"])
    assert {asked: version.slug for asked, version in found.items()} == {
        "river": "brook",
        "stream": "brook",
        "brook": "brook",
    }


def test_what_is_said_of_the_edit_of_a_draft_is_kept_from_readers(river: World) -> None:
    posted = river.post(status="draft")
    edit(river, posted, edit_class=EditClass.CORRECTION, notes={"en": "Not for readers."})
    river.write(publish.publish, posted.uid, by="test", now=river.now)
    revisions = river.read(lambda s: s.exec(select(Revision)).all())
    assert [(one.edit_class, one.notes) for one in revisions] == [(EditClass.SILENT, {})] * 2


def test_entry_ids_are_never_used_again(river: World) -> None:
    end(river)
    reopen(river)
    end(river)
    tags = river.read(lambda s: s.exec(select(Entry.tag)).all())
    assert len(set(tags)) == len(tags) == 6


@pytest.mark.parametrize("taken", ["river", "lake"])
def test_a_slug_that_led_to_a_campaign_is_not_given_to_another(river: World, taken: str) -> None:
    river.campaign("lake")
    rename(river, "lake", "pond")
    with pytest.raises(Conflict):
        river.campaign(taken)


def test_a_campaign_may_take_its_former_slug_again(river: World) -> None:
    rename(river, "river", "stream")
    rename(river, "stream", "river")
    assert versions_of(river, "stream").slug == "river"


def test_a_correction_is_read_by_a_parser_as_an_entry_of_its_own(river: World) -> None:
    edit(river, river.post(), edit_class=EditClass.CORRECTION, notes={"en": "80, not 70."})
    ids = [[entry.id for entry in parsed(write(feed(river))).entries] for write in BOTH]
    items = json.loads(feeds.json(feed(river)))["items"]
    assert ids == [[item["id"] for item in items]] * 2


BOTH = (feeds.atom, feeds.rss)


def end(world: World) -> None:
    """Withdraw the campaign an hour later."""
    world.pass_time(hours=1)
    values = {"site": world.here.settings.site, "by": "test", "now": world.now}
    world.write(campaigns.withdraw_campaign, "river", **values)


def reopen(world: World) -> None:
    """Open the campaign again an hour later."""
    world.pass_time(hours=1)
    values = {"site": world.here.settings.site, "by": "test", "now": world.now}
    world.write(campaigns.reopen_campaign, "river", **values)
    status = world.read(lambda s: s.exec(select(Campaign.status)).one())
    assert status is CampaignStatus.OPEN


def rename(world: World, slug: str, new: str) -> None:
    """Rename a campaign."""
    world.write(campaigns.rename_campaign, slug, new, by="test", now=world.now)


def versions_of(world: World, slug: str = "river") -> versions.Version:
    """Look where the feeds of a campaign stand."""
    found = world.read(versions.versions, [slug])[slug]
    assert isinstance(found, versions.Version)
    return found
