"""Make the vault forget what the log says is over.

The fact is stored first and the key destroyed right after it. A crash in between, or a key store
that is away, is made good by doing it again: at the next start, and from time to time.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final, NamedTuple
from uuid import UUID

from application.ports.clock import Clock
from application.ports.login_states import LoginStates
from application.ports.vault import HeldLogin, Vault
from application.writer import Writer
from domain.errors import Refusal
from domain.logins import logins_in_use

LONGEST_DAY: Final = timedelta(hours=24)
"""How long a retired login that its broker never ends is kept for unsettled orders."""


class Forgotten(NamedTuple):
    """How many logins were forgotten, and the sessions where that failed, with the error's name."""

    logins: int
    failed: tuple[tuple[UUID, str], ...]


def forget_logins(
    writer: Writer, vault: Vault, now: datetime, principal: UUID, session_id: UUID
) -> int:
    """Forget the logins of one session that are over, and retire those that only unsettled orders
    still need; say how many were forgotten. Doing it twice changes nothing.

    Raises:
        StoreUnavailable: the store or the keys are away; do it again later.
    """
    return _forget(writer, vault, now, list(vault.held(principal, session_id)))


def forget_logins_under_way(states: LoginStates, principal: UUID, session_id: UUID) -> None:
    """The session is over: destroy what its unfinished logins have kept. They end by their own
    clock, too, if this fails.

    Raises:
        StoreUnavailable: the store or the keys are away.
    """
    for login in states.under_way(principal, session_id):
        states.drop(login.login_id)


def _forget(writer: Writer, vault: Vault, now: datetime, held: list[HeldLogin]) -> int:
    """`held` of one session, read before the log: so a login that is made meanwhile is not in it,
    or is newer than all the log knows."""
    if not held:
        return 0
    in_use = logins_in_use(writer.load(held[0].session_id).events)
    forgotten = 0
    for login in held:
        fate = in_use.fate(login.broker, login.version)
        if fate == "over" or (login.forget_by is not None and now >= login.forget_by):
            vault.forget(login.principal, login.session_id, login.broker, login.version)
            forgotten += 1
        elif fate == "retired" and not login.retired:
            vault.retire(
                login.principal, login.session_id, login.broker, login.version, now + LONGEST_DAY
            )
    return forgotten


@dataclass(frozen=True, kw_only=True)
class ForgetLogins:
    """The same for every session, as a clean-up."""

    writer: Writer
    vault: Vault
    clock: Clock

    def __call__(self, *, only_retired: bool = False) -> Forgotten:
        """One session where it fails keeps no other login alive. `only_retired`: a quick look at
        the logins that wait for their orders to settle.

        Raises:
            StoreUnavailable: the store or the keys are away.
        """
        forgotten, failed = 0, list[tuple[UUID, str]]()
        held = [h for h in self.vault.held_by_all() if h.retired or not only_retired]
        for session_id, logins in groupby(held, key=lambda login: login.session_id):
            try:
                forgotten += _forget(self.writer, self.vault, self.clock.now(), list(logins))
            except Refusal:
                raise
            except Exception as e:  # noqa: BLE001 - a damaged row of one session
                failed.append((session_id, type(e).__name__))
        return Forgotten(forgotten, tuple(failed))
