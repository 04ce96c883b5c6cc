"""What a page needs to know to log somebody in at a broker, and how a browser gets there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from application.ports.egress import DIRECT, Egress

if TYPE_CHECKING:
    from application.ports.broker import Secrets


@dataclass(frozen=True, kw_only=True)
class LoginField:
    """One line of a form. `name` is what the adapter's `log_in` knows the value by.

    `stays`: it is of the person's app at the broker and the same every day, so that the server may
    know it already, and the person may let it be remembered.
    """

    name: str
    label: str
    is_secret: bool = True
    is_number: bool = False
    stays: bool = False


@dataclass(frozen=True, kw_only=True)
class LoginMethod:
    """One way to log in. `leads_to` is the broker's page that the browser is sent to, if any;
    `help_url` a page of the broker's where the values come from.
    """

    name: str
    title: str
    words: str
    fields: tuple[LoginField, ...]
    leads_to: str | None = None
    help_url: str | None = None


@dataclass(frozen=True, kw_only=True)
class Departure:
    """Where to send the browser, and what has to be kept until it is back."""

    url: str
    kept: "Secrets" = field(repr=False)


class BrowserLogin(Protocol):
    def methods(self) -> tuple[LoginMethod, ...]: ...

    def depart(self, credentials: "Secrets", state: str, egress: Egress = DIRECT) -> Departure:
        """Prepare a journey to the broker's page. `state` comes back with the browser where the
        broker hands such things through.

        Raises:
            LoginRefused, BrokerDown: as `Broker.log_in`.
        """
        ...

    def returned(self, answer: Mapping[str, str]) -> "Secrets":
        """What the broker gave the browser to bring, to be added to what was kept.

        Raises:
            LoginRefused: the person did not agree there, or something is missing.
        """
        ...
