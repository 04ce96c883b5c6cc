"""One client per token, and the two ways to use one: to read, and to change something once."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from application.ports.broker import Access, BrokerDown, LoginExpired
from application.ports.broker_orders import Accepted, Unproven, Written
from application.ports.egress import Egress
from application.ports.instruments import Instruments
from domain.capabilities import OFFERS
from domain.vocabulary import BrokerName
from infrastructure.brokers.calls import Calls, no_answer
from infrastructure.brokers.clients import MOST_CLIENTS, Clients, hidden
from infrastructure.brokers.groww.mapping import NO_SUCH_THING, Names
from infrastructure.brokers.importing import IMPORTING
from infrastructure.brokers.outcomes import unprepared

if TYPE_CHECKING:
    from infrastructure.brokers.groww.sdk import (
        GrowwAnswered,
        GrowwClient,
        GrowwLoginClient,
        Row,
    )

T = TypeVar("T")


class GrowwClients:
    """Nothing of a credential is kept but in the clients, and nothing of it gets into a text."""

    name: BrokerName = "groww"
    offer: Final = OFFERS["groww"]

    def __init__(self, root: str, instruments: Instruments, calls: Calls) -> None:
        self._root = root
        self._names = Names(instruments)
        self._calls = calls
        self._clients: Clients[GrowwClient] = Clients(MOST_CLIENTS)

    def _reading(self, access: Access, read: Callable[["GrowwClient"], T]) -> T:
        """Raises: LoginExpired, BrokerDown."""
        with IMPORTING:
            from infrastructure.brokers.groww import sdk

        try:
            return read(self._client(access))
        except sdk.GrowwAnswered as error:
            raise _refusal_of_a_read(error) from None
        except Exception as error:  # noqa: BLE001  # whatever it is, it is no answer
            raise no_answer(error) from None

    def _writing(
        self,
        access: Access,
        prepare: "Callable[[GrowwClient], Callable[[], Row]]",
        accepted: Callable[[object], Accepted | None],
        *,
        places: bool = False,
    ) -> Written:
        """`prepare` changes nothing; what it answers with is called once. `accepted` says what
        Groww's answer names; `None`: it is not the answer that a yes has. `places`: it makes
        something new."""
        try:
            with IMPORTING:
                from infrastructure.brokers.groww.outcome import outcome_of

            send = prepare(self._client(access))
        except Exception as error:  # noqa: BLE001  # never raises; nothing has been changed yet
            return unprepared(error)
        try:
            answer = send()
        except Exception as error:  # noqa: BLE001  # never raises: whatever happened is an answer
            return outcome_of(error, lambda text: hidden(text, access), places=places)
        return accepted(answer) or Unproven(cause="Groww's yes does not name what it is about.")

    def _client(self, access: Access) -> "GrowwClient":
        token = access.secrets["access_token"]
        return self._clients.get(
            access, lambda: self._new_client(access.egress, token, access.account_id)
        )

    def _new_client(self, egress: Egress, token: str, account: str | None = None) -> "GrowwClient":
        """Without an account, which only a login tells, the token is who asks."""
        with IMPORTING:
            from infrastructure.brokers.groww import sdk

        return sdk.new_client(token, self._root, self._calls.line(account or token, egress))

    def _new_login_client(self, egress: Egress, api_key: str) -> "GrowwLoginClient":
        with IMPORTING:
            from infrastructure.brokers.groww import sdk

        return sdk.new_login_client(api_key, self._root, self._calls.line(api_key, egress))


def if_there(
    ask: "Callable[[], Row]", *, absent: frozenset[str] = frozenset({NO_SUCH_THING})
) -> "Row | None":
    """Groww's answer; `None` when it refuses with one of the codes that mean "nothing there"."""
    from infrastructure.brokers.groww import sdk

    try:
        return ask()
    except sdk.GrowwAnswered as error:
        if error.code in absent:
            return None
        raise


def _refusal_of_a_read(error: "GrowwAnswered") -> LoginExpired | BrokerDown:
    if error.status == 401:
        return LoginExpired("Groww says that the token is no longer valid.")
    if error.status == 403:
        return BrokerDown(
            "Groww does not let this account ask for it (403): its trading API is subscribed to, "
            "and market data belongs to that."
        )
    told = f" ({error.code})" if error.code else ""
    return BrokerDown(f"Groww answered {error.status}{told}.")
