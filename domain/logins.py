"""What the log says about a stored login: in use, needed to settle orders, or over."""

from collections.abc import Iterable, Mapping
from typing import Final, Literal

import msgspec

from domain import events as e
from domain.open_orders import OrderStage
from domain.session import fold
from domain.vocabulary import BrokerName

Fate = Literal["live", "retired", "over"]

UNSETTLED: Final[frozenset[OrderStage]] = frozenset({"dispatched", "unknown"})
"""The broker was called and nobody knows how it ended: only asking with that login can tell."""


class LoginsInUse(msgspec.Struct, frozen=True, gc=False):
    """Logins by broker and version: current ones, and those that unsettled orders went out with."""

    ended: bool
    current: frozenset[tuple[str, int]]
    settling: frozenset[tuple[str, int]]
    newest: Mapping[BrokerName, int]

    def fate(self, broker: BrokerName, version: int) -> Fate:
        """Decide: what is to become of this login? It never comes back from a later fate.

        A version that the log has not heard of is somebody's login of this very moment: it is in
        the vault first. In a session that has ended, its event is refused.
        """
        if (broker, version) in self.current:
            return "live"
        if (broker, version) in self.settling:
            return "retired"
        just_made = version > self.newest.get(broker, 0)
        return "live" if just_made and not self.ended else "over"


def logins_in_use(events: Iterable[e.Event]) -> LoginsInUse:
    """From the facts of one session. A session that never began is over."""
    facts = tuple(events)
    session = fold(facts)
    newest = {
        fact.broker: fact.credential_version
        for fact in facts
        if isinstance(fact, e.BrokerAuthenticated)
    }
    if session is None:
        return LoginsInUse(True, frozenset(), frozenset(), newest)
    logins = {} if session.ended else session.logins
    return LoginsInUse(
        session.ended is not None,
        frozenset((broker, login.credential_version) for broker, login in logins.items()),
        frozenset(
            (order.request.broker, order.request.credential_version)
            for order in session.orders.values()
            if order.stage in UNSETTLED
        ),
        newest,
    )
