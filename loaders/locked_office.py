"""Office files with a password: opened with the one that is given, then read by the loader for what is inside."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NoReturn

from loaders import registry
from loaders.document import Document, LoadError, PasswordNeededError
from loaders.sniff import Kind

VERSION = 1


def load(path: Path) -> NoReturn:
    """Always raises PasswordNeededError: such a file cannot be read without one."""
    raise PasswordNeededError


def need_none(path: Path) -> None:
    """Raises PasswordNeededError when the older document at `path` has a password; what is damaged is left to its loader."""
    import msoffcrypto

    with path.open("rb") as file:
        try:
            locked = bool(msoffcrypto.OfficeFile(file).is_encrypted())
        except Exception:
            # It raises what the libraries under it raise for a damaged file.
            return
    if locked:
        raise PasswordNeededError


def unlock(path: Path, password: str) -> Document:
    """The document inside. Raises PasswordNeededError when the password is another one, LoadError when it is damaged."""
    import msoffcrypto
    from msoffcrypto.exceptions import DecryptionError, FileFormatError, InvalidKeyError, ParseError

    with path.open("rb") as locked, tempfile.TemporaryDirectory() as folder:
        opened = Path(folder) / path.name
        try:
            office = msoffcrypto.OfficeFile(locked)
            office.load_key(password=password, verify_password=True)
            with opened.open("wb") as plain:
                office.decrypt(plain)
        except (InvalidKeyError, DecryptionError):
            raise PasswordNeededError from None
        except (FileFormatError, ParseError, OSError, ValueError, KeyError, AttributeError, TypeError) as error:
            reason = f"it is damaged ({type(error).__name__})"
            raise LoadError(reason, "Save a copy without the password and load that.") from None
        return registry.read(opened)


LOADER = registry.Loader(
    name="locked_office", version=VERSION, suffixes=(), kinds=(Kind.LOCKED_OFFICE,), load=load, unlock=unlock
)
