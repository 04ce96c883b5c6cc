"""What child processes do to a key store."""

from pathlib import Path

from infrastructure.keys import KeyFiles
from tests.support.processes import Say


def make_keys(say: Say, directory: Path, count: int) -> None:
    """Make sure of so many keys; say each."""
    keys = KeyFiles(directory)
    for number in range(count):
        say(keys.get_or_create(f"login-{number}"))
