"""Choosing, logging in and out of brokers, and the access that every broker call needs."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from application.enter_session import Entered
from application.ports.broker import (
    NOT_ASKED,
    Access,
    Broker,
    BrokerDown,
    Brokers,
    LoginRefused,
    Secrets,
)
from application.ports.clock import Clock
from application.ports.vault import Vault
from application.writer import Context, Loaded, Writer
from domain import session as sessions
from domain.errors import (
    BrokerLoginFailed,
    BrokerLoginRequired,
    BrokerNotSupported,
    BrokerUnavailable,
    InvalidArgument,
    SessionHasExpired,
)
from domain.events import BrokerAuthenticated, BrokerAuthenticationFailed, Event
from domain.session import BrokerLogin, TradingSession
from domain.vocabulary import BROKERS, BrokerName


def supported(brokers: Brokers, name: str) -> Broker:
    """The adapter of this name.

    Raises:
        BrokerNotSupported: no such broker, or no adapter in this version.
    """
    available = ", ".join(b.name for b in brokers.all())
    if name not in BROKERS:
        raise BrokerNotSupported(f"{name!r} is not supported. Next: choose one of {available}.")
    broker = brokers.get(name)
    if broker is None:
        raise BrokerNotSupported(
            f"{name} has no adapter in this version yet. Next: choose one of {available}."
        )
    return broker


def state_of(loaded: Loaded) -> TradingSession:
    session = sessions.fold(loaded.events)
    assert session is not None, "only entered sessions come here"
    return session


@dataclass(frozen=True, kw_only=True)
class SelectBroker:
    writer: Writer
    brokers: Brokers
    clock: Clock

    def __call__(self, context: Context, entered: Entered, name: str) -> TradingSession:
        """Make this broker the active one; answer with the session as it is then.

        Raises:
            BrokerNotSupported, SessionHasExpired: nothing was stored.
        """
        broker = supported(self.brokers, name).name
        written = self.writer.decide(
            context,
            [entered.session_id],
            lambda s: [sessions.select_broker(state_of(s[0]), broker, self.clock.now())],
            loaded=[entered.loaded],
        )
        return state_of(written.streams[0])


@dataclass(frozen=True, kw_only=True)
class LogIn:
    writer: Writer
    brokers: Brokers
    vault: Vault
    clock: Clock

    def __call__(
        self, context: Context, entered: Entered, name: str, credentials: Secrets
    ) -> TradingSession:
        """Verify a login at the broker and keep it; answer with the session as it is then.

        The secret reaches the vault before the fact reaches the log, so a login that the log
        knows can always be used.

        Raises:
            InvalidArgument: a credential is missing or malformed; the broker was not asked.
            BrokerLoginFailed: the broker refused; the attempt is on record, without its values.
            BrokerUnavailable: the broker gave no usable answer; nothing was stored.
        """
        broker = supported(self.brokers, name)
        sessions.must_be_open(entered.session, self.clock.now())
        if not broker.needs_login:
            return self._select(context, entered, broker.name)
        try:
            accepted = broker.log_in(credentials, self.clock.now())
        except LoginRefused as refused:
            if refused.code in NOT_ASKED:
                raise InvalidArgument(f"{broker.display_name}: {refused.advice}") from None
            failed = BrokerAuthenticationFailed(broker=broker.name, code=refused.code)
            self.writer.decide(context, [entered.session_id], lambda _: [[failed]])
            raise BrokerLoginFailed(f"{broker.display_name}: {refused.advice}") from None
        except BrokerDown:
            raise BrokerUnavailable(
                f"{broker.display_name} gave no usable answer; you are not logged in. "
                "Next: try again in a moment."
            ) from None
        principal, session_id = context.principal, entered.session_id
        version = self.vault.put(
            principal, session_id, broker.name, accepted.account_id, accepted.secrets
        )
        fact = BrokerAuthenticated(
            broker=broker.name,
            mode=broker.mode(),
            account_fingerprint=self.vault.account_fingerprint(broker.name, accepted.account_id),
            account_sealed=self.vault.seal(
                principal, f"{accepted.account_id}\n{accepted.account_name}"
            ),
            credential_version=version,
            expires_at=accepted.expires_at,
        )
        try:
            written = self.writer.decide(
                context,
                [session_id],
                lambda s: [sessions.accept_login(state_of(s[0]), fact, self.clock.now())],
            )
        except SessionHasExpired:  # its secrets were forgotten before this one came
            self.vault.forget(principal, session_id)
            raise
        return state_of(written.streams[0])

    def _select(self, context: Context, entered: Entered, broker: BrokerName) -> TradingSession:
        """A broker without logins: choosing it is all there is to do."""

        def decision(loaded: Loaded) -> list[Event]:
            session = state_of(loaded)
            if session.active_broker is not None:
                return []
            return list(sessions.select_broker(session, broker, self.clock.now()))

        written = self.writer.decide(context, [entered.session_id], lambda s: [decision(s[0])])
        return state_of(written.streams[0])


@dataclass(frozen=True, kw_only=True)
class LogOut:
    writer: Writer
    brokers: Brokers
    vault: Vault
    clock: Clock

    def __call__(
        self, context: Context, entered: Entered, names: tuple[BrokerName, ...]
    ) -> tuple[BrokerName, ...]:
        """End these logins; answer with those that were there.

        Our copy of the secret dies with the fact; the broker is then told, as far as it listens.
        """
        before = entered.session
        leaving = tuple(name for name in names if name in before.logins)
        held = {
            name: self.vault.get(
                context.principal,
                entered.session_id,
                name,
                before.logins[name].credential_version,
            )
            for name in leaving
        }
        self.writer.decide(
            context,
            [entered.session_id],
            lambda s: [sessions.log_out(state_of(s[0]), leaving)],
            loaded=[entered.loaded],
        )
        for name in leaving:
            self.vault.forget(context.principal, entered.session_id, name)
            broker, secret = self.brokers.get(name), held[name]
            if broker is not None and secret is not None:
                broker.log_out(
                    Access(principal=context.principal, account_id=secret[0], secrets=secret[1])
                )
        return leaving


@dataclass(frozen=True, kw_only=True)
class Admission:
    """What a call to a broker goes out with."""

    broker: Broker
    login: BrokerLogin | None
    access: Access


@dataclass(frozen=True, kw_only=True)
class Admit:
    """From a session to an access, refusing with what the person has to do."""

    writer: Writer
    brokers: Brokers
    vault: Vault
    clock: Clock

    def __call__(self, context: Context, entered: Entered, named: str | None) -> Admission:
        """The broker that the call names, or the active one, and the access to it.

        Raises:
            NoActiveBroker, BrokerNotSupported, BrokerLoginRequired, SessionHasExpired.
        """
        session = entered.session
        now = self.clock.now()
        sessions.must_be_open(session, now)
        if named is not None:
            supported(self.brokers, named)
        name: BrokerName = sessions.chosen_broker(session, named)  # type: ignore[arg-type]  # checked
        broker = supported(self.brokers, name)
        if not broker.needs_login:
            access = Access(principal=context.principal, account_id=name.upper())
            return Admission(broker=broker, login=None, access=access)
        login = self._login(context, entered.session_id, session, name, now)
        held = self.vault.get(context.principal, entered.session_id, name, login.credential_version)
        if held is None:
            raise BrokerLoginRequired(
                f"The stored {name} login is gone. Next: "
                f"get_broker_login_instructions(broker='{name}')."
            )
        access = Access(principal=context.principal, account_id=held[0], secrets=held[1])
        return Admission(broker=broker, login=login, access=access)

    def _login(
        self,
        context: Context,
        session_id: UUID,
        session: TradingSession,
        name: BrokerName,
        now: datetime,
    ) -> BrokerLogin:
        try:
            return sessions.require_login(session, name, now)
        except BrokerLoginRequired:
            if login := session.logins.get(name):
                self.login_is_over(context, session_id, name, login, "clock")
            raise

    def login_is_over(
        self,
        context: Context,
        session_id: UUID,
        name: BrokerName,
        login: BrokerLogin,
        discovered: Literal["clock", "broker"],
    ) -> None:
        """Record that this login has ended, and delete our copy of its secret."""
        version = login.credential_version
        written = self.writer.decide(
            context,
            [session_id],
            lambda s: [sessions.expire_login(state_of(s[0]), name, discovered, version)],
        )
        if name not in state_of(written.streams[0]).logins:  # a newer login keeps its secret
            self.vault.forget(context.principal, session_id, name)
