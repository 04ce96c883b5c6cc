"""The stored names of events, and the way from bytes to facts and back.

A stored name is explicit and carries its version, so no stored row ever names a module. A name
that was ever released stays readable: either it is in `EVENTS`, or an upcaster leads from it to a
name that is.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Generic, TypeVar

import msgspec

from domain import control_events as c
from domain import events as e
from domain.envelope import Envelope, Recorded, Row

E_co = TypeVar("E_co", bound=e.Event, covariant=True)

Upcaster = Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]
"""From an old event's plain fields to the next stored name and its fields. (`Any`: they are JSON
values whose shape only the upcaster knows.)"""


class UnknownEventName(Exception):
    """A stored event whose name this version of the software does not know."""


class _Written(msgspec.Struct, frozen=True):
    """The bytes of one row: the envelope beside the fact."""

    envelope: Envelope
    event: e.Event


class _Read(msgspec.Struct, Generic[E_co], frozen=True, gc=False):
    """The same on the way back, with the envelope left for later."""

    envelope: msgspec.Raw
    event: E_co


class _Plain(msgspec.Struct, frozen=True):
    envelope: msgspec.Raw
    event: dict[str, Any]


class Catalog:
    """A set of stored names with their types, and the upcasters that lead to them."""

    def __init__(
        self, types: Mapping[str, type[e.Event]], upcasters: Mapping[str, Upcaster] | None = None
    ) -> None:
        self._names = {kind: name for name, kind in types.items()}
        self._decoders: dict[str, msgspec.json.Decoder[Any]] = {
            name: msgspec.json.Decoder(_Read[kind])  # type: ignore[valid-type]  # a runtime type
            for name, kind in types.items()
        }
        self._types = dict(types)
        self._upcasters = dict(upcasters or {})
        self._plain = msgspec.json.Decoder(_Plain)
        self._encoder = msgspec.json.Encoder(decimal_format="string", uuid_format="canonical")

    @property
    def readable_names(self) -> frozenset[str]:
        """Every stored name that can be read, old ones included."""
        return frozenset(self._types) | frozenset(self._upcasters)

    def name_of(self, event: e.Event) -> str:
        return self._names[type(event)]

    def encode(self, event: e.Event, envelope: Envelope) -> tuple[str, bytes]:
        """Answer with the stored name and the bytes."""
        return self._names[type(event)], self._encoder.encode(_Written(envelope, event))

    def read(self, row: Row) -> Recorded:
        """Decode one row.

        Raises:
            UnknownEventName: neither a type nor an upcaster has this name.
            msgspec.DecodeError: the bytes are not what the name promises.
        """
        decoder = self._decoders.get(row.name)
        if decoder is None:
            return self._upcast(row)
        read = decoder.decode(row.state)
        return Recorded(row.name, read.event, row, read.envelope)

    def _upcast(self, row: Row) -> Recorded:
        current = row.name
        if current not in self._upcasters:
            raise UnknownEventName(
                f"Stored event name {current!r} is not known to this version of trading-server."
            )
        plain = self._plain.decode(row.state)
        fields = plain.event
        while current in self._upcasters:
            current, fields = self._upcasters[current](fields)
        event = msgspec.convert(fields, self._types[current], strict=False)
        return Recorded(current, event, row, plain.envelope)


EVENTS: Final[Mapping[str, type[e.Event]]] = {
    "trading_session.session_created.v1": e.SessionCreated,
    "trading_session.broker_selected.v1": e.BrokerSelected,
    "trading_session.data_broker_selected.v1": e.DataBrokerSelected,
    "trading_session.broker_authenticated.v1": e.BrokerAuthenticated,
    "trading_session.broker_authentication_failed.v1": e.BrokerAuthenticationFailed,
    "trading_session.broker_authentication_expired.v1": e.BrokerAuthenticationExpired,
    "trading_session.broker_logged_out.v1": e.BrokerLoggedOut,
    "trading_session.session_expired.v1": e.SessionExpired,
    "trading_session.session_ended.v1": e.SessionEnded,
    "trading_session.order_requested.v1": e.OrderRequested,
    "trading_session.order_dispatched.v1": e.OrderDispatched,
    "trading_session.order_placed.v1": e.OrderPlaced,
    "trading_session.order_rejected.v1": e.OrderRejected,
    "trading_session.order_outcome_unknown.v1": e.OrderOutcomeUnknown,
    "trading_session.order_observed.v1": e.OrderObserved,
    "trading_session.order_proposed.v1": e.OrderProposed,
    "trading_session.order_confirmed.v1": e.OrderConfirmed,
    "trading_session.order_declined.v1": e.OrderDeclined,
    "trading_session.order_denied.v1": e.OrderDenied,
    "trading_session.order_found_absent.v1": e.OrderFoundAbsent,
    "trading_session.order_adopted.v1": e.OrderAdopted,
    "trading_session.order_mismatched.v1": e.OrderMismatched,
    "trading_session.order_change_requested.v1": e.OrderChangeRequested,
    "trading_session.order_change_dispatched.v1": e.OrderChangeDispatched,
    "trading_session.order_change_accepted.v1": e.OrderChangeAccepted,
    "trading_session.order_change_rejected.v1": e.OrderChangeRejected,
    "trading_session.order_change_unknown.v1": e.OrderChangeUnknown,
    "order_key.claimed.v1": e.OrderKeyClaimed,
    "risk_ledger.reserved.v1": c.RiskReserved,
    "risk_ledger.released.v1": c.RiskReleased,
    "risk_limits.changed.v1": c.RiskLimitsChanged,
    "trading_switch.halted.v1": c.TradingHalted,
    "trading_switch.resumed.v1": c.TradingResumed,
}

CATALOG: Final = Catalog(EVENTS)
