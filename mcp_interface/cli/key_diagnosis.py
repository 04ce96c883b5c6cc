"""What `doctor` says about the keys: the directory, and the store that the settings name."""

import os
import stat
from urllib.parse import urlsplit

from domain.errors import KeyStoreUnavailable
from infrastructure.keystore.opening import open_key_store
from infrastructure.settings import BadSettings, Settings
from infrastructure.simulator.proof import is_loopback
from mcp_interface.cli.findings import Finding, existing


def keys_directory(settings: Settings) -> Finding:
    check, directory = "keys directory", settings.keys_dir.absolute()
    data = settings.data_dir.absolute()
    if not settings.postgres_url and (directory.is_relative_to(data) or data == directory):
        return Finding(
            check,
            "fail",
            f"{directory} is inside the data directory, so a backup of it holds the keys",
            "set TRADING_KEYS_DIR elsewhere and move the *.key files there",
        )
    nearest = existing(directory)
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        step = "set TRADING_KEYS_DIR to a directory that you may write to"
        return Finding(check, "fail", f"{directory} cannot be written", step)
    if nearest != directory:
        return Finding(check, "ok", f"{directory} (made at the first start)")
    others = stat.S_IRWXG | stat.S_IRWXO
    if os.name == "posix" and stat.S_IMODE(directory.stat().st_mode) & others:
        step = f"chmod 700 '{directory}'"
        return Finding(check, "fail", f"{directory} can be read by others", step)
    return Finding(check, "ok", f"{directory}, private")


def key_store(settings: Settings) -> Finding:
    """Ask for a key that nobody makes: whoever can say "there is none" answers."""
    check = "key store"
    try:
        keys = open_key_store(settings)
        keys.get("doctor")
    except (BadSettings, KeyStoreUnavailable) as e:
        what, _, step = str(e).partition(" Next: ")
        return Finding(check, "fail", what, step)
    if settings.key_store == "vault" and crosses_the_network_in_clear(settings.vault_addr or ""):
        what = f"{keys.where}, which answers, but keys cross the network unencrypted"
        return Finding(check, "warn", what, "set TRADING_VAULT_ADDR to an https:// address")
    return Finding(check, "ok", f"{keys.where}, which answers")


def crosses_the_network_in_clear(address: str) -> bool:
    url = urlsplit(address)
    host = url.hostname or ""
    return url.scheme == "http" and host != "localhost" and not is_loopback(host)
