"""Relays that rewrite links and add pixels by default, and how each is kept from it."""

from feedsvc.domain.mime import Header, Raw

_TOLD = {
    "mailgun.org": (Header("X-Mailgun-Track", Raw("no")),),
    "postmarkapp.com": (Header("X-PM-TrackLinks", Raw("None")),),
    "mailjet.com": (
        Header("X-Mailjet-TrackOpen", Raw("0")),
        Header("X-Mailjet-TrackClick", Raw("0")),
    ),
    "sendgrid.net": (
        Header(
            "X-SMTPAPI",
            Raw('{"filters": {"clicktrack": {"settings": {"enable": 0}},'),
            Raw('"opentrack": {"settings": {"enable": 0}}}}'),
        ),
    ),
    "sparkpostmail.com": (
        Header(
            "X-MSYS-API",
            Raw('{"options": {"open_tracking": false,'),
            Raw('"click_tracking": false}}'),
        ),
    ),
}

_UNTOLD = {
    "postmarkapp.com": "open tracking of the server",
    "mandrillapp.com": "open and click tracking in the sending options",
    "brevo.com": "tracking of transactional mail",
    "sendinblue.com": "tracking of transactional mail",
    "elasticemail.com": "open and click tracking in the settings",
    "smtp2go.com": "open and click tracking in the settings",
    "mailersend.net": "open and click tracking of the domain",
    "amazonaws.com": "open and click events of the configuration set",
}


def untracked(host: str) -> tuple[Header, ...]:
    """Give the headers that tell a relay to leave our mails as they are (M13)."""
    return next((told for domain, told in _TOLD.items() if _within(host, domain)), ())


def to_switch_off(host: str) -> str:
    """Say what must be switched off at the relay itself, since no header reaches it; or nothing."""
    return next((words for domain, words in _UNTOLD.items() if _within(host, domain)), "")


def _within(host: str, domain: str) -> bool:
    return f".{host.lower()}".endswith(f".{domain}")
