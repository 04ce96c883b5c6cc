"""One client per token, and the two ways to use one: to read, and to change something once."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from application.ports.broker import Access, BrokerDown, LoginExpired
from application.ports.broker_orders import Accepted, Unproven, Written
from application.ports.egress import Egress
from application.ports.instruments import Instruments
from domain.capabilities import OFFERS
from domain.vocabulary import BrokerName
from infrastructure.brokers.calls import Calls, no_answer
from infrastructure.brokers.clients import MOST_CLIENTS, Clients, hidden
from infrastructure.brokers.dhan.mapping import Names
from infrastructure.brokers.importing import IMPORTING
from infrastructure.brokers.outcomes import unprepared

if TYPE_CHECKING:
    from infrastructure.brokers.dhan.sdk import DhanClient, DhanRefused, Row

T = TypeVar("T")

_TOKEN_REFUSED: Final = frozenset({"DH-901", "DATA-807", "DATA-808", "DATA-809", "DATA-810"})
_NO_SUBSCRIPTION: Final = frozenset({"DH-902", "DATA-806"})


class Ask(Protocol):
    def __call__(
        self, question: "Callable[[DhanClient], Row]", *, nothing: frozenset[str] = frozenset()
    ) -> object:
        """Dhan's answer; an empty list when it refuses with a code that means "nothing there"."""
        ...


class DhanClients:
    """Nothing of a credential is kept but in the clients, and nothing of it gets into a text."""

    name: BrokerName = "dhan"
    offer: Final = OFFERS["dhan"]

    def __init__(self, root: str, instruments: Instruments, calls: Calls) -> None:
        self._root = root
        self._names = Names(instruments)
        self._calls = calls
        self._clients: Clients[DhanClient] = Clients(MOST_CLIENTS)

    def _reading(self, access: Access, read: Callable[[Ask], T]) -> T:
        """Raises: LoginExpired, BrokerDown."""
        with IMPORTING:
            from infrastructure.brokers.dhan import sdk

        try:
            return read(partial(_asked, self._client(access)))
        except sdk.DhanRefused as refused:
            raise _refusal_of_a_read(refused) from None
        except Exception as error:  # noqa: BLE001  # whatever it is, it is no answer
            cause = error.error if isinstance(error, sdk.NoAnswer) and error.error else error
            raise no_answer(cause) from None

    def _writing(
        self,
        access: Access,
        prepare: "Callable[[], Callable[[DhanClient], Row]]",
        accepted: Callable[[object], Accepted | None],
        *,
        silence_is_yes: bool = False,
    ) -> Written:
        """`prepare` changes nothing; what it answers with is asked once. `accepted` says what
        Dhan's answer names; `None`: it is not the answer that a yes has."""
        try:
            with IMPORTING:
                from infrastructure.brokers.dhan import sdk
                from infrastructure.brokers.dhan.outcome import outcome_of

            client, question = self._client(access), prepare()
        except Exception as error:  # noqa: BLE001  # never raises; nothing has been changed yet
            return unprepared(error)
        try:
            answer = sdk.asked(client, question)
        except Exception as error:  # noqa: BLE001  # never raises: whatever happened is an answer
            if silence_is_yes and isinstance(error, sdk.NoAnswer) and error.is_silent_yes:
                return Accepted()
            return outcome_of(error, lambda text: hidden(text, access))
        return accepted(answer) or Unproven(cause="Dhan's yes does not name what it is about.")

    def _client(self, access: Access) -> "DhanClient":
        client_id, token = access.secrets["client_id"], access.secrets["access_token"]
        return self._clients.get(access, lambda: self._new_client(access.egress, client_id, token))

    def _new_client(self, egress: Egress, client_id: str, access_token: str) -> "DhanClient":
        with IMPORTING:
            from infrastructure.brokers.dhan import sdk

        line = self._calls.line(client_id, egress)
        return sdk.new_client(client_id, access_token, self._root, line)


def _asked(
    client: "DhanClient",
    question: "Callable[[DhanClient], Row]",
    *,
    nothing: frozenset[str] = frozenset(),
) -> object:
    from infrastructure.brokers.dhan import sdk

    try:
        return sdk.asked(client, question)
    except sdk.DhanRefused as refused:
        if refused.code in nothing:
            return []
        raise


def _refusal_of_a_read(refused: "DhanRefused") -> LoginExpired | BrokerDown:
    if refused.code in _TOKEN_REFUSED:
        return LoginExpired("Dhan says that the token is no longer valid.")
    if refused.code in _NO_SUBSCRIPTION:
        return BrokerDown(
            f"Dhan gives this account no access to it ({refused.code}): trading and market data "
            "are subscribed to at Dhan, each by itself."
        )
    if refused.status == 401:
        return LoginExpired("Dhan says that the token is no longer valid.")
    return BrokerDown(f"Dhan answered {refused.status} ({refused.code}).")
