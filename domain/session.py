"""The trading session: what it remembers, how facts change it, what it allows.

`evolve` folds and never refuses. The functions below it decide: they answer with new facts or
raise a `Refusal`. Decisions about orders are in `domain/orders.py`.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from uuid import UUID

import msgspec
from msgspec.structs import replace

from domain import events as e
from domain.errors import AccountDiffers, BrokerLoginRequired, NoActiveBroker, SessionHasExpired
from domain.open_orders import OpenOrder, evolve_orders, evolve_proposals, without
from domain.vocabulary import BrokerName, Mode


class BrokerLogin(msgspec.Struct, frozen=True, gc=False):
    """A login that the broker accepted and that has not ended, as far as is known."""

    mode: Mode
    account_fingerprint: str
    account_sealed: str
    credential_version: int
    expires_at: datetime | None


BrokerUse = Literal["trading", "data", "both"]
"""What a person chooses a broker for."""


class TradingSession(msgspec.Struct, frozen=True, gc=False):
    """The fold of one session's facts. Settled orders are not in it."""

    label: str
    generation: int
    ends_at: datetime
    active_broker: BrokerName | None
    previous_session_id: UUID | None
    logins: Mapping[str, BrokerLogin] = {}
    orders: Mapping[str, OpenOrder] = {}
    proposals: Mapping[str, e.OrderProposed] = {}
    ended: Literal["idle", "age", "ended"] | None = None
    data_broker: BrokerName | None = None


class Due(NamedTuple):
    """A session whose end may have come, or (`broker` given) a login whose end has."""

    principal: UUID
    session_id: UUID
    broker: BrokerName | None


def evolve(session: TradingSession | None, event: e.Event) -> TradingSession:
    """Apply one fact. Never refuses: what happened, happened."""
    if session is None:
        assert isinstance(event, e.SessionCreated), f"a session cannot begin with {type(event)}"
        return TradingSession(
            event.label,
            event.generation,
            event.ends_at,
            event.active_broker,
            event.previous_session_id,
            data_broker=event.data_broker,
        )
    if isinstance(event, e.OrderEvent):
        return replace(
            session,
            orders=evolve_orders(session.orders, event),
            proposals=evolve_proposals(session.proposals, event),
        )
    match event:
        case e.BrokerSelected(broker=broker):
            return replace(session, active_broker=broker)
        case e.DataBrokerSelected(broker=broker):
            return replace(session, data_broker=broker)
        case e.BrokerAuthenticated(broker=broker):
            login = BrokerLogin(
                event.mode,
                event.account_fingerprint,
                event.account_sealed,
                event.credential_version,
                event.expires_at,
            )
            return replace(session, logins={**session.logins, broker: login})
        case e.BrokerAuthenticationExpired(broker=broker) | e.BrokerLoggedOut(broker=broker):
            return replace(session, logins=without(session.logins, broker))
        case e.SessionExpired(reason=reason):
            return replace(session, ended=reason)
        case e.SessionEnded():
            return replace(session, ended="ended")
        case e.BrokerAuthenticationFailed() | e.SessionCreated():
            return session
        case _:
            raise AssertionError(f"{type(event)} is not a fact of a session")


def fold(events: Iterable[e.Event]) -> TradingSession | None:
    """The state after these facts, `None` before the first."""
    session: TradingSession | None = None
    for event in events:
        session = evolve(session, event)
    return session


def open_session(
    *,
    label: str,
    generation: int,
    now: datetime,
    max_age: timedelta,
    predecessor: tuple[UUID, TradingSession] | None,
) -> list[e.SessionEvent]:
    """Decide: a new session. One that follows a session that grew too old keeps its brokers."""
    previous_id, previous = predecessor or (None, None)
    kept = previous if previous is not None and previous.ended == "age" else None
    return [
        e.SessionCreated(
            label=label,
            generation=generation,
            ends_at=now + max_age,
            active_broker=kept.active_broker if kept else None,
            previous_session_id=previous_id,
            data_broker=kept.data_broker if kept else None,
        )
    ]


def expire_session(
    session: TradingSession, *, now: datetime, last_activity_at: datetime, idle_after: timedelta
) -> list[e.SessionEvent]:
    """Decide: is its time over? Nothing when it is not, or when it has ended already.

    `idle_after` is the time to live with the tolerance for unflushed activity already added.
    """
    if session.ended:
        return []
    idle_deadline = last_activity_at + idle_after
    if now < min(idle_deadline, session.ends_at):
        return []
    idle = idle_deadline <= session.ends_at
    return [
        e.SessionExpired(
            reason="idle" if idle else "age",
            last_activity_at=last_activity_at,
            deadline=idle_deadline if idle else session.ends_at,
        )
    ]


def end_session(session: TradingSession, reason: str) -> list[e.SessionEvent]:
    """Decide: end it on purpose. Nothing when it has ended already."""
    return [] if session.ended else [e.SessionEnded(reason=reason)]


def must_be_open(session: TradingSession, now: datetime) -> None:
    """Raises:
    SessionHasExpired: it has ended, or `now` is at or past its greatest age.
    """
    if session.ended or now >= session.ends_at:
        raise SessionHasExpired(
            "This session is over. Next: call again; a new one opens by itself."
        )


def select_broker(
    session: TradingSession, broker: BrokerName, now: datetime, use: BrokerUse = "trading"
) -> list[e.SessionEvent]:
    """Decide: make this broker the active one (`trading`), or set it apart for market data
    (`data`); with `both` it becomes the active one, and no other is set apart any more. Nothing
    where that is so already.

    Raises:
        SessionHasExpired: see `must_be_open`.
    """
    must_be_open(session, now)
    facts: list[e.SessionEvent] = []
    if use != "data" and session.active_broker != broker:
        facts.append(e.BrokerSelected(broker=broker))
    apart = {"trading": session.data_broker, "data": broker, "both": None}[use]
    if session.data_broker != apart:
        facts.append(e.DataBrokerSelected(broker=apart))
    return facts


def accept_login(
    session: TradingSession, login: e.BrokerAuthenticated, now: datetime
) -> list[e.SessionEvent]:
    """Decide: remember a login. The first one of a session also makes its broker the active one.

    Raises:
        SessionHasExpired: see `must_be_open`.
    """
    must_be_open(session, now)
    facts: list[e.SessionEvent] = [login]
    if session.active_broker is None:
        facts.append(e.BrokerSelected(broker=login.broker))
    return facts


def must_be_the_same_account(
    broker: BrokerName, fingerprint: str, pinned: str | None, *, relink: bool
) -> bool:
    """Say whether this links another account than `pinned`, the one of the last login.

    Raises:
        AccountDiffers: it does, and nobody has said that this is meant.
    """
    differs = pinned is not None and fingerprint != pinned
    if differs and not relink:
        raise AccountDiffers(
            f"This is another {broker} account than the one you were logged in with before. "
            "Nothing was stored, and the new login was thrown away. Next: log in with the former "
            f"account; or, if the user wants to change accounts, log in once more and say so: "
            f"authenticate_broker(broker='{broker}', relink=true).",
            login_at=broker,
        )
    return differs


def log_out(session: TradingSession, brokers: Iterable[BrokerName]) -> list[e.SessionEvent]:
    """Decide: end these logins. Brokers that are not logged in are passed over."""
    return [e.BrokerLoggedOut(broker=b) for b in brokers if b in session.logins]


def expire_login(
    session: TradingSession,
    broker: BrokerName,
    discovered: Literal["clock", "broker"],
    credential_version: int,
) -> list[e.SessionEvent]:
    """Decide: note that this very login is over. Nothing when a newer one took its place."""
    login = session.logins.get(broker)
    if login is None or login.credential_version != credential_version:
        return []
    return [e.BrokerAuthenticationExpired(broker=broker, discovered=discovered)]


def chosen_broker(
    session: TradingSession, named: BrokerName | None, *, for_data: bool = False
) -> BrokerName:
    """The broker that a call is about: the one it names, otherwise the active one. Questions about
    the market (`for_data`) go to the one that is set apart for them, if one is.

    Raises:
        NoActiveBroker: none is named and none is active.
    """
    broker = named or (session.data_broker if for_data else None) or session.active_broker
    if broker is None:
        raise NoActiveBroker(
            "No broker is active in your session. Next: set_active_broker(broker='paper'), or "
            "name one with broker=."
        )
    return broker


def require_login(session: TradingSession, broker: BrokerName, now: datetime) -> BrokerLogin:
    """The login to act with.

    Raises:
        BrokerLoginRequired: never logged in, logged out, or the broker's time is up.
    """
    login = session.logins.get(broker)
    if login is None:
        raise BrokerLoginRequired(
            f"You are not logged in to {broker}. Next: "
            f"get_broker_login_instructions(broker='{broker}').",
            login_at=broker,
        )
    if login.expires_at is not None and now >= login.expires_at:
        raise BrokerLoginRequired(
            f"Your {broker} login has ended by the broker's own clock. Next: "
            f"get_broker_login_instructions(broker='{broker}').",
            login_at=broker,
        )
    return login
