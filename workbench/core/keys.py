"""Finds the key of a model server where the settings say it is: in themselves, or in the keyring of the system.

The package `keyring` speaks to the keyring of the desktop (Secret Service, KWallet, macOS Keychain, the credentials of
Windows); it is an extra, and it is loaded only when a key is kept there.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from workbench.core.errors import ConfigError
from workbench.core.secrets import checked_key
from workbench.core.settings import Settings

IN_KEYRING = "keyring"
"""The value of the setting api_key that means: look into the keyring."""

SERVICE = "memgpt-workbench"
_OPENAI = "api.openai.com"
_EXTRA = "Install it: pip install 'memgpt-workbench[keyring]'; or set OPENAI_API_KEY instead."


def key_of(settings: Settings) -> str:
    """The key that goes to the server of these settings; "" where there is none.

    Raises ConfigError where it should be in the keyring and cannot be had.
    """
    if settings.api_key != IN_KEYRING:
        return settings.api_key
    name = entry_name(settings.base_url)
    key = _call("get_password", name)
    if not key:
        raise ConfigError(
            f"The keyring holds no key for {name}.", "Put it there: workbench configure --key; or set OPENAI_API_KEY."
        )
    return checked_key(str(key), f"The key for {name} in the keyring")


def embedding_key_of(settings: Settings, base_url: str) -> str:
    """The key that goes to an embedding server: its own, or that of the model server where it is the same one."""
    if settings.embedding_api_key == IN_KEYRING:
        name = entry_name(base_url)
        key = _call("get_password", name)
        if not key:
            raise ConfigError(f"The keyring holds no key for {name}.", "Set WORKBENCH_EMBEDDING_API_KEY instead.")
        return checked_key(str(key), f"The key for {name} in the keyring")
    if settings.embedding_api_key:
        return settings.embedding_api_key
    same = entry_name(base_url) == entry_name(settings.base_url or f"https://{_OPENAI}/v1")
    return key_of(settings) if same else ""


def keep(base_url: str, key: str) -> None:
    """Put the key of a server into the keyring. Raises ConfigError where that cannot be."""
    _call("set_password", entry_name(base_url), checked_key(key, "The key"))


def entry_name(base_url: str) -> str:
    """The user name under which a server's key is kept: its host, with the port where it has one."""
    try:
        parts = urlsplit(base_url if "://" in base_url else f"//{base_url}")
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return _OPENAI
    return f"{parts.hostname}{port}" if parts.hostname else _OPENAI


def _call(method: str, *arguments: str) -> object:
    try:
        import keyring
        import keyring.errors
    except ImportError:
        raise ConfigError("api_key is kept in the keyring, and the package keyring is not installed.", _EXTRA) from None
    try:
        return getattr(keyring, method)(SERVICE, *arguments)
    except keyring.errors.NoKeyringError:
        raise ConfigError("This system has no keyring that can be used.", "Set OPENAI_API_KEY instead.") from None
    except Exception as error:
        # Backends raise what they like; the words of one may name what it was given.
        raise ConfigError(
            f"The keyring does not answer ({type(error).__name__}).", "Unlock it, or set OPENAI_API_KEY instead."
        ) from None
