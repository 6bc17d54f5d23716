"""Links of a mail that open in the language of the mail, whatever the browser prefers."""

from typing import Any


def spoken(value: Any, language: str) -> Any:
    """Make every link among these values ask for a language; a slot may stand for a link."""
    if isinstance(value, dict):
        return {key: _asking(key, one, language) for key, one in value.items()}
    return [spoken(one, language) for one in value] if isinstance(value, list) else value


def _asking(key: str, value: Any, language: str) -> Any:
    link = isinstance(value, str) and (key == "url" or key.endswith("_url"))
    return f"{value}?lang={language}" if link else spoken(value, language)
