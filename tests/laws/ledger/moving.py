"""How signers are written to elsewhere: asked for, agreed to at both ends, and done."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from sqlmodel import Session, col, select

from feedsvc.actions import move
from feedsvc.domain.tables.doors import AddressChange
from feedsvc.domain.tokens import Purpose, Token
from tests.laws.ledger.base import Base
from tests.laws.ledger.model import WEEK, Change, people

OLD, NEW = Purpose.MOVE_FROM, Purpose.MOVE_TO
ENDS = ((OLD,), (NEW,), (OLD, NEW), (NEW, OLD), (OLD, NEW, OLD))
WHERE = ("anew", "anew", "back", "to another's")


class Moving(Base):
    """Those whose address changes, and who stay who they are."""

    @precondition(lambda self: self.confirmed)
    @rule(person=people, where=st.sampled_from(WHERE), other=people)
    def ask_to_move(self, person: int, where: str, other: int) -> None:
        """Ask for mail elsewhere: where nobody is, where one was before, or where another is."""
        signer, now = self.signers.get(person, 0), self.world.now
        if signer not in self.confirmed:
            return
        address = self._somewhere(person, where, other)
        keys = self.world.here.keys
        self.world.write(move.ask_to_move, signer, address, keys=keys, now=now)
        number, known = self.world.read(_newest, signer), self.changes.get(person)
        if number is not None and (known is None or known.number != number):
            fresh = address not in {*self.named, *self.homes.values()}
            self.changes[person] = Change(number, address, now, fresh)
        self.named.add(address)

    @precondition(lambda self: self.changes)
    @rule(person=people, ends=st.sampled_from(ENDS))
    def agree(self, person: int, ends: tuple[Purpose, ...]) -> None:
        """Agree at one end or both; done is done, and nobody is moved to where another is."""
        change = self.changes.get(person)
        for end in ends if change is not None else ():
            self._agree(person, end)

    @precondition(lambda self: self.changes)
    @rule(person=people, end=st.sampled_from((OLD, NEW)))
    def refuse(self, person: int, end: Purpose) -> None:
        """Say no at one end: the change is over."""
        if person in self.changes:
            change = self.changes[person]
            token = Token(end, self.signers[person], change.number)
            self.world.write(move.refuse, token, now=self.world.now)
            change.over = True

    def _agree(self, person: int, end: Purpose) -> None:
        change, signer = self.changes[person], self.signers[person]
        token = Token(end, signer, change.number)
        said = self.world.write(move.agree, token, keys=self.world.here.keys, now=self.world.now)
        if not (change.done or change.over) and self.world.now < change.at + WEEK:
            change.agreed.add(end)
        if change.agreed == {OLD, NEW} and not (change.done or change.over):
            self._moved(person, change, done=said)
        assert said == change.done

    def _moved(self, person: int, change: Change, *, done: bool) -> None:
        """Go on under the new address, if nobody has it; where none was yet, that is certain."""
        free = change.address not in self.homes.values()
        assert free or not done
        assert done or not change.fresh
        change.done, change.over = done, not done
        if done:
            signer = self.signers[person]
            self.former[person].append(self.homes[signer])
            self.homes[signer] = change.address

    def _somewhere(self, person: int, where: str, other: int) -> str:
        if where == "back" and self.former[person]:
            return self.former[person][-1]
        if where == "to another's" and self.signers.get(other) in self.confirmed:
            return self._home(other)
        return f"person{person}.{self.lives[person]}.moved{len(self.named)}@example.org"


def _newest(session: Session, signer_id: int) -> int | None:
    mine = select(AddressChange.id).where(AddressChange.signer_id == signer_id)
    return session.exec(mine.order_by(col(AddressChange.id).desc()).limit(1)).first()
