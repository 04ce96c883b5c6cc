"""By which way an account's calls leave: how it is written, and where it is kept.

`direct`, `source:10.0.0.5`, `proxy:http://user:password@host:port`. It is kept sealed under the
principal's own key, because the address of a proxy may hold a password.
"""

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import Engine, delete, insert, select
from sqlalchemy.exc import IntegrityError

from application.ports.egress import DIRECT, Egress
from application.ports.vault import Vault
from domain.errors import EgressUnavailable, InvalidArgument
from domain.vocabulary import BrokerName
from infrastructure.store.engines import reading
from infrastructure.store.refusals import store_errors
from infrastructure.store.schema import egresses

PROXY_SCHEMES: Final = ("http", "https", "socks5", "socks5h")
_HOW: Final = (
    "Next: write direct, source:ADDRESS with an address of this machine, or "
    "proxy:SCHEME://[USER:PASSWORD@]HOST:PORT."
)


def parse_egress(text: str) -> Egress:
    """Raises:
    InvalidArgument: in words that do not repeat the text.
    """
    kind, _, value = text.strip().partition(":")
    if (kind, value) == ("direct", ""):
        return DIRECT
    if kind == "source":
        try:
            return Egress(source=str(ip_address(value)))
        except ValueError:
            raise InvalidArgument(f"A source is an address in numbers. {_HOW}") from None
    if kind == "proxy" and _is_proxy(value):
        return Egress(proxy=value)
    raise InvalidArgument(f"That is no way out. A proxy has a scheme, a host and a port. {_HOW}")


def _is_proxy(url: str) -> bool:
    try:
        parts = urlsplit(url)
        whole = bool(parts.hostname) and parts.port is not None
    except ValueError:
        return False
    more = parts.path.strip("/") or parts.query or parts.fragment
    return whole and parts.scheme in PROXY_SCHEMES and not more and url.isascii()


def shown(egress: Egress) -> str:
    """As an operator writes it, with stars for the user and the password of a proxy."""
    if egress.source is not None:
        return f"source:{egress.source}"
    if egress.proxy is None:
        return "direct"
    parts = urlsplit(egress.proxy)
    hidden = "***@" if "@" in parts.netloc else ""
    return f"proxy:{parts.scheme}://{hidden}{parts.netloc.rpartition('@')[2]}"


class SealedEgresses:
    """See `application.ports.egress.Egresses`. Read anew for every call, so that a change holds
    for the next one, in every process."""

    def __init__(self, engine: Engine, vault: Vault) -> None:
        self._engine = engine
        self._vault = vault

    def of(self, principal: UUID, broker: BrokerName) -> Egress:
        with store_errors(), reading(self._engine) as connection:
            sealed = connection.execute(
                select(egresses.c.sealed).where(
                    egresses.c.principal == principal, egresses.c.broker == broker
                )
            ).scalar()
        if sealed is None:
            return DIRECT
        text = self._vault.unseal(principal, sealed)
        if text is None:
            raise EgressUnavailable(
                f"The way that was set for this account's calls to {broker} cannot be read any "
                "more; nothing was sent. Next: ask the operator (trading-server egress set)."
            )
        return parse_egress(text)

    def set(self, principal: UUID, broker: BrokerName, egress: Egress) -> None:
        """From the next call on. `DIRECT` takes the row away."""
        mine = (egresses.c.principal == principal) & (egresses.c.broker == broker)
        if egress == DIRECT:
            with store_errors(), self._engine.begin() as connection:
                connection.execute(delete(egresses).where(mine))
            return
        text = f"source:{egress.source}" if egress.source else f"proxy:{egress.proxy}"
        row = {
            "principal": principal,
            "broker": broker,
            "sealed": self._vault.seal(principal, text),
        }
        while True:
            try:
                with store_errors(), self._engine.begin() as connection:
                    connection.execute(delete(egresses).where(mine))
                    connection.execute(insert(egresses).values(row))
                return
            except IntegrityError:  # another operator was faster: the later one holds
                continue

    def all(self) -> Sequence[tuple[UUID, BrokerName, Egress | None]]:
        """What is set for everybody; `None` where it cannot be read any more."""
        with store_errors(), reading(self._engine) as connection:
            keys = connection.execute(select(egresses.c.principal, egresses.c.broker)).all()
        return [(row.principal, row.broker, self._readable(*row)) for row in keys]

    def _readable(self, principal: UUID, broker: BrokerName) -> Egress | None:
        try:
            return self.of(principal, broker)
        except EgressUnavailable:
            return None
