"""What the DNS says about a sender: SPF (RFC 7208), DKIM (RFC 6376), DMARC (RFC 9989)."""

from collections.abc import Iterator, Mapping, Sequence

WALK = 8
"""Labels of the longest name that is asked for on the way up (RFC 9989, the DNS tree walk)."""

GONE = ("pct", "rf", "ri")
"""Tags of the older DMARC (RFC 7489) that RFC 9989 took out."""

POLICIES = ("none", "quarantine", "reject")

Tags = Mapping[str, str]


def tags(record: str) -> dict[str, str]:
    """Read `a=b; c=d`; names in lower case."""
    pairs = (pair.partition("=") for pair in record.split(";"))
    return {name.strip().lower(): value.strip() for name, sign, value in pairs if sign}


def spf_records(texts: Sequence[str]) -> list[str]:
    """Pick the SPF records; one is right, more are an error (RFC 7208, 4.5)."""
    return [text for text in texts if text.lower().split(" ")[0] == "v=spf1"]


def lets_anybody_send(spf: str) -> bool:
    """Whether a record lets the whole world write in its domain's name (`+all`)."""
    return any(term in {"all", "+all"} for term in spf.lower().split())


def dmarc_records(texts: Sequence[str]) -> list[str]:
    """Pick the DMARC records."""
    return [text for text in texts if text.replace(" ", "").split(";")[0] == "v=DMARC1"]


def walk(domain: str) -> Iterator[str]:
    """Give the names that the tree walk asks for, the domain itself first.

    From a long name it goes on with the last seven labels.
    """
    labels = domain.lower().split(".")
    yield ".".join(labels)
    for count in range(min(len(labels), WALK) - 1, 0, -1):
        yield ".".join(labels[-count:])


def ends_walk(found: Tags | None) -> bool:
    """Whether the walk goes no further up: here somebody has said who is in charge."""
    return found is not None and found.get("psd") in {"y", "n"}


def organisation(domain: str, found: Mapping[str, Tags]) -> str:
    """Give the organisational domain, by the DMARC records found on the walk."""
    domain = domain.lower()
    for name in walk(domain):
        said = found.get(name, {}).get("psd")
        if said == "n":
            return name
        if said == "y" and name != domain:
            return ".".join(domain.split(".")[-name.count(".") - 2 :])
    return min(found, key=lambda name: name.count("."), default=domain)
