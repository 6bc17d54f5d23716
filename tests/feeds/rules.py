"""Rules by name: a checker asks each of them about a document and tells which are broken."""

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

T = TypeVar("T")
Rule = Callable[[T], Iterable[str]]


class Rulebook(Generic[T]):
    """The rules of a format; each says what is wrong with a document, or nothing."""

    def __init__(self) -> None:
        self._rules: dict[str, Rule[T]] = {}

    @property
    def names(self) -> set[str]:
        """What the rules are called."""
        return set(self._rules)

    def rule(self, name: str) -> Callable[[Rule[T]], Rule[T]]:
        """Write a rule down; a name is the source and section that it comes from."""

        def written(rule: Rule[T]) -> Rule[T]:
            assert name not in self._rules, name
            self._rules[name] = rule
            return rule

        return written

    def complaints(self, document: T) -> list[str]:
        """Ask each rule; the answer begins with its name."""
        return [
            f"{name}: {complaint}"
            for name, rule in self._rules.items()
            for complaint in rule(document)
        ]

    def broken(self, document: T) -> set[str]:
        """Name the rules that a document breaks."""
        return {name for name, rule in self._rules.items() if any(True for _ in rule(document))}
