"""What can go wrong, in words that the reader can act on.

FeedsvcError
├── Misconfigured      a setting, a file or the schema keeps the service from starting
├── Invalid            what was given cannot be taken: names the field and the remedy
├── NotFound           there is no such campaign, update, key …
├── Conflict           it stands against what is stored already
├── Unauthorised       no key, or not one that we issued
├── Forbidden          the key does not reach this far
└── Unavailable        the store cannot answer now; asking again later helps
"""


class FeedsvcError(Exception):
    """Anything that we raise on purpose; `remedy` says what to do next."""

    def __init__(self, problem: str, *, remedy: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.problem} {self.remedy}".strip()


class Misconfigured(FeedsvcError):
    """A setting, a file or the schema keeps the service from starting."""


class Invalid(FeedsvcError):
    """What was given cannot be taken."""

    def __init__(self, field: str, problem: str, *, remedy: str = "") -> None:
        super().__init__(problem, remedy=remedy)
        self.field = field

    def __str__(self) -> str:
        return f"{self.field}: {super().__str__()}"


class NotFound(FeedsvcError):
    """There is no such thing."""


class Conflict(FeedsvcError):
    """It stands against what is stored already."""


class Unauthorised(FeedsvcError):
    """No key was shown, or not one that we issued."""


class Forbidden(FeedsvcError):
    """The key does not reach this far."""


class Unavailable(FeedsvcError):
    """The store cannot answer now; asking again later helps."""
