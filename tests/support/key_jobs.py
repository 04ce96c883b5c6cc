"""What child processes do to a key store."""

import time
from pathlib import Path

from infrastructure.keys import KeyFiles
from tests.support.processes import Say


def make_keys(say: Say, directory: Path, count: int, at: float) -> None:
    """Make sure of so many keys, beginning at the same moment as others; say each."""
    time.sleep(max(0.0, at - time.monotonic()))
    keys = KeyFiles(directory)
    for number in range(count):
        say(keys.get_or_create(f"login-{number}"))
