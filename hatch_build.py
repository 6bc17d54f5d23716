"""Put what lies beside the package into the wheel; an editable install finds it where it lies."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SHARED = ("templates", "updates", "config.toml")


class Share(BuildHookInterface):  # type: ignore[type-arg]  # which configuration it has is nothing to us
    """Copies `SHARED` to `feedsvc/_share`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the copies to hatchling, before it collects the files."""
        if version == "standard":
            build_data["force_include"].update({name: f"feedsvc/_share/{name}" for name in SHARED})
