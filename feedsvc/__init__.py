"""Update feeds and notifications for campaigns, with books that balance."""

__version__ = "0.1.0"
