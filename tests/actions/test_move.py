"""A question about a move stands for itself, also when its row is long gone."""

from sqlmodel import select

from feedsvc.actions import move
from feedsvc.domain.tables.doors import AddressChange
from feedsvc.domain.tokens import Purpose, Token
from tests.world import World

ENDS = (Purpose.MOVE_FROM, Purpose.MOVE_TO)


def asked(here: World, anna: int, address: str) -> int:
    here.write(move.ask_to_move, anna, address, keys=here.here.keys, now=here.now)
    return here.read(lambda session: session.exec(select(AddressChange)).one()).id or 0


def test_an_old_question_does_not_answer_a_new_one(here_and_now: World) -> None:
    here = here_and_now
    here.campaign()
    anna = here.join("anna@example.org")
    old = asked(here, anna, "mallory@example.org")
    here.pass_time(days=40)
    here.write(move.forget_changes, now=here.now)
    new = asked(here, anna, "anna@example.net")
    agree = move.agree
    for end in ENDS:
        assert not here.write(agree, Token(end, anna, old), keys=here.here.keys, now=here.now)
    [_, done] = [
        here.write(agree, Token(end, anna, new), keys=here.here.keys, now=here.now) for end in ENDS
    ]
    assert done
