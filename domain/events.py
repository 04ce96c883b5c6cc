"""Every fact that can be stored. Frozen, past tense, without behaviour and without secrets.

Stored facts are for ever: a field added later needs a default, any other change needs a new
version of the stored name (`domain/catalog.py`) and an upcaster.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from domain.vocabulary import BrokerName, Mode, OrderSighting, OrderTerms


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A fact of any stream."""


class SessionEvent(Event, frozen=True, kw_only=True):
    """A fact of one trading session."""


class SessionCreated(SessionEvent, frozen=True, kw_only=True):
    """A person's first call under this label, or the first after the last session ended."""

    label: str
    generation: int
    ends_at: datetime
    active_broker: BrokerName | None = None
    previous_session_id: UUID | None = None


class BrokerSelected(SessionEvent, frozen=True, kw_only=True):
    broker: BrokerName


class BrokerAuthenticated(SessionEvent, frozen=True, kw_only=True):
    """The broker accepted a login. The token itself is in the vault under `credential_version`.

    `account_sealed` holds the broker's account id and name, encrypted under the principal's own
    key; `account_fingerprint` is a keyed digest of the id, so that two logins can be compared.
    `relinked`: it is another account than before, and the person said that this is meant.
    """

    broker: BrokerName
    mode: Mode
    account_fingerprint: str
    account_sealed: str
    credential_version: int
    expires_at: datetime | None
    relinked: bool = False


class BrokerAuthenticationFailed(SessionEvent, frozen=True, kw_only=True):
    broker: BrokerName
    code: str


class BrokerAuthenticationExpired(SessionEvent, frozen=True, kw_only=True):
    """The broker's own clock ended the login, or the broker said so when it was used."""

    broker: BrokerName
    discovered: Literal["clock", "broker"]


class BrokerLoggedOut(SessionEvent, frozen=True, kw_only=True):
    broker: BrokerName


class SessionExpired(SessionEvent, frozen=True, kw_only=True):
    """Nobody used it for the time to live, or it reached its greatest age.

    `last_activity_at` is the activity that was known, and `deadline` the instant that had passed.
    """

    reason: Literal["idle", "age"]
    last_activity_at: datetime
    deadline: datetime


class SessionEnded(SessionEvent, frozen=True, kw_only=True):
    """Someone ended it on purpose."""

    reason: str


class OrderEvent(SessionEvent, frozen=True, kw_only=True):
    """A fact about one order, named by the key that the user (or we) gave it."""

    order_key: str


class OrderRequested(OrderEvent, frozen=True, kw_only=True):
    """The user asked; the broker has not been called yet.

    `fingerprint` is a digest of broker, account and every term. `broker_tag` is the id of ours
    that the broker will see.
    """

    broker: BrokerName
    mode: Mode
    account_fingerprint: str
    credential_version: int
    terms: OrderTerms
    fingerprint: str
    broker_tag: str


class OrderDispatched(OrderEvent, frozen=True, kw_only=True):
    """Stored just before the one call to the broker; there is never a second."""


class OrderPlaced(OrderEvent, frozen=True, kw_only=True):
    """The broker accepted the order and named it. It may still be filled or turned down later."""

    broker_order_id: str
    placed_at: datetime


class OrderRejected(OrderEvent, frozen=True, kw_only=True):
    """Proven not to exist at the broker: it refused, or (`reached_broker` false) was never sent."""

    code: str
    reason: str
    reached_broker: bool = True


class OrderOutcomeUnknown(OrderEvent, frozen=True, kw_only=True):
    """The call ended without proof either way: the order may be live. Never sent again."""

    cause: str


class OrderObserved(OrderEvent, frozen=True, kw_only=True):
    """What the broker said about the order later; stored only when it differs from before."""

    broker_order_id: str
    sighting: OrderSighting


class OrderKeyClaimed(Event, frozen=True, kw_only=True):
    """This key now names that order of that session, for this principal, for ever."""

    order_key: str
    fingerprint: str
    session_id: UUID


Outcome = OrderPlaced | OrderRejected | OrderOutcomeUnknown
