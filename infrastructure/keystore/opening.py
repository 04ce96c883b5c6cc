"""The key store that the settings name."""

from collections.abc import Callable
from pathlib import Path

from infrastructure.keystore.files import KeyFiles
from infrastructure.keystore.store import KeyStore
from infrastructure.settings import BadSettings, Settings


def open_key_store(settings: Settings) -> KeyStore:
    """Make no key and no file; the keyring and Vault are loaded only where they are used.

    Raises:
        BadSettings: TRADING_KEY_STORE=vault without an address or a token.
        KeyStoreUnavailable: this machine has no keyring that can be used.
    """
    if settings.key_store == "keyring":
        from infrastructure.keystore.os_keyring import KeyringKeys

        return KeyringKeys(settings.keys_dir / "keyring.lock")
    if settings.key_store == "vault":
        from infrastructure.keystore.hashicorp import VaultKeys

        if settings.vault_addr is None:
            raise BadSettings(
                "TRADING_VAULT_ADDR is missing. Next: set it, as https://vault.example:8200."
            )
        return VaultKeys(
            settings.vault_addr,
            _token(settings),
            mount=settings.vault_mount,
            prefix=settings.vault_prefix,
        )
    return KeyFiles(settings.keys_dir)


def _token(settings: Settings) -> Callable[[], str]:
    """A file is read again for every request: an agent that renews the token writes it there."""
    if (path := settings.vault_token_file) is not None:
        return lambda: Path(path).read_text(encoding="ascii").strip()
    if (token := settings.vault_token) is not None:
        return token.get_secret_value
    raise BadSettings("TRADING_VAULT_TOKEN is missing. Next: set it, or TRADING_VAULT_TOKEN_FILE.")
