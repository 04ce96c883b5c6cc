"""Log in at a broker: let it say whose credentials these are, and take the login into a session."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from msgspec.structs import replace

from application.ports.broker import (
    NOT_ASKED,
    AcceptedLogin,
    Access,
    Broker,
    BrokerDown,
    Brokers,
    LoginRefused,
    Secrets,
    reason,
)
from application.ports.clock import Clock
from application.ports.egress import Egresses
from application.ports.vault import Vault
from application.sessions.broker_access import state_of, supported
from application.sessions.enter_session import Entered
from application.sessions.forget_logins import forget_logins
from application.writer import Context, Loaded, Writer
from domain import session as sessions
from domain.errors import (
    AccountDiffers,
    BrokerLoginFailed,
    BrokerUnavailable,
    EgressUnavailable,
    InvalidArgument,
    SessionHasExpired,
)
from domain.events import BrokerAuthenticated, BrokerAuthenticationFailed, Event
from domain.session import TradingSession
from domain.vocabulary import BrokerName

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class LogIn:
    writer: Writer
    brokers: Brokers
    vault: Vault
    clock: Clock
    egresses: Egresses
    logged_in: Callable[[], None] = lambda: None
    """Told after each login, to have orders of earlier ones looked up."""

    def __call__(
        self,
        context: Context,
        entered: Entered,
        name: str,
        credentials: Secrets,
        *,
        relink: bool = False,
    ) -> TradingSession:
        """Verify a login at the broker and keep it; answer with the session as it is then.

        Raises:
            InvalidArgument: a credential is missing or malformed; the broker was not asked.
            BrokerLoginFailed: the broker refused; the attempt is on record, without its values.
            BrokerUnavailable: the broker gave no usable answer; nothing was stored.
            AccountDiffers: see `check_account`.
        """
        broker = supported(self.brokers, name)
        sessions.must_be_open(entered.session, self.clock.now())
        if not broker.needs_login:
            return self._select(context, entered, broker.name)
        accepted = self.verify(context, entered.session_id, broker, credentials)
        return self.keep(context, entered.session_id, broker, accepted, relink=relink)

    def verify(
        self, context: Context, session_id: UUID, broker: Broker, credentials: Secrets
    ) -> AcceptedLogin:
        """Let the broker say whose credentials these are.

        Raises:
            InvalidArgument, BrokerLoginFailed, BrokerUnavailable: as above.
        """
        way = self.egresses.of(context.principal, broker.name)
        return self.asked(
            context,
            session_id,
            broker,
            lambda: broker.log_in(credentials, self.clock.now(), way),
        )

    def asked(self, context: Context, session_id: UUID, broker: Broker, ask: Callable[[], T]) -> T:
        """Any step of a login at the broker.

        Raises:
            InvalidArgument, BrokerLoginFailed, BrokerUnavailable: as above.
        """
        try:
            return ask()
        except LoginRefused as refused:
            text = f"{broker.display_name}: {refused.advice}"
            if refused.code in NOT_ASKED:
                raise InvalidArgument(text, login_at=broker.name) from None
            failed = BrokerAuthenticationFailed(broker=broker.name, code=refused.code)
            self.writer.decide(context, [session_id], lambda _: [[failed]])
            raise BrokerLoginFailed(text, login_at=broker.name) from None
        except BrokerDown as down:
            raise BrokerUnavailable(
                f"{broker.display_name} gave no usable answer{reason(down)}; you are not logged "
                "in. Next: try again in a moment."
            ) from None

    def check_account(
        self, principal: UUID, broker: Broker, accepted: AcceptedLogin, *, relink: bool
    ) -> bool:
        """Say whether this links another account than the last one.

        Raises:
            AccountDiffers: it does and `relink` is not said. The new login is ended at the broker.
        """
        fingerprint = self.vault.account_fingerprint(broker.name, accepted.account_id)
        pinned = self._pinned(principal, broker.name)
        try:
            return sessions.must_be_the_same_account(
                broker.name, fingerprint, pinned, relink=relink
            )
        except AccountDiffers:
            self.discard(principal, broker, accepted)
            raise

    def discard(self, principal: UUID, broker: Broker, accepted: AcceptedLogin) -> None:
        """End a login that nobody will use, as far as the broker listens."""
        with suppress(EgressUnavailable):  # it is never told by another way
            broker.log_out(
                Access(
                    principal=principal,
                    account_id=accepted.account_id,
                    secrets=accepted.secrets,
                    egress=self.egresses.of(principal, broker.name),
                )
            )

    def keep(
        self,
        context: Context,
        session_id: UUID,
        broker: Broker,
        accepted: AcceptedLogin,
        *,
        relink: bool,
    ) -> TradingSession:
        """Take a verified login into the session.

        The secret reaches the vault before the fact reaches the log, so a login that the log
        knows can always be used.

        Raises:
            AccountDiffers: see `check_account`.
            SessionHasExpired: nothing is kept.
        """
        principal = context.principal
        self.check_account(principal, broker, accepted, relink=relink)
        version = self.vault.put(
            principal,
            session_id,
            broker.name,
            accepted.account_id,
            accepted.secrets,
            accepted.expires_at,
        )
        fact = BrokerAuthenticated(
            broker=broker.name,
            mode=broker.mode(self.egresses.of(principal, broker.name)),
            account_fingerprint=self.vault.account_fingerprint(broker.name, accepted.account_id),
            account_sealed=self.vault.seal(
                principal, f"{accepted.account_id}\n{accepted.account_name}"
            ),
            credential_version=version,
            expires_at=accepted.expires_at,
        )

        def decision(session_now: Loaded) -> list[Event]:
            pinned = self._pinned(principal, broker.name, session_now)
            relinked = sessions.must_be_the_same_account(
                broker.name, fact.account_fingerprint, pinned, relink=relink
            )
            login = replace(fact, relinked=relinked)
            return list(sessions.accept_login(state_of(session_now), login, self.clock.now()))

        try:
            written = self.writer.decide(context, [session_id], lambda s: [decision(s[0])])
        except SessionHasExpired:  # its secrets were forgotten before this one came
            self.vault.forget(principal, session_id, broker.name, version)
            raise
        except AccountDiffers:  # another account came in between
            self.vault.forget(principal, session_id, broker.name, version)
            self.discard(principal, broker, accepted)
            raise
        # The login that this one replaces, unless orders of its still have to be settled.
        forget_logins(self.writer, self.vault, self.clock.now(), principal, session_id)
        self.logged_in()
        return state_of(written.streams[0])

    def _pinned(
        self, principal: UUID, broker: BrokerName, fresh: Loaded | None = None
    ) -> str | None:
        """The account of this person's newest login at this broker, over all sessions; `fresh`
        is one of them as it is now."""
        newest: tuple[datetime, str] | None = None
        for opened in self.writer.store.sessions_of(principal):
            is_fresh = fresh is not None and fresh.stream_id == opened.session_id
            stream = fresh if fresh and is_fresh else self.writer.load(opened.session_id)
            for recorded in stream.recorded:
                fact, at = recorded.event, recorded.envelope.recorded_at
                if not isinstance(fact, BrokerAuthenticated) or fact.broker != broker:
                    continue
                if newest is None or at >= newest[0]:
                    newest = (at, fact.account_fingerprint)
        return newest[1] if newest else None

    def _select(self, context: Context, entered: Entered, broker: BrokerName) -> TradingSession:
        """A broker without logins: choosing it is all there is to do."""

        def decision(loaded: Loaded) -> list[Event]:
            session = state_of(loaded)
            if session.active_broker is not None:
                return []
            return list(sessions.select_broker(session, broker, self.clock.now()))

        written = self.writer.decide(context, [entered.session_id], lambda s: [decision(s[0])])
        return state_of(written.streams[0])
