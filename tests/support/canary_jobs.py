"""Ways to die at a bad moment, for child processes."""

import os
import signal
from pathlib import Path
from typing import Literal

from infrastructure.keystore.files import KeyFiles
from tests.support.canary import CONTEXT, installation, log_in, settings
from tests.support.processes import Say

Moment = Literal["logging out", "ending", "logging in", "rotating"]


def die(say: Say, home: Path, postgres_url: str | None, moment: Moment) -> None:
    """Log in, and get killed where a key should be made or destroyed; say nothing after that."""
    with installation(settings(home, postgres_url)) as backend:
        if moment == "logging in":
            backend.enter(CONTEXT, "default")
            _get_killed_after("get_or_create")
        entered = log_in(backend)
        say("logged in")
        _get_killed_instead_of("delete")
        if moment == "logging out":
            backend.log_out(CONTEXT, entered, ("kite",))
        elif moment == "ending":
            backend.close_session.end(CONTEXT, entered.session_id, "operator")
        else:
            backend.vault.rotate(*backend.vault.held_by_all())
    say("survived")


def _get_killed_instead_of(method: str) -> None:
    setattr(KeyFiles, method, lambda *_: os.kill(os.getpid(), signal.SIGKILL))


def _get_killed_after(method: str) -> None:
    """Only for login keys: others are made before."""
    original = getattr(KeyFiles, method)

    def last_act(keys: KeyFiles, name: str) -> bytes:
        made: bytes = original(keys, name)
        if name.startswith("login-"):
            os.kill(os.getpid(), signal.SIGKILL)
        return made

    setattr(KeyFiles, method, last_act)
