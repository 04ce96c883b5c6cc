"""The Kite adapter of the broker port.

One client per token, never given another, all over one set of connections. Nothing of a credential
is kept but in those clients, and nothing of it gets into a text.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final, TypeVar

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
from infrastructure.brokers.importing import IMPORTING
from infrastructure.brokers.kite import login, mapping
from infrastructure.brokers.lacking import Lacking
from infrastructure.simulator.proof import far_side_is_our_simulator

if TYPE_CHECKING:
    from requests.adapters import HTTPAdapter

    from infrastructure.brokers.kite.sdk import KiteClient

T = TypeVar("T")

KITE_URL: Final = "https://api.kite.trade"
KITE_LOGIN_URL: Final = "https://kite.zerodha.com/connect/login"


class KiteBroker(Lacking):
    """`url` points the SDK elsewhere, such as the simulator; `None` is Kite itself.

    Raises:
        ValueError: `url` is not scheme://host[:port]. The SDK would drop a path silently.
    """

    name: Final[BrokerName] = "kite"
    display_name: Final = "Zerodha Kite"
    offer: Final = OFFERS["kite"]
    needs_login: Final = True

    def __init__(self, url: str | None, keys_dir: Path) -> None:
        self._root = root_of(url, KITE_URL, self.display_name)
        self._keys_dir = keys_dir
        self._lock = Lock()
        self._clients: Clients[KiteClient] = Clients(MOST_CLIENTS)
        self._transport: HTTPAdapter | None = None

    def mode(self) -> Mode:
        """Asked anew every time: whoever listens at an address now may not be who did before."""
        if self._root != KITE_URL and far_side_is_our_simulator(
            self._root, self.name, self._keys_dir
        ):
            return "SIMULATED"
        return "LIVE"

    def login_instructions(self, api_key: str | None) -> LoginInstructions:
        page = KITE_LOGIN_URL if self._root == KITE_URL else f"{self._root}/connect/login"
        return login.instructions(page, api_key)

    def log_in(self, credentials: Secrets, now: datetime) -> AcceptedLogin:
        return login.log_in(credentials, now, self._new_client)

    def log_out(self, access: Access) -> None:
        try:
            client = self._client(access)
            self._clients.forget(access.secrets)
            client.invalidate_access_token()
        except Exception:  # noqa: BLE001, S110  # best effort: our copy of the token is gone
            pass

    def place(self, access: Access, ticket: OrderTicket, now: datetime) -> Outcome:
        try:
            with IMPORTING:
                from infrastructure.brokers.kite.outcome import outcome_of

            client, arguments = self._client(access), mapping.order_arguments(ticket)
        except Exception as error:  # noqa: BLE001  # never raises; nothing has been called yet
            return OrderRejected(
                order_key=ticket.order_key,
                code="NEVER_SENT",
                reason=f"The order could not be prepared ({type(error).__name__}).",
                reached_broker=False,
            )
        try:
            order_id = client.place_order(**arguments)
        except Exception as error:  # noqa: BLE001  # never raises; whatever happened becomes a fact
            return outcome_of(error, ticket.order_key, lambda text: hidden(text, access))
        if not isinstance(order_id, str) or not order_id:
            return OrderOutcomeUnknown(
                order_key=ticket.order_key, cause="Kite said yes without naming the order."
            )
        return OrderPlaced(order_key=ticket.order_key, broker_order_id=order_id, placed_at=now)

    def orders(self, access: Access, now: datetime) -> tuple[BrokerOrder, ...]:
        return self._reading(access, lambda client: mapping.broker_orders(client.orders()))

    def holdings(self, access: Access, now: datetime) -> tuple[Holding, ...]:
        return self._reading(access, lambda client: mapping.holdings(client.holdings()))

    def positions(self, access: Access, now: datetime) -> tuple[Position, ...]:
        return self._reading(access, lambda client: mapping.net_positions(client.positions()))

    def _reading(self, access: Access, read: Callable[["KiteClient"], T]) -> T:
        """Raises: LoginExpired, BrokerDown."""
        with IMPORTING:
            from infrastructure.brokers.kite import sdk

        try:
            return read(self._client(access))
        except sdk.TokenException:
            raise LoginExpired("Kite says that the token is no longer valid.") from None
        except sdk.KiteException as error:
            raise BrokerDown(f"Kite answered {error.code}.") from None
        except Exception as error:  # noqa: BLE001  # the SDK raises all sorts of things
            raise BrokerDown(f"No usable answer from Kite ({type(error).__name__}).") from None

    def _client(self, access: Access) -> "KiteClient":
        secrets = access.secrets
        return self._clients.get(
            secrets, lambda: self._new_client(secrets["api_key"], secrets["access_token"])
        )

    def _new_client(self, api_key: str, access_token: str | None) -> "KiteClient":
        with IMPORTING:
            from infrastructure.brokers.kite import sdk

        with self._lock:
            if self._transport is None:
                self._transport = sdk.new_transport()
        return sdk.new_client(api_key, access_token, self._root, self._transport)
