"""Logins that a broker has verified on a page, until the session's owner repeats their code.

What waits is encrypted under a key of its own, and no use of the session reaches it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from application.ports.broker import AcceptedLogin, Broker, Brokers, Secrets
from application.ports.clock import Clock
from application.ports.login_states import LoginState, LoginStates
from application.sessions.broker_access import supported
from application.sessions.enter_session import Entered
from application.sessions.log_in import LogIn
from application.writer import Context
from domain.errors import AccountDiffers, LoginLinkRefused, Refusal, SessionHasExpired
from domain.session import TradingSession, must_be_open

NEW_LINK: Final = "Next: ask for a new link in your own client."


@dataclass(frozen=True, kw_only=True)
class WaitingLogins:
    states: LoginStates
    log_in: LogIn
    brokers: Brokers
    clock: Clock

    def add(self, login: LoginState, broker: Broker, accepted: AcceptedLogin) -> None:
        """Keep a verified login until its code comes.

        Raises:
            LoginLinkRefused: it took too long; it was ended at the broker.
        """
        self.states.keep(login.login_id, _to_keep(accepted))
        self.states.give_tries(login.login_id)
        if not self.states.move(login.login_id, "busy", "waiting", self.clock.now()):
            self.log_in.discard(login.principal, broker, accepted)
            raise LoginLinkRefused(f"This login took too long. {NEW_LINK}")

    def code(self, login: LoginState) -> tuple[str, str]:
        """Who has logged in, in words, and the code to repeat.

        Raises:
            LoginLinkRefused: it was thrown away.
        """
        accepted, code = self._accepted(login.login_id), self.states.code(login.login_id)
        if accepted is None or code is None:
            raise LoginLinkRefused(f"This login is gone. {NEW_LINK}")
        named = accepted.account_name != accepted.account_id
        who = f"{accepted.account_id} ({accepted.account_name})" if named else accepted.account_id
        return who, code

    def confirm(
        self, context: Context, entered: Entered, name: str, code: str, *, relink: bool
    ) -> TradingSession:
        """The person of the session repeats the code: the login becomes theirs.

        Raises:
            LoginLinkRefused: no login of this very session has this code.
            AccountDiffers, SessionHasExpired: the login was thrown away.
        """
        broker, now = supported(self.brokers, name), self.clock.now()
        must_be_open(entered.session, now)
        waiting = self.states.waiting(context.principal, entered.session_id, broker.name, now)
        for login in waiting:
            if self.states.is_code(login.login_id, code):
                return self._take(context, entered, broker, login, relink)
        left = [self._miss(login) for login in waiting]
        if not left:
            raise LoginLinkRefused(
                f"No login to {broker.display_name} waits for a code in this session. Next: "
                f"get_broker_login_instructions(broker='{broker.name}').",
                login_at=broker.name,
            )
        tries = max(left)
        raise LoginLinkRefused(
            "That is not the code of the page. Next: "
            + (f"read it again; {tries} more tries." if tries else "log in again."),
            login_at=None if tries else broker.name,
        )

    def abandon(self, principal: UUID, session_id: UUID, broker: str) -> int:
        """Throw away what waits for a code, at one broker or at `all`; say how much that was."""
        waiting = [
            login
            for login in self.states.under_way(principal, session_id)
            if login.stage == "waiting" and broker in (login.broker, "all")
        ]
        return sum(self._throw_away_unless_taken(login) for login in waiting)

    def clean(self) -> int:
        """Throw away what has expired; say how much that was."""
        expired = self.states.expired(self.clock.now())
        for login in expired:
            if login.stage == "busy":  # a crash: it may be in the session, and is not ended there
                self.states.drop(login.login_id)
            else:
                self.throw_away(login)
        return len(expired)

    def throw_away(self, login: LoginState) -> None:
        """Nobody will use it: end it at the broker, too, if it got so far."""
        accepted = self._accepted(login.login_id)
        broker = self.brokers.get(login.broker)
        self.states.drop(login.login_id)
        if accepted is not None and broker is not None:
            self.log_in.discard(login.principal, broker, accepted)

    def _take(
        self, context: Context, entered: Entered, broker: Broker, login: LoginState, relink: bool
    ) -> TradingSession:
        accepted = self._accepted(login.login_id)
        if accepted is None or not self.states.move(
            login.login_id, "waiting", "busy", self.clock.now()
        ):
            raise LoginLinkRefused("This code was used before. Next: list_brokers().")
        if accepted.expires_at is not None and accepted.expires_at <= self.clock.now():
            self.throw_away(login)
            raise LoginLinkRefused(
                f"This login at {broker.display_name} has ended meanwhile, by the broker's clock. "
                f"Next: get_broker_login_instructions(broker='{broker.name}').",
                login_at=broker.name,
            )
        try:
            session = self.log_in.keep(
                context,
                entered.session_id,
                broker,
                accepted,
                relink=relink or login.relink,
            )
        except (AccountDiffers, SessionHasExpired):
            self.throw_away(login)
            raise
        except Refusal:
            self.states.move(login.login_id, "busy", "waiting", self.clock.now())
            raise
        self.states.empty(login.login_id)
        self.states.move(login.login_id, "busy", "finished", self.clock.now())
        return session

    def _miss(self, login: LoginState) -> int:
        left = self.states.miss(login.login_id)
        if not left:
            self._throw_away_unless_taken(login)
        return left

    def _throw_away_unless_taken(self, login: LoginState) -> bool:
        """Somebody with the right code may be taking it into the session at this very moment."""
        mine = self.states.move(login.login_id, "waiting", "busy", self.clock.now())
        if mine:
            self.throw_away(login)
        return mine

    def _accepted(self, login_id: str) -> AcceptedLogin | None:
        kept = self.states.kept(login_id)
        if kept is None or "account" not in kept:
            return None
        return msgspec.json.decode(kept["account"], type=_Account).with_secrets(kept["secrets"])


class _Account(msgspec.Struct, frozen=True):
    """A verified login while it waits, without its secrets."""

    account_id: str
    account_name: str
    expires_at: datetime | None

    def with_secrets(self, secrets: str) -> AcceptedLogin:
        return AcceptedLogin(
            account_id=self.account_id,
            account_name=self.account_name,
            secrets=Secrets(msgspec.json.decode(secrets, type=dict[str, str])),
            expires_at=self.expires_at,
        )


def _to_keep(accepted: AcceptedLogin) -> Secrets:
    account = _Account(accepted.account_id, accepted.account_name, accepted.expires_at)
    return Secrets(
        {
            "account": msgspec.json.encode(account).decode(),
            "secrets": msgspec.json.encode(dict(accepted.secrets)).decode(),
        }
    )
