"""Log in at a broker through a browser: a link, a page, the broker's own page, and a code back.

Whoever holds a link may log in at the broker, but what they logged in to waits until the person of
the session repeats the code that the last page showed, in their own client. So the account comes
into the session only if both are the same person: the one at the broker saw the code, and the one
in the session said it. See docs/decisions.md for what that does not stop.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from application.ports.broker import Broker, Brokers, Secrets
from application.ports.browser_login import BrowserLogin, LoginMethod
from application.ports.clock import Clock, Ids
from application.ports.login_states import LoginState, LoginStates, Stage
from application.sessions.broker_access import state_of, supported
from application.sessions.log_in import LogIn
from application.sessions.waiting_logins import NEW_LINK, WaitingLogins
from application.writer import Context, Writer
from domain.errors import (
    AccountDiffers,
    BrokerLoginFailed,
    InvalidArgument,
    LoginLinkRefused,
    SessionHasExpired,
)
from domain.session import TradingSession, must_be_open
from domain.vocabulary import BrokerName, Mode

BROWSER: Final = "browser"
"""What the client is called in the envelope of what happens on a page."""

FORM_STAGES: Final[tuple[Stage, ...]] = ("claimed", "away")
"""Who was sent away and came back by the back button begins again."""


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What a page has to say about a login."""

    login: LoginState
    display_name: str
    label: str
    mode: Mode
    methods: tuple[LoginMethod, ...]
    app_is_remembered: bool


@dataclass(frozen=True, kw_only=True)
class Filled:
    """A form as it came in."""

    method: str
    values: Secrets
    remember_app: bool = False
    forget_app: bool = False
    relink: bool = False


@dataclass(frozen=True, kw_only=True)
class Connecting:
    """`apps` are the server's own apps at brokers, for everybody."""

    states: LoginStates
    waiting: WaitingLogins
    log_in: LogIn
    brokers: Brokers
    writer: Writer
    clock: Clock
    ids: Ids
    apps: Mapping[BrokerName, Secrets]

    def link(self, context: Context, session_id: UUID, name: str) -> str | None:
        """Begin a login for this session; answer with the secret of its link. `None`: there is
        nothing to log in to.

        Raises:
            BrokerNotSupported: no such broker.
        """
        broker = supported(self.brokers, name)
        if broker.browser is None:
            return None
        return self.states.open(context.principal, session_id, broker.name, self.clock.now())

    def visit(self, login: LoginState) -> Visit:
        """Raises: SessionHasExpired: the session ended meanwhile."""
        broker = supported(self.brokers, login.broker)
        app = self._app(login)
        return Visit(
            login=login,
            display_name=broker.display_name,
            label=self._session(login).label,
            mode=broker.mode(self.log_in.egresses.of(login.principal, broker.name)),
            methods=tuple(_without(method, app) for method in _browser(broker).methods()),
            app_is_remembered=login.broker not in self.apps and bool(app),
        )

    def submit(self, login: LoginState, filled: Filled) -> str | None:
        """Take a form. Answer with the broker's address to go to, or `None` when the login is
        verified and waits for its code.

        Raises:
            LoginLinkRefused, SessionHasExpired: this login is over.
            InvalidArgument, BrokerLoginFailed, BrokerUnavailable, AccountDiffers: it may be tried
                again.
        """
        broker = supported(self.brokers, login.broker)
        self._session(login)
        if filled.forget_app:
            self.states.forget_app(login.principal, login.broker)
            return None
        method = _chosen(broker, filled.method)
        values = {**self._known(login, method), **filled.values}
        relink = login.relink or (login.differs and filled.relink)
        began = any(self._moves(login, stage, "busy", relink=relink) for stage in FORM_STAGES)
        if not began:
            raise LoginLinkRefused(f"This login is under way in another tab. {NEW_LINK}")
        with self._trying(login):
            if method.leads_to is None:
                self._verify(login, broker, Secrets(values), relink=relink)
                self._remember(login, method, filled, values)
                return None
            egress = self.log_in.egresses.of(login.principal, broker.name)
            departure = self.log_in.asked(
                self._context(login),
                login.session_id,
                broker,
                lambda: _browser(broker).depart(Secrets(values), login.login_id, egress),
            )
            self._remember(login, method, filled, values)
            self.states.keep(login.login_id, departure.kept)
            if not self._moves(login, "busy", "away"):
                raise LoginLinkRefused(f"This login took too long. {NEW_LINK}")
            return departure.url

    def come_back(self, login: LoginState, answer: Mapping[str, str]) -> None:
        """The browser is back from the broker with `answer`. Works once.

        Raises: as `submit`.
        """
        broker = supported(self.brokers, login.broker)
        if not self._moves(login, "away", "busy"):
            raise LoginLinkRefused(f"This answer of the broker was used before. {NEW_LINK}")
        with self._trying(login):
            self._session(login)
            kept = self.states.kept(login.login_id)
            if kept is None:
                raise LoginLinkRefused(f"This login is gone. {NEW_LINK}")
            brought = self.log_in.asked(
                self._context(login),
                login.session_id,
                broker,
                lambda: _browser(broker).returned(answer),
            )
            self._verify(login, broker, Secrets({**kept, **brought}), relink=login.relink)

    def _verify(
        self, login: LoginState, broker: Broker, credentials: Secrets, *, relink: bool
    ) -> None:
        """Let the broker say who it is, and wait for the code."""
        context = self._context(login)
        accepted = self.log_in.verify(context, login.session_id, broker, credentials)
        self.log_in.check_account(login.principal, broker, accepted, relink=relink)
        self.waiting.add(login, broker, accepted)

    def _session(self, login: LoginState) -> TradingSession:
        """Raises: SessionHasExpired."""
        session = state_of(self.writer.load(login.session_id))
        must_be_open(session, self.clock.now())
        return session

    def _app(self, login: LoginState) -> Secrets:
        """The app that the server or the person's earlier form has given."""
        app = self.apps.get(login.broker)
        return app or self.states.remembered_app(login.principal, login.broker) or Secrets({})

    def _known(self, login: LoginState, method: LoginMethod) -> dict[str, str]:
        stays, app = _stays(method), self._app(login)
        return {name: app[name] for name in app if name in stays}

    def _remember(
        self, login: LoginState, method: LoginMethod, filled: Filled, values: Mapping[str, str]
    ) -> None:
        if filled.remember_app and login.broker not in self.apps:
            app = {name: values[name] for name in _stays(method) if name in values}
            self.states.remember_app(login.principal, login.broker, Secrets(app))

    def _context(self, login: LoginState) -> Context:
        return Context(
            principal=login.principal,
            actor="user",
            correlation_id=self.ids.new(),
            client_name=BROWSER,
        )

    def _moves(
        self,
        login: LoginState,
        before: Stage,
        after: Stage,
        *,
        differs: bool | None = None,
        relink: bool | None = None,
    ) -> bool:
        return self.states.move(
            login.login_id, before, after, self.clock.now(), differs=differs, relink=relink
        )

    @contextmanager
    def _trying(self, login: LoginState) -> Iterator[None]:
        """Whatever goes wrong in the block can be tried again by the same browser, a few times;
        but not what is over."""
        try:
            yield
        except (LoginLinkRefused, SessionHasExpired):
            self.waiting.throw_away(login)
            raise
        except (InvalidArgument, BrokerLoginFailed, AccountDiffers) as refusal:
            if self.states.miss(login.login_id):
                differs = True if isinstance(refusal, AccountDiffers) else None
                self._moves(login, "busy", "claimed", differs=differs)
                raise
            self.waiting.throw_away(login)
            raise LoginLinkRefused(f"That was refused too often. {NEW_LINK}") from None
        except BaseException:  # nothing is decided: as it was before the form
            self._moves(login, "busy", "claimed")
            raise


def _browser(broker: Broker) -> BrowserLogin:
    assert broker.browser is not None, "a login was opened for it"
    return broker.browser


def _stays(method: LoginMethod) -> set[str]:
    return {field.name for field in method.fields if field.stays}


def _without(method: LoginMethod, app: Secrets) -> LoginMethod:
    """The form without what is known already."""
    asked = tuple(f for f in method.fields if not (f.stays and f.name in app))
    return replace(method, fields=asked)


def _chosen(broker: Broker, name: str) -> LoginMethod:
    for method in _browser(broker).methods():
        if method.name == name:
            return method
    raise InvalidArgument(f"{broker.display_name} has no such way to log in.")
