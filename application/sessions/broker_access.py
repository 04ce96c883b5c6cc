"""Choosing, logging in and out of brokers, and the access that every broker call needs."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeVar
from uuid import UUID

from application.ports.broker import (
    Access,
    Broker,
    Brokers,
    LoginExpired,
    Secrets,
)
from application.ports.clock import Clock
from application.ports.egress import Egresses
from application.ports.vault import Vault
from application.sessions.enter_session import Entered
from application.sessions.forget_logins import forget_logins
from application.writer import Context, Loaded, Writer
from domain import session as sessions
from domain.capabilities import MARKET_DATA, Function, must_offer
from domain.errors import (
    BrokerLoginRequired,
    BrokerNotSupported,
    EgressUnavailable,
)
from domain.logins import logins_in_use
from domain.session import BrokerLogin, BrokerUse, TradingSession
from domain.vocabulary import BROKERS, BrokerName, Mode

T = TypeVar("T")


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

    def __call__(
        self, context: Context, entered: Entered, name: str, use: BrokerUse = "trading"
    ) -> TradingSession:
        """Choose this broker for `use`; answer with the session as it is then.

        Raises:
            BrokerNotSupported, SessionHasExpired: nothing was stored.
        """
        broker = supported(self.brokers, name).name
        written = self.writer.decide(
            context,
            [entered.session_id],
            lambda s: [sessions.select_broker(state_of(s[0]), broker, self.clock.now(), use)],
            loaded=[entered.loaded],
        )
        return state_of(written.streams[0])


@dataclass(frozen=True, kw_only=True)
class LogOut:
    writer: Writer
    brokers: Brokers
    vault: Vault
    clock: Clock
    egresses: Egresses

    def __call__(
        self, context: Context, entered: Entered, names: tuple[BrokerName, ...]
    ) -> tuple[BrokerName, ...]:
        """End these logins; answer with those that were there.

        Our copy of the secret dies with the fact; the broker is then told, as far as it listens.
        A login with unsettled orders is kept, for looking them up only, until they are settled or
        the broker ends it; it is not ended at the broker, either.
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
        written = self.writer.decide(
            context,
            [entered.session_id],
            lambda s: [sessions.log_out(state_of(s[0]), leaving)],
            loaded=[entered.loaded],
        )
        settling = logins_in_use(written.streams[0].events).settling
        try:
            principal, session_id = context.principal, entered.session_id
            forget_logins(self.writer, self.vault, self.clock.now(), principal, session_id)
        finally:  # also when the keys are away: the broker can still end its side
            for name in leaving:
                if (name, before.logins[name].credential_version) not in settling:
                    self._tell(context.principal, name, held[name])
        return leaving

    def _tell(self, principal: UUID, name: BrokerName, secret: tuple[str, Secrets] | None) -> None:
        broker = self.brokers.get(name)
        if broker is not None and secret is not None:
            with suppress(EgressUnavailable):  # it is never told by another way
                broker.log_out(
                    Access(
                        principal=principal,
                        account_id=secret[0],
                        secrets=secret[1],
                        egress=self.egresses.of(principal, name),
                    )
                )


def login_has_ended(broker: Broker) -> BrokerLoginRequired:
    """What a person hears when the broker does not take their login any more."""
    return BrokerLoginRequired(
        f"{broker.display_name} says that your login has ended. Next: "
        f"get_broker_login_instructions(broker='{broker.name}').",
        login_at=broker.name,
    )


@dataclass(frozen=True, kw_only=True)
class Admission:
    """What a call to a broker goes out with. `account` is the account's fingerprint."""

    broker: Broker
    login: BrokerLogin | None
    access: Access
    account: str

    @property
    def mode(self) -> Mode:
        return self.login.mode if self.login else self.broker.mode(self.access.egress)


@dataclass(frozen=True, kw_only=True)
class Admit:
    """From a session to an access, refusing with what the person has to do."""

    writer: Writer
    brokers: Brokers
    vault: Vault
    clock: Clock
    egresses: Egresses

    def __call__(
        self,
        context: Context,
        entered: Entered,
        named: str | None,
        function: Function | None = None,
    ) -> Admission:
        """The broker that the call names, or the one chosen for such calls, and the access to it.
        What `function` it is for is looked at first: nobody has to log in to hear that there is no
        such thing.

        Raises:
            NoActiveBroker, BrokerNotSupported, NotSupportedByBroker, BrokerLoginRequired,
            SessionHasExpired.
        """
        session = entered.session
        now = self.clock.now()
        sessions.must_be_open(session, now)
        broker = self.broker_of(entered, named, for_data=function in MARKET_DATA)
        name = broker.name
        if function is not None:
            must_offer(name, function)
        if not broker.needs_login:
            access = Access(principal=context.principal, account_id=name.upper())
            account = self.vault.account_fingerprint(name, str(context.principal))
            return Admission(broker=broker, login=None, access=access, account=account)
        login = self._login(context, entered.session_id, session, name, now)
        held = self.vault.get(context.principal, entered.session_id, name, login.credential_version)
        if held is None:
            raise BrokerLoginRequired(
                f"The stored {name} login is gone. Next: "
                f"get_broker_login_instructions(broker='{name}').",
                login_at=name,
            )
        access = Access(
            principal=context.principal,
            account_id=held[0],
            secrets=held[1],
            egress=self.egresses.of(context.principal, name),
        )
        return Admission(
            broker=broker, login=login, access=access, account=login.account_fingerprint
        )

    def broker_of(self, entered: Entered, named: str | None, *, for_data: bool = False) -> Broker:
        """The broker that a call is for. Raises: NoActiveBroker, BrokerNotSupported."""
        if named is not None:
            return supported(self.brokers, named)
        name = sessions.chosen_broker(entered.session, None, for_data=for_data)
        return supported(self.brokers, name)

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

    def while_logged_in(
        self, context: Context, session_id: UUID, admission: Admission, ask: Callable[[], T]
    ) -> T:
        """Put a question to the broker. Where it says that the login is over, that is recorded.

        Raises:
            BrokerLoginRequired: it does say so.
        """
        broker, login = admission.broker, admission.login
        try:
            return ask()
        except LoginExpired:
            if login is not None:
                self.login_is_over(context, session_id, broker.name, login, "broker")
            raise login_has_ended(broker) from None

    def login_is_over(
        self,
        context: Context,
        session_id: UUID,
        name: BrokerName,
        login: BrokerLogin,
        discovered: Literal["clock", "broker"],
    ) -> None:
        """Record that this login has ended, and forget our copy of its secret."""
        version = login.credential_version
        self.writer.decide(
            context,
            [session_id],
            lambda s: [sessions.expire_login(state_of(s[0]), name, discovered, version)],
        )
        forget_logins(self.writer, self.vault, self.clock.now(), context.principal, session_id)
