"""What came of questions and answers: in the log, and at the simulated Kite."""

from typing import TypeVar

from domain.events import Event
from tests.mcp_interface.conftest import Market
from tests.support.servers import Site

E = TypeVar("E", bound=Event)


def account(name: str) -> str:
    """What Kite knows this person as."""
    return name.upper().replace("-", "")[:20]


def sent(market: Market, name: str) -> int:
    """How many orders of this person came into existence there."""
    return sum(order["user"] == account(name) for order in market.simulator.wire_log())


def facts(site: Site, name: str, kind: type[E]) -> list[E]:
    """This person's facts of one kind, oldest first."""
    principal = site.principal(name)
    return [
        r.event
        for r in site.recorded()
        if r.envelope.principal == principal and isinstance(r.event, kind)
    ]
