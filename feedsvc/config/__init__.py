"""Every setting, its checks, and how they are read."""

from feedsvc.config.kinds import LOOPBACK
from feedsvc.config.mail import MailSettings, Relay
from feedsvc.config.reading import DEFAULT_FILE, PREFIX, Settings, read, variables
from feedsvc.config.sections import DigestSettings, FeedSettings, Limits, Site

__all__ = [
    "DEFAULT_FILE",
    "LOOPBACK",
    "PREFIX",
    "DigestSettings",
    "FeedSettings",
    "Limits",
    "MailSettings",
    "Relay",
    "Settings",
    "Site",
    "read",
    "variables",
]
