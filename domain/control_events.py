"""Facts beside the sessions: what was taken from the limits, and who stopped trading."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from domain.events import Event
from domain.vocabulary import BrokerName, SwitchScope


class RiskReserved(Event, frozen=True, kw_only=True):
    """Taken from the limits of one principal's trading day, in the same append as the request.

    `same_as` is a digest of what makes two orders look the same, whatever their keys. `value_inr`
    is `None` where no price was to be had.
    """

    order_key: str
    session_id: UUID
    broker: BrokerName
    account_fingerprint: str
    same_as: str
    value_inr: Decimal | None
    at: datetime
    broker_tag: str
    change_key: str | None = None


class RiskReleased(Event, frozen=True, kw_only=True):
    """Given back: proven not to be at the broker. It still counts as an order that was tried."""

    order_key: str
    reason: str
    change_key: str | None = None


class RiskLimitsChanged(Event, frozen=True, kw_only=True):
    """An admin gave this principal limits of their own; a value of `None` takes one back."""

    changes: dict[str, str | None]
    reason: str


class TradingHalted(Event, frozen=True, kw_only=True):
    """From here on nothing is dispatched under this switch. `by` is `None` where the reconciler
    froze an account because of `order_key`."""

    scope: SwitchScope
    reason: str
    by: UUID | None
    order_key: str | None = None


class TradingResumed(Event, frozen=True, kw_only=True):
    scope: SwitchScope
    reason: str
    by: UUID | None
