"""Tools for logging in to brokers and out of them."""

from typing import Annotated

from mcp.types import CallToolResult
from pydantic import Field

from application.broker_access import supported
from application.enter_session import Entered
from application.ports.broker import Secrets
from domain.errors import InvalidArgument, NoActiveBroker
from domain.session import TradingSession
from domain.vocabulary import BROKERS, BrokerName
from mcp_interface.app import App, BrokerArgument, Mcp, is_ready, mode_of, result
from mcp_interface.caller import Caller
from mcp_interface.results import Result, when
from mcp_interface.server import CHANGES_BROKER, READS, TradingServer

Secret = Annotated[str | None, Field(max_length=4096, description="Never shown or logged.")]


class LoginState(Result):
    broker: str
    authenticated: bool
    active_broker: str | None
    mode: str | None
    login_ends_at: str | None
    session_id: str


class LoggedOut(Result):
    logged_out: list[str]
    session_id: str


class Instructions(Result):
    broker: str
    needs_login: bool
    authenticated: bool
    steps: list[str]
    login_url: str | None
    session_id: str


def register(server: TradingServer, app: App) -> None:
    backend = app.backend

    @server.tool(title="How to log in", annotations=READS)
    async def get_broker_login_instructions(
        ctx: Mcp,
        broker: BrokerArgument,
        api_key: Annotated[
            str | None, Field(max_length=200, description="Kite: puts it into the login link.")
        ] = None,
    ) -> Annotated[CallToolResult, Instructions]:
        """How the user logs in to a broker, step by step, with the link to open."""

        def job(caller: Caller, entered: Entered) -> CallToolResult:
            adapter = supported(backend.brokers, broker)
            told = adapter.login_instructions(api_key)
            model = Instructions(
                broker=adapter.name,
                needs_login=told.needs_login,
                authenticated=is_ready(app, entered.session, broker),
                steps=list(told.steps),
                login_url=told.login_url,
                session_id=str(entered.session_id),
            )
            lines = [f"{n}. {step}" for n, step in enumerate(told.steps, start=1)]
            if told.login_url:
                lines.append(f"Link for the user: {told.login_url}")
            return result(app.first_line(entered), lines, model)

        return await app.in_session(ctx, job)

    @server.tool(title="Log in to a broker", annotations=CHANGES_BROKER)
    async def authenticate_broker(
        ctx: Mcp,
        broker: BrokerArgument,
        access_token: Secret = None,
        request_token: Secret = None,
        api_key: Secret = None,
        api_secret: Secret = None,
        client_code: Secret = None,
        client_id: Secret = None,
        password: Secret = None,
        totp_secret: Secret = None,
        jwtToken: Secret = None,
        refreshToken: Secret = None,
        feedToken: Secret = None,
    ) -> Annotated[CallToolResult, LoginState]:
        """Log in with values from the broker's login page. Kite: api_key and request_token with
        api_secret, or api_key and access_token. Values are never shown again."""
        given = {
            "access_token": access_token,
            "request_token": request_token,
            "api_key": api_key,
            "api_secret": api_secret,
            "client_code": client_code,
            "client_id": client_id,
            "password": password,
            "totp_secret": totp_secret,
            "jwtToken": jwtToken,
            "refreshToken": refreshToken,
            "feedToken": feedToken,
        }
        credentials = Secrets({name: value for name, value in given.items() if value})
        if credentials and backend.settings.credentials_in_chat == "off":
            raise InvalidArgument(
                "This server takes no credentials through the chat. Next: "
                f"get_broker_login_instructions(broker='{broker}')."
            )

        def job(caller: Caller, entered: Entered) -> CallToolResult:
            session = backend.log_in(caller.context, entered, broker, credentials)
            return _login_state(app, entered, session, broker)

        return await app.at_broker(ctx, broker, job)

    @server.tool(title="Log out", annotations=CHANGES_BROKER)
    async def logout_broker(
        ctx: Mcp,
        broker: Annotated[
            str | None,
            Field(max_length=20, description="A broker or 'all'; without it the active broker."),
        ] = None,
    ) -> Annotated[CallToolResult, LoggedOut]:
        """End a broker login and destroy our copy of its token."""

        def job(caller: Caller, entered: Entered) -> CallToolResult:
            names = _leaving(app, entered.session, broker)
            gone = backend.log_out(caller.context, entered, names)
            line = f"Logged out of {', '.join(gone)}." if gone else "You were not logged in there."
            model = LoggedOut(logged_out=list(gone), session_id=str(entered.session_id))
            return result(app.first_line(entered), [line], model)

        return await app.at_broker(ctx, broker, job)

    for name in ("get_broker_login_instructions", "authenticate_broker", "logout_broker"):
        server.rule(name, "read")  # one's own logins; only orders need more


def _login_state(
    app: App, entered: Entered, session: TradingSession, broker: str
) -> CallToolResult:
    login = session.logins.get(broker)
    ends = when(login.expires_at) if login else None
    model = LoginState(
        broker=broker,
        authenticated=is_ready(app, session, broker),
        active_broker=session.active_broker,
        mode=login.mode if login else mode_of(session),
        login_ends_at=ends,
        session_id=str(entered.session_id),
    )
    until = f" until {ends}" if ends else ""
    lines = [f"{broker} needs no login."]
    if login:
        lines = [f"Logged in to {broker}{until}. Orders there are {login.mode}."]
    if session.active_broker != broker:
        lines.append(f"Next: set_active_broker(broker='{broker}') to use it by default.")
    return result(app.first_line(entered, session), lines, model)


def _leaving(app: App, session: TradingSession, broker: str | None) -> tuple[BrokerName, ...]:
    if broker == "all":
        return tuple(name for name in BROKERS if name in session.logins)
    if broker is None:
        if session.active_broker is None:
            raise NoActiveBroker("No broker is active. Next: name one, or 'all'.")
        return (session.active_broker,)
    return (supported(app.backend.brokers, broker).name,)
