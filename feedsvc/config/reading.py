"""Every setting, read from a TOML file and `FEEDSVC_<SECTION>__<KEY>`, and checked before anything starts."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from feedsvc.config.kinds import Section
from feedsvc.config.mail import MailSettings
from feedsvc.config.sections import (
    Bounces,
    DatabaseSettings,
    DigestSettings,
    FeedSettings,
    Http,
    KeySettings,
    Limits,
    Site,
)
from feedsvc.errors import Misconfigured

PREFIX = "FEEDSVC_"
TEST_PREFIX = "FEEDSVC_TEST_"
DEFAULT_FILE = Path("config.toml")


class Settings(BaseSettings):
    """The whole configuration."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )

    site: Site = Site()
    http: Http = Http()
    database: DatabaseSettings = DatabaseSettings()
    keys: KeySettings = KeySettings()
    mail: MailSettings = MailSettings()
    digest: DigestSettings = DigestSettings()
    bounces: Bounces = Bounces()
    feeds: FeedSettings = FeedSettings()
    limits: Limits = Limits()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  the library names it
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  the library names it
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then the environment, then the file."""
        file = settings_cls.model_config.get("toml_file")
        sources = (init_settings, env_settings)
        return (*sources, TomlConfigSettingsSource(settings_cls)) if file else sources


def read(file: Path | None = None, **sections: Mapping[str, Any]) -> Settings:
    """Read the settings from `file` (default: config.toml here, if there is one).

    `sections` override both file and environment, key by key.
    Raises Misconfigured, which names every wrong key and the remedy.
    """
    path = _found(file)
    _no_stray_variables(os.environ)

    class FromFile(Settings):
        model_config = SettingsConfigDict(toml_file=path)

    try:
        settings = FromFile(**sections)  # type: ignore[arg-type]  # checked by the model itself
    except ValidationError as error:
        raise Misconfigured(_in_words(error, path), remedy=_REMEDY) from error
    except SettingsError as error:
        problem = f"An environment variable of {PREFIX} cannot be read: {error}."
        raise Misconfigured(problem, remedy='Write lists like ["a", "b"].') from error
    except ValueError as error:
        raise Misconfigured(f"{path} is not valid TOML: {error}.", remedy=_REMEDY) from error
    return _obeyed(settings)


def wrong(section: type[Section], key: str, value: object) -> str:
    """Say what is wrong with one value, before it stands in a file; nothing when it is right."""
    try:
        section.model_validate({key: value})
    except ValidationError as error:
        return ", ".join(map(_problem, error.errors()))
    return ""


NOT_YET = ("bounces.lmtp",)
"""Settings of the contract that nothing obeys yet: better refused than ignored."""


def _obeyed(settings: Settings) -> Settings:
    """Refuse what this version would ignore."""
    asked = [name for name in NOT_YET if _value(settings, name)]
    if asked:
        raise Misconfigured(
            f"{', '.join(asked)}: this version cannot do that yet.", remedy="Leave it out for now."
        )
    return settings


def _value(settings: Settings, name: str) -> object:
    section, _, key = name.partition(".")
    return getattr(getattr(settings, section), key)


_REMEDY = "config.toml in the repository lists every setting with its default."


def variables() -> set[str]:
    """The names of all environment variables that the settings know."""
    return {
        f"{PREFIX}{section}__{key}".upper()
        for section, field in Settings.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
        for key in field.annotation.model_fields
    }


def _found(file: Path | None) -> Path | None:
    if file is None:
        return DEFAULT_FILE if DEFAULT_FILE.exists() else None
    if not file.is_file():
        raise Misconfigured(f"There is no file {file}.", remedy="Run `feedsvc init` to write one.")
    return file


def _no_stray_variables(environment: Mapping[str, str]) -> None:
    known = variables()
    for name in environment:
        upper = name.upper()
        if upper.startswith(PREFIX) and not upper.startswith(TEST_PREFIX) and upper not in known:
            raise Misconfigured(f"The environment variable {name} is no setting.", remedy=_REMEDY)


def _in_words(error: ValidationError, path: Path | None) -> str:
    where = f"in {path} or the environment" if path else "in the environment"
    return "\n".join(
        f"{'.'.join(str(part) for part in problem['loc'])} ({where}): {_problem(problem)}."
        for problem in error.errors()
    )


def _problem(problem: Any) -> str:
    if problem["type"] == "extra_forbidden":
        return "there is no such setting"
    return str(problem["msg"]).removeprefix("Value error, ")
