"""Waiting for something to become true, with a deadline instead of a guess."""

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], bool], what: str, *, seconds: float = 10.0) -> None:
    """Return as soon as the condition holds; fail, saying what was awaited, when it does not."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain: {what}"
        time.sleep(0.005)
