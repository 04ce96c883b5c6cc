"""Every fact that can be stored. Frozen, past tense, without behaviour and without secrets.

Stored facts are for ever: a field added later needs a default, any other change needs a new
version of the stored name (`domain/catalog.py`) and an upcaster.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from domain.vocabulary import (
    Approval,
    BrokerName,
    ChangeKind,
    Mode,
    OrderSighting,
    OrderTerms,
    RiskFacts,
)


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
    data_broker: BrokerName | None = None


class BrokerSelected(SessionEvent, frozen=True, kw_only=True):
    broker: BrokerName


class DataBrokerSelected(SessionEvent, frozen=True, kw_only=True):
    """Whom market data is read from, whichever broker is active; `None`: from the active one."""

    broker: BrokerName | None


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


class OrderProposed(OrderEvent, frozen=True, kw_only=True):
    """A person has to say yes first, to exactly this, before `expires_at`. Nothing was sent.

    `text` is what they are shown, word for word, and `text_hash` its SHA-256. With a `change_key`
    it is about changing an order that is there, to these terms. `slices`: as how many orders it
    would go.
    """

    proposal_id: str
    broker: BrokerName
    mode: Mode
    account_fingerprint: str
    terms: OrderTerms
    fingerprint: str
    text: str
    text_hash: str
    expires_at: datetime
    change_key: str | None = None
    slices: int = 1


class OrderConfirmed(OrderEvent, frozen=True, kw_only=True):
    """The yes, used up by the request in the same append. `by` is the principal who gave it."""

    proposal_id: str
    method: Approval
    by: UUID
    text_hash: str


class OrderDeclined(OrderEvent, frozen=True, kw_only=True):
    """The no, or the proposal's end without an answer (`reason`: declined, dismissed)."""

    proposal_id: str
    method: Approval
    by: UUID
    reason: str


class OrderDenied(OrderEvent, frozen=True, kw_only=True):
    """One of our own limits forbids it; the broker was not asked.

    `facts` is what the rule saw, `threshold` the limit as it stood, both for judging it again.
    """

    broker: BrokerName
    mode: Mode
    account_fingerprint: str
    terms: OrderTerms
    rule: str
    rule_version: int
    threshold: str
    reason: str
    facts: RiskFacts
    change_key: str | None = None


class OrderRequested(OrderEvent, frozen=True, kw_only=True):
    """The user asked; the broker has not been called yet.

    `fingerprint` is a digest of broker, account and every term. `broker_tag` is the id of ours
    that the broker will see. It may be sent until `dispatch_by` and by the way whose digest is
    `egress`, never later and by no other. `approval` is the proposal that a person said yes to.
    `slice_of` is the key of the order that this one is a part of.
    """

    broker: BrokerName
    mode: Mode
    account_fingerprint: str
    credential_version: int
    terms: OrderTerms
    fingerprint: str
    broker_tag: str
    egress: str | None = None
    dispatch_by: datetime | None = None
    approval: str | None = None
    risk: RiskFacts | None = None
    slice_of: str | None = None


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


class OrderFoundAbsent(OrderEvent, frozen=True, kw_only=True):
    """Its trading day is over, and the broker's whole book of `looked_at` does not have it."""

    looked_at: datetime


class OrderAdopted(OrderEvent, frozen=True, kw_only=True):
    """An order at the broker bears an id that only we can have made, and no event told of it."""

    broker: BrokerName
    mode: Mode
    account_fingerprint: str
    credential_version: int
    broker_tag: str
    broker_order_id: str
    terms: OrderTerms
    sighting: OrderSighting
    placed_at: datetime | None


class OrderMismatched(OrderEvent, frozen=True, kw_only=True):
    """The broker shows our id on something else than we asked for; the account was frozen."""

    broker_order_id: str
    found: str


class OrderChangeRequested(OrderEvent, frozen=True, kw_only=True):
    """The user asked to modify or cancel an order; the broker has not been called yet.

    `terms` are all the new terms of a modification, `None` for a cancellation.
    """

    change_key: str
    kind: ChangeKind
    broker_order_id: str
    terms: OrderTerms | None
    fingerprint: str
    credential_version: int
    egress: str | None
    dispatch_by: datetime
    approval: str | None = None
    risk: RiskFacts | None = None


class OrderChangeDispatched(OrderEvent, frozen=True, kw_only=True):
    """Stored just before the one call to the broker; there is never a second."""

    change_key: str


class OrderChangeAccepted(OrderEvent, frozen=True, kw_only=True):
    """The broker said yes, `at` this instant of the call, or its book shows that it was done."""

    change_key: str
    at: datetime | None = None


class OrderChangeRejected(OrderEvent, frozen=True, kw_only=True):
    """Proven: the order was not changed. `reached_broker` false: this was never sent."""

    change_key: str
    code: str
    reason: str
    reached_broker: bool = True


class OrderChangeUnknown(OrderEvent, frozen=True, kw_only=True):
    """The call ended without proof either way. Never sent again."""

    change_key: str
    cause: str


class OrderKeyClaimed(Event, frozen=True, kw_only=True):
    """This key now names that order of that session, for this principal, for ever."""

    order_key: str
    fingerprint: str
    session_id: UUID


Outcome = OrderPlaced | OrderRejected | OrderOutcomeUnknown
ChangeOutcome = OrderChangeAccepted | OrderChangeRejected | OrderChangeUnknown
