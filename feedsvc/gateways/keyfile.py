"""The key file: every secret of an installation, outside the database, readable by its owner only."""

import base64
import os
from collections.abc import Mapping
from pathlib import Path

import orjson

from feedsvc.domain.sealing import KEY, Keys, fresh_keys
from feedsvc.errors import Misconfigured


def read(file: Path) -> Keys:
    """Read the keys; raises Misconfigured when the file is missing or not what we wrote."""
    try:
        found = orjson.loads(file.read_bytes())
        keys = Keys(
            index=_key(found["index"]),
            seals=_by_id(found["seal"]),
            tokens=_by_id(found["token"]),
            current=int(found["current"]),
        )
        _ = keys.seals[keys.current], keys.tokens[keys.current]
    except FileNotFoundError as error:
        raise Misconfigured(
            f"There is no key file {file}.",
            remedy="Put back the one that belongs to this database, or set [keys] file.",
        ) from error
    except PermissionError as error:
        raise Misconfigured(f"The key file {file} may not be read by this user.") from error
    except (KeyError, TypeError, ValueError) as error:
        raise Misconfigured(
            f"{file} is not a key file of ours, or it is damaged.", remedy="Put back a copy of it."
        ) from error
    return keys


def create(file: Path) -> Keys:
    """Make keys and write them with mode 600; an existing file is never touched."""
    keys = fresh_keys()
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(orjson.dumps(_document(keys), option=orjson.OPT_INDENT_2) + b"\n")
        out.flush()
        os.fsync(out.fileno())
    return keys


def _document(keys: Keys) -> dict[str, object]:
    return {
        "about": "Secrets of feedsvc. Without this file no signer can be read: back it up.",
        "current": keys.current,
        "index": base64.b64encode(keys.index).decode(),
        "seal": _texts(keys.seals),
        "token": _texts(keys.tokens),
    }


def _texts(keys: Mapping[int, bytes]) -> dict[str, str]:
    return {str(number): base64.b64encode(key).decode() for number, key in keys.items()}


def _by_id(texts: Mapping[str, str]) -> dict[int, bytes]:
    return {int(number): _key(text) for number, text in texts.items()}


def _key(text: str) -> bytes:
    key = base64.b64decode(text, validate=True)
    if len(key) != KEY:
        raise ValueError("wrong length")
    return key
