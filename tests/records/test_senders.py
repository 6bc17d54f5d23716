"""What keeps the senders from sending is told as long as they live."""

from feedsvc.actions import deliver
from feedsvc.records.senders import trouble
from tests.world import World


def test_the_trouble_of_a_dead_sender_is_not_told(here_and_now: World) -> None:
    here = here_and_now
    worker = here.write(deliver.enlist, now=here.now)
    here.write(deliver.seen, worker, now=here.now, problem="connect: refused")
    assert here.read(trouble) == "connect: refused"
    here.write(deliver.take_over, worker, now=here.now)
    assert here.read(trouble) is None
