"""The Groww adapter of the broker port.

One client per token, never given another, all over one set of connections. Nothing of a credential
is kept but in those clients, and nothing of it gets into a text.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, TypeVar

from application.ports.account import Holding, Position
from application.ports.broker import (
    AcceptedLogin,
    Access,
    BrokerDown,
    LoginExpired,
    LoginInstructions,
    Secrets,
)
from application.ports.broker_orders import BrokerOrder, OrderTicket
from domain.capabilities import OFFERS
from domain.events import OrderOutcomeUnknown, OrderPlaced, OrderRejected, Outcome
from domain.vocabulary import BrokerName, Mode
from infrastructure.brokers.clients import MOST_CLIENTS, Clients, hidden, root_of
from infrastructure.brokers.groww import login, mapping
from infrastructure.brokers.importing import IMPORTING
from infrastructure.brokers.lacking import Lacking
from infrastructure.simulator.proof import far_side_is_our_simulator

if TYPE_CHECKING:
    from requests.adapters import HTTPAdapter

    from infrastructure.brokers.groww.sdk import GrowwClient, GrowwLoginClient

T = TypeVar("T")

GROWW_URL: Final = "https://api.groww.in"
ORDERS_PER_PAGE: Final = 25
MOST_PAGES: Final = 400
SYMBOLS_PER_QUESTION: Final = 50


class GrowwBroker(Lacking):
    """`url` points the SDK elsewhere, such as the simulator; `None` is Groww itself.

    Raises:
        ValueError: `url` is not scheme://host[:port].
    """

    name: Final[BrokerName] = "groww"
    display_name: Final = "Groww"
    offer: Final = OFFERS["groww"]
    needs_login: Final = True

    def __init__(self, url: str | None, keys_dir: Path) -> None:
        self._root = root_of(url, GROWW_URL, self.display_name)
        self._keys_dir = keys_dir
        self._lock = Lock()
        self._clients: Clients[GrowwClient] = Clients(MOST_CLIENTS)
        self._transport: HTTPAdapter | None = None

    def mode(self) -> Mode:
        """Asked anew every time: whoever listens at an address now may not be who did before."""
        if self._root != GROWW_URL and far_side_is_our_simulator(
            self._root, self.name, self._keys_dir
        ):
            return "SIMULATED"
        return "LIVE"

    def login_instructions(self, api_key: str | None) -> LoginInstructions:
        return login.instructions(login.KEYS_PAGE if self._root == GROWW_URL else None)

    def log_in(self, credentials: Secrets, now: datetime) -> AcceptedLogin:
        return login.log_in(credentials, now, self._new_client, self._new_login_client)

    def log_out(self, access: Access) -> None:
        """Groww has no way to end a token before its day: we forget ours, and that is all."""
        self._clients.forget(access.secrets)

    def place(self, access: Access, ticket: OrderTicket, now: datetime) -> Outcome:
        try:
            with IMPORTING:
                from infrastructure.brokers.groww.outcome import outcome_of

            client, arguments = self._client(access), mapping.order_arguments(ticket)
        except mapping.NotAtGroww as error:
            return _never_sent(ticket, "NOT_SUPPORTED", str(error))
        except Exception as error:  # noqa: BLE001  # never raises; nothing has been called yet
            reason = f"The order could not be prepared ({type(error).__name__})."
            return _never_sent(ticket, "NEVER_SENT", reason)
        try:
            order_id = client.place_order(**arguments).get("groww_order_id")
        except Exception as error:  # noqa: BLE001  # never raises; whatever happened becomes a fact
            return outcome_of(error, ticket.order_key, lambda text: hidden(text, access))
        if not isinstance(order_id, str) or not order_id:
            return OrderOutcomeUnknown(
                order_key=ticket.order_key, cause="Groww said yes without naming the order."
            )
        return OrderPlaced(order_key=ticket.order_key, broker_order_id=order_id, placed_at=now)

    def orders(self, access: Access, now: datetime) -> tuple[BrokerOrder, ...]:
        return self._reading(access, lambda client: mapping.broker_orders(_book(client)))

    def holdings(self, access: Access, now: datetime) -> tuple[Holding, ...]:
        def read(client: "GrowwClient") -> tuple[Holding, ...]:
            rows = mapping.holding_rows(client.get_holdings_for_user())
            names = (f"NSE_{row.trading_symbol}" for row in rows)
            return mapping.holdings(rows, _last_prices(client, "CASH", names))

        return self._reading(access, read)

    def positions(self, access: Access, now: datetime) -> tuple[Position, ...]:
        def read(client: "GrowwClient") -> tuple[Position, ...]:
            found: tuple[Position, ...] = ()
            for segment in mapping.SEGMENTS:
                rows = mapping.position_rows(client.get_positions_for_user(segment))
                names = (f"{row.exchange}_{row.trading_symbol}" for row in rows)
                found += mapping.positions(rows, _last_prices(client, segment, names))
            return found

        return self._reading(access, read)

    def _reading(self, access: Access, read: Callable[["GrowwClient"], T]) -> T:
        """Raises: LoginExpired, BrokerDown."""
        with IMPORTING:
            from infrastructure.brokers.groww import sdk

        try:
            return read(self._client(access))
        except sdk.GrowwAnswered as error:
            if error.status in (401, 403):
                raise LoginExpired("Groww says that the token is no longer valid.") from None
            raise BrokerDown(f"Groww answered {error.status}.") from None
        except Exception as error:  # noqa: BLE001  # whatever it is, it is no answer
            raise BrokerDown(f"No usable answer from Groww ({type(error).__name__}).") from None

    def _client(self, access: Access) -> "GrowwClient":
        token = access.secrets["access_token"]
        return self._clients.get(access.secrets, lambda: self._new_client(token))

    def _new_client(self, token: str) -> "GrowwClient":
        with IMPORTING:
            from infrastructure.brokers.groww import sdk

        return sdk.new_client(token, self._root, self._shared_transport())

    def _new_login_client(self, api_key: str) -> "GrowwLoginClient":
        with IMPORTING:
            from infrastructure.brokers.groww import sdk

        return sdk.new_login_client(api_key, self._root, self._shared_transport())

    def _shared_transport(self) -> "HTTPAdapter":
        with IMPORTING:
            from infrastructure.brokers.groww import sdk

        with self._lock:
            if self._transport is None:
                self._transport = sdk.new_transport()
            return self._transport


# Any: rows as the SDK hands them over; `mapping` checks them.
def _book(client: "GrowwClient") -> list[dict[str, Any]]:
    """Every order of the day. Without a segment the SDK would forget the page, and a page has 25
    orders whatever is asked for. New orders move the others along: they come twice, not never.

    Raises:
        ValueError: it does not end.
    """
    found: dict[str, dict[str, Any]] = {}
    for segment in mapping.SEGMENTS:
        for page in range(MOST_PAGES):
            rows = client.get_order_list(page, segment=segment)["order_list"]
            fresh = {row["groww_order_id"]: row for row in rows}
            nothing_new = fresh.keys() <= found.keys()
            found |= fresh
            if len(rows) < ORDERS_PER_PAGE or nothing_new:
                break
        else:
            raise ValueError("the order book does not end")
    return list(found.values())


def _last_prices(client: "GrowwClient", segment: str, names: Iterable[str]) -> dict[str, Decimal]:
    """What holdings and positions do not say. Raises what the SDK does."""
    wanted, found = sorted(set(names)), dict[str, Decimal]()
    for first in range(0, len(wanted), SYMBOLS_PER_QUESTION):
        some = ",".join(wanted[first : first + SYMBOLS_PER_QUESTION])
        found |= mapping.last_prices(client.get_ltp(some, segment))
    return found


def _never_sent(ticket: OrderTicket, code: str, reason: str) -> OrderRejected:
    return OrderRejected(order_key=ticket.order_key, code=code, reason=reason, reached_broker=False)
