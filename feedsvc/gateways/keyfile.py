"""The key file: every secret of an installation, outside the database, readable by its owner only."""

import base64
import fcntl
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import orjson

from feedsvc.domain.sealing import KEY, Keys, fresh_keys
from feedsvc.errors import Conflict, FeedsvcError, Misconfigured

CREDENTIALS, CREDENTIAL = "CREDENTIALS_DIRECTORY", "feedsvc.keys"
"""Where systemd puts what LoadCredential= names (systemd.exec(5))."""

OTHERS = 0o077


def place(file: Path) -> Path:
    """Return where the keys are: in `file`, or when that is not there in a credential, if one is."""
    if file.exists() or CREDENTIALS not in os.environ:
        return file
    credential = Path(os.environ[CREDENTIALS], CREDENTIAL)
    return credential if credential.exists() else file


def read(file: Path) -> Keys:
    """Read the keys; they renew themselves when the file is replaced.

    Raises Misconfigured when the file is missing or not what we wrote.
    """
    source = _File(file)
    return replace(_read(file), source=source)


def open_to_others(file: Path) -> bool:
    """Whether anybody but its owner may read the file; a credential is the system's to guard."""
    credential = os.environ.get(CREDENTIALS)
    if credential and Path(credential) in file.parents:
        return False
    return bool(file.stat().st_mode & OTHERS)


class _File:
    """The file as it was when it was last read."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seen = self._state()

    def newer(self) -> Keys | None:
        """Read the file if it is another; one that is just being copied is read at the next look."""
        state = self._state()
        if state is None or state == self._seen:
            return None
        try:
            keys = _read(self._file)
        except FeedsvcError:
            return None
        self._seen = state
        return keys

    def _state(self) -> tuple[int, int, int] | None:
        try:
            found = self._file.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size


def _read(file: Path) -> Keys:
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
    _write(descriptor, keys)
    return read(file)


@contextmanager
def held(file: Path) -> Iterator[Path]:
    """Hold the key file, so that nobody else replaces it meanwhile; give its real place.

    Raises Misconfigured when it cannot be replaced, Conflict when somebody else is at it.
    """
    real = file.resolve()
    folder = os.open(real.parent, os.O_RDONLY)
    try:
        if not os.access(real.parent, os.W_OK) or place(file) != file:
            raise Misconfigured(
                f"The key file {place(file)} cannot be replaced: it is a credential or read-only.",
                remedy="Copy it to where it can be written, name that place in [keys] file for this "
                "command, and hand the new file to the service as its credential afterwards.",
            )
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield real
    except BlockingIOError as error:
        raise Conflict(
            "Somebody else is changing this key file.", remedy="Wait until that is done."
        ) from error
    finally:
        os.close(folder)


def replace_file(file: Path, keys: Keys) -> None:
    """Put other keys in the place of a file, at once and durably, for the same owner."""
    was = file.stat()
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")  # mode 600
    try:
        if was.st_uid != os.geteuid():
            os.fchown(
                descriptor, was.st_uid, was.st_gid
            )  # root rotates, the service goes on reading
        _write(descriptor, keys)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(file.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def _write(descriptor: int, keys: Keys) -> None:
    with os.fdopen(descriptor, "wb") as out:
        out.write(orjson.dumps(_document(keys), option=orjson.OPT_INDENT_2) + b"\n")
        out.flush()
        os.fsync(out.fileno())


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
