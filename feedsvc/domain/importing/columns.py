"""Which column of a list is what: the header names of the usual tools, and what staff say of them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from feedsvc.errors import Invalid

FIELDS: Final[dict[str, str]] = {
    "campaign": "campaign",
    "email": "email email_address e-mail mail primary_email email_1 email1 subscriber"
    " subscriber_email contact_email individual_email e-mail-adresse mailadresse",
    "name": "name full_name display_name subscriber_name signature_name contact_name your_name",
    "first_name": "first_name first firstname fname given_name forename vorname",
    "last_name": "last_name last lastname lname surname family_name nachname familienname",
    "language": "language lang locale preferred_locale preferred_language language_locale sprache",
    "time_zone": "time_zone timezone tz zone",
    "cadence": "cadence frequency digest_frequency",
    "status": "status subscription_status can2_subscription_status subscriber_status email_status",
    "signed_at": "signed_at signed_on signed date_signed signature_date signed_date optin_time"
    " opt_in_time timestamp submitted_at created_at created_date date_added added_time subscribed"
    " subscribe_date petition_signed_at",
    "left_at": "left_at unsub_time unsubscribed_at unsubscribed unsubscribe_date",
    "bounced_at": "bounced_at clean_time cleaned_at bounce_date",
    "letter_version": "letter_version petition_version",
    "consent_source": "consent_source opt_in_source optin_source",
    "consent_date": "consent_date consented_at confirm_time confirmed_on opt_in_confirmed_at"
    " optin_confirm_time double_opt_in_date",
    "consent_text": "consent_text consent_wording",
}
"""What a row may say, and the names that tools give its columns; the first that is there counts."""

OWN: Final = {"status": "state"}
"""Columns that mean this in a list of ours only: elsewhere `state` is New York."""
_OWN_MARKS: Final = {"campaign", "state", "consentedat"}
_BESIDE: Final = {"line", "reason", "confirmedat", "leftbecause"}
"""What our own files say besides, and no import takes up."""

_FORENAME: Final = "vorname"
"""Where this stands, `Name` is a surname."""

KNOWN: Final = tuple(FIELDS)


def plain(name: str) -> str:
    """Write a header name so that spelling does not matter: `E-Mail Address` is `emailaddress`."""
    return "".join(filter(str.isalnum, name.casefold()))


_SPELLED: Final = {
    field: [plain(name) for name in names.split()] for field, names in FIELDS.items()
}


class Columns:
    """The columns of one list: `places` says where each field stands, `passed_over` what is left."""

    def __init__(self, header: Sequence[str], told: Mapping[str, str]) -> None:
        self.header = list(header)
        self.places = _places(header, told)
        taken = set(self.places.values())
        self.passed_over = [
            name
            for place, name in enumerate(header)
            if place not in taken and plain(name) not in _BESIDE and name.strip()
        ]
        if "email" not in self.places:
            raise Invalid(
                "email",
                f"no column holds an address; found are {', '.join(map(repr, header)) or 'none'}.",
                remedy='Name it: --map "Their column=email".',
            )

    def values(self, cells: Sequence[str]) -> dict[str, str]:
        """Give the cells of a row by field."""
        return {field: cells[place] for field, place in self.places.items()}


def told(pairs: Iterable[str]) -> dict[str, str]:
    """Read what staff say of columns: `Their column=email`; nothing behind the = passes it over."""
    said = {}
    for pair in pairs:
        name, equals, field = pair.rpartition("=")
        field = field.strip().lower()
        if not equals or not name.strip() or field not in {"", *KNOWN}:
            raise Invalid(
                "--map",
                f"{pair!r} cannot be read.",
                remedy=f'Write "Their column=FIELD", where FIELD is one of {", ".join(KNOWN)}, '
                "or nothing to pass the column over.",
            )
        said[plain(name)] = field
    return said


def _places(header: Sequence[str], told: Mapping[str, str]) -> dict[str, int]:
    """Find each field: what staff say comes first, then the names of the tools."""
    names = [plain(name) for name in header]
    if unknown := told.keys() - set(names):
        raise Invalid(
            "--map",
            f"there is no column {', '.join(sorted(unknown))}.",
            remedy=f"There are {', '.join(map(repr, header))}.",
        )
    places = {field: names.index(name) for name, field in told.items() if field}
    own = OWN if set(names) >= _OWN_MARKS else {}
    spelled = _SPELLED | {field: [name] for field, name in own.items()}
    for field, spellings in spelled.items():
        free = [name for name in spellings if name in names and name not in told]
        if field not in places and free:
            places[field] = names.index(free[0])
    if _FORENAME in names and "last_name" not in places and "name" in places:
        places["last_name"] = places.pop("name")
    return places
