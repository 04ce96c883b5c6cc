"""The Dhan adapter of the broker port.

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
from infrastructure.brokers.dhan import login, mapping
from infrastructure.brokers.importing import IMPORTING
from infrastructure.brokers.lacking import Lacking
from infrastructure.simulator.proof import far_side_is_our_simulator

if TYPE_CHECKING:
    from requests.adapters import HTTPAdapter

    from infrastructure.brokers.dhan.sdk import DhanClient, Row

T = TypeVar("T")

DHAN_URL: Final = "https://api.dhan.co"
DHAN_AUTH_URL: Final = "https://auth.dhan.co"
NO_HOLDINGS: Final = "DH-1111"


class DhanBroker(Lacking):
    """`url` points the SDK elsewhere, such as the simulator; `None` is Dhan itself.

    Raises:
        ValueError: `url` is not scheme://host[:port].
    """

    name: Final[BrokerName] = "dhan"
    display_name: Final = "Dhan"
    offer: Final = OFFERS["dhan"]
    needs_login: Final = True

    def __init__(self, url: str | None, keys_dir: Path) -> None:
        self._root = root_of(url, DHAN_URL, self.display_name)
        self._auth_root = DHAN_AUTH_URL if self._root == DHAN_URL else self._root
        self._keys_dir = keys_dir
        self._lock = Lock()
        self._clients: Clients[DhanClient] = Clients(MOST_CLIENTS)
        self._transport: HTTPAdapter | None = None

    def mode(self) -> Mode:
        """Asked anew every time: whoever listens at an address now may not be who did before."""
        if self._root != DHAN_URL and far_side_is_our_simulator(
            self._root, self.name, self._keys_dir
        ):
            return "SIMULATED"
        return "LIVE"

    def login_instructions(self, api_key: str | None) -> LoginInstructions:
        return login.instructions(login.TOKENS_PAGE if self._root == DHAN_URL else None)

    def log_in(self, credentials: Secrets, now: datetime) -> AcceptedLogin:
        return login.log_in(credentials, now, self._new_client, self._new_token)

    def log_out(self, access: Access) -> None:
        """Dhan has no way to end a token before its 24 hours: we forget ours, and that is all."""
        self._clients.forget(access.secrets)

    def place(self, access: Access, ticket: OrderTicket, now: datetime) -> Outcome:
        try:
            with IMPORTING:
                from infrastructure.brokers.dhan import sdk
                from infrastructure.brokers.dhan.outcome import outcome_of

            client, arguments = self._client(access), mapping.order_arguments(ticket)
        except mapping.UnknownInstrument as error:
            return _never_sent(ticket, "UNKNOWN_INSTRUMENT", str(error))
        except mapping.NotAtDhan as error:
            return _never_sent(ticket, "NOT_SUPPORTED", str(error))
        except Exception as error:  # noqa: BLE001  # never raises; nothing has been called yet
            reason = f"The order could not be prepared ({type(error).__name__})."
            return _never_sent(ticket, "NEVER_SENT", reason)
        try:
            answer = sdk.asked(client, lambda dhan: dhan.place_order(**arguments))
        except Exception as error:  # noqa: BLE001  # never raises; whatever happened becomes a fact
            return outcome_of(error, ticket.order_key, lambda text: hidden(text, access))
        order_id = answer.get("orderId") if isinstance(answer, dict) else None
        if not isinstance(order_id, str) or not order_id:
            return OrderOutcomeUnknown(
                order_key=ticket.order_key, cause="Dhan said yes without naming the order."
            )
        return OrderPlaced(order_key=ticket.order_key, broker_order_id=order_id, placed_at=now)

    def orders(self, access: Access, now: datetime) -> tuple[BrokerOrder, ...]:
        return self._reading(access, lambda dhan: dhan.get_order_list(), mapping.broker_orders)

    def holdings(self, access: Access, now: datetime) -> tuple[Holding, ...]:
        return self._reading(
            access, lambda dhan: dhan.get_holdings(), mapping.holdings, none=NO_HOLDINGS
        )

    def positions(self, access: Access, now: datetime) -> tuple[Position, ...]:
        return self._reading(access, lambda dhan: dhan.get_positions(), mapping.positions)

    def _reading(
        self,
        access: Access,
        question: "Callable[[DhanClient], Row]",
        understand: Callable[[object], tuple[T, ...]],
        none: str | None = None,
    ) -> tuple[T, ...]:
        """`none` is the code by which Dhan says that there are no rows.

        Raises:
            LoginExpired, BrokerDown: see the port.
        """
        with IMPORTING:
            from infrastructure.brokers.dhan import sdk

        try:
            return understand(sdk.asked(self._client(access), question))
        except sdk.DhanRefused as error:
            if none is not None and error.code == none:
                return ()
            if error.code == "DH-901" or error.status == 401:
                raise LoginExpired("Dhan says that the token is no longer valid.") from None
            raise BrokerDown(f"Dhan answered {error.status} ({error.code}).") from None
        except Exception as error:  # noqa: BLE001  # whatever it is, it is no answer
            raise BrokerDown(f"No usable answer from Dhan ({type(error).__name__}).") from None

    def _client(self, access: Access) -> "DhanClient":
        secrets = access.secrets
        return self._clients.get(
            secrets, lambda: self._new_client(secrets["client_id"], secrets["access_token"])
        )

    def _new_client(self, client_id: str, access_token: str) -> "DhanClient":
        with IMPORTING:
            from infrastructure.brokers.dhan import sdk

        return sdk.new_client(client_id, access_token, self._root, self._shared_transport())

    def _new_token(self, client_id: str, pin: str, code: str) -> object:
        with IMPORTING:
            from infrastructure.brokers.dhan import sdk

        return sdk.log_in(self._auth_root, self._shared_transport(), client_id, pin, code)

    def _shared_transport(self) -> "HTTPAdapter":
        with IMPORTING:
            from infrastructure.brokers.dhan import sdk

        with self._lock:
            if self._transport is None:
                self._transport = sdk.new_transport()
            return self._transport


def _never_sent(ticket: OrderTicket, code: str, reason: str) -> OrderRejected:
    return OrderRejected(order_key=ticket.order_key, code=code, reason=reason, reached_broker=False)
