"""A process that orders at Kite, to be killed on the way."""

from collections.abc import Mapping
from typing import Literal
from uuid import UUID

from application.orders.place_order import Asked, Order
from application.ports.broker import Secrets
from application.ports.event_store import Append
from application.writer import Context
from infrastructure.settings import Settings
from mcp_interface.composition import Backend
from tests.application.world import TEN_INFY
from tests.support.processes import Say

ASHA = Context(
    principal=UUID("a5a00000-0000-4000-8000-000000000001"),
    actor="user",
    correlation_id=UUID(int=0xC0),
)
Moment = Literal["in the call", "before the dispatch"]


def order(say: Say, env: Mapping[str, str], request_token: str, moment: Moment) -> None:
    """Log in, order ten shares under the key k1, say yes. Before the dispatch it says so, and
    waits to be killed."""
    given = {name: value for name, value in env.items() if name.startswith("TRADING_")}
    backend = Backend(Settings.model_validate(given))
    credentials = {
        "api_key": "e2eapp",
        "api_secret": "e2eapp-secret",
        "request_token": request_token,
    }
    backend.log_in(ASHA, backend.enter(ASHA, "default"), "kite", Secrets(credentials))
    entered = backend.enter(ASHA, "default")
    asked = backend.place_order(ASHA, entered, Order(terms=TEN_INFY, order_key="k1", broker="kite"))
    assert isinstance(asked, Asked)
    if moment == "before the dispatch":
        _wait_before(backend, "trading_session.order_dispatched.v1", say)
    proposal_id = asked.proposal.proposal_id
    backend.place_order.confirmed(ASHA, asked.session_id, proposal_id, "elicitation")
    say("survived")


def _wait_before(backend: Backend, name: str, say: Say) -> None:
    append = backend.store.append

    def waiting(what: Append) -> int:
        if any(row.name == name for row in what.rows):
            say("requested")
            backend.clock.sleep(60)
        return append(what)

    setattr(backend.store, "append", waiting)  # noqa: B010 - as monkeypatch does
