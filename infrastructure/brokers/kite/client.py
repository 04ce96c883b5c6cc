"""One client per token, and the two ways to use one: to read, and to change something once."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from application.ports.broker import Access, BrokerDown, LoginExpired
from application.ports.broker_orders import Accepted, Unproven, Written
from application.ports.egress import Egress
from domain.capabilities import OFFERS
from domain.vocabulary import BrokerName
from infrastructure.brokers.calls import Calls, no_answer
from infrastructure.brokers.clients import MOST_CLIENTS, Clients, hidden
from infrastructure.brokers.importing import IMPORTING
from infrastructure.brokers.outcomes import unprepared

if TYPE_CHECKING:
    from infrastructure.brokers.kite.sdk import KiteClient

T = TypeVar("T")


class KiteClients:
    """Nothing of a credential is kept but in the clients, and nothing of it gets into a text."""

    name: BrokerName = "kite"
    offer: Final = OFFERS["kite"]

    def __init__(self, root: str, calls: Calls) -> None:
        self._root = root
        self._calls = calls
        self._clients: Clients[KiteClient] = Clients(MOST_CLIENTS)

    def _reading(self, access: Access, read: Callable[["KiteClient"], T]) -> T:
        """Raises: LoginExpired, BrokerDown."""
        with IMPORTING:
            from infrastructure.brokers.kite import sdk

        try:
            return read(self._client(access))
        except sdk.TokenException:
            raise LoginExpired("Kite says that the token is no longer valid.") from None
        except sdk.DataException as error:  # its code is the SDK's own, and always 502
            raise no_answer(error) from None
        except sdk.KiteException as error:
            raise BrokerDown(f"Kite answered {error.code}.") from None
        except Exception as error:  # noqa: BLE001  # the SDK raises all sorts of things
            raise no_answer(error) from None

    def _writing(
        self,
        access: Access,
        prepare: Callable[["KiteClient"], Callable[[], object]],
        accepted: Callable[[object], Accepted | None],
    ) -> Written:
        """`prepare` sends nothing; what it answers with is called once. `accepted` says what
        Kite's answer names; `None`: it is not the answer that a yes has."""
        try:
            with IMPORTING:
                from infrastructure.brokers.kite.outcome import outcome_of

            send = prepare(self._client(access))
        except Exception as error:  # noqa: BLE001  # never raises; nothing has been called yet
            return unprepared(error)
        try:
            answer = send()
        except Exception as error:  # noqa: BLE001  # never raises: whatever happened is an answer
            return outcome_of(error, lambda text: hidden(text, access))
        return accepted(answer) or Unproven(cause="Kite's yes does not name what it is about.")

    def _client(self, access: Access) -> "KiteClient":
        api_key, token = access.secrets["api_key"], access.secrets["access_token"]
        return self._clients.get(
            access, lambda: self._new_client(access.egress, api_key, token, access.account_id)
        )

    def _new_client(
        self, egress: Egress, api_key: str, access_token: str | None, account: str | None = None
    ) -> "KiteClient":
        """Without an account, which only a login tells, the app is who asks."""
        with IMPORTING:
            from infrastructure.brokers.kite import sdk

        line = self._calls.line(account or api_key, egress)
        return sdk.new_client(api_key, access_token, self._root, line)
