"""Tools for logging in to brokers and out of them."""

from typing import Annotated

from mcp.types import CallToolResult
from pydantic import Field

from application.ports.broker import Broker, Secrets
from application.sessions.broker_access import supported
from application.sessions.enter_session import Entered
from domain.errors import InvalidArgument, NoActiveBroker
from domain.session import TradingSession
from domain.vocabulary import BROKERS, BrokerName
from mcp_interface.app import App, BrokerArgument, Mcp, is_ready, mode_of, result
from mcp_interface.caller import Caller
from mcp_interface.server import CHANGES_BROKER, READS, TradingServer
from mcp_interface.tools.results import Result, when
from mcp_interface.tools.schemas import UNLISTED

Secret = Annotated[str | None, Field(max_length=4096)]
Unlisted = Annotated[Secret, Field(json_schema_extra=UNLISTED)]
"""Of a broker that the server before this one had, and this one does not."""


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
    connect_url: str | None
    login_url: str | None
    session_id: str


def register(server: TradingServer, app: App) -> None:
    backend = app.backend
    credentials_in_chat = backend.settings.credentials_in_chat == "on"

    @server.tool(title="How to log in", annotations=READS)
    async def get_broker_login_instructions(
        ctx: Mcp,
        broker: BrokerArgument,
        api_key: Annotated[
            str | None, Field(max_length=200, description="Kite: puts it into the login link.")
        ] = None,
    ) -> Annotated[CallToolResult, Instructions]:
        """How the user logs in to a broker, step by step, with the link to open."""
        link = await app.login_link(ctx, broker)

        def job(caller: Caller, entered: Entered) -> CallToolResult:
            adapter = supported(backend.brokers, broker)
            told = adapter.login_instructions(api_key)
            steps = _steps(adapter, told.steps, link, credentials_in_chat)
            model = Instructions(
                broker=adapter.name,
                needs_login=told.needs_login,
                authenticated=is_ready(app, entered.session, broker),
                steps=steps,
                connect_url=link,
                login_url=told.login_url,
                session_id=str(entered.session_id),
            )
            lines = [f"{n}. {step}" for n, step in enumerate(steps, start=1)]
            if link:
                lines.append(f"Link for the user (good once, for 10 minutes): {link}")
            if told.login_url and credentials_in_chat:
                lines.append(f"{adapter.display_name}'s own page: {told.login_url}")
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
        client_code: Unlisted = None,
        client_id: Secret = None,
        password: Secret = None,
        totp_secret: Secret = None,
        jwtToken: Unlisted = None,
        refreshToken: Unlisted = None,
        feedToken: Unlisted = None,
        confirmation_code: Annotated[
            str | None,
            Field(max_length=40, description="From the last page of the login link."),
        ] = None,
        relink: Annotated[
            bool,
            Field(description="True only if the user wants to change to another account."),
        ] = False,
    ) -> Annotated[CallToolResult, LoginState]:
        """Finish a login through the link: give the confirmation_code of its last page. Or log in
        with values from the broker's own page. Kite: api_key and request_token with api_secret, or
        api_key and access_token. Values are never shown or logged."""
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
        asks = any(b.name == broker and b.needs_login for b in backend.brokers.all())
        needs_some = asks and not confirmation_code
        if not credentials_in_chat and (credentials or needs_some):
            raise InvalidArgument(
                "This server takes no credentials through the chat. Next: "
                f"get_broker_login_instructions(broker='{broker}').",
                login_at=broker,
            )
        if credentials and confirmation_code:
            raise InvalidArgument(
                "A confirmation_code comes alone: the page has the credentials already. Next: "
                "leave the other values out."
            )

        def job(caller: Caller, entered: Entered) -> CallToolResult:
            context = caller.context
            if confirmation_code:
                session = backend.waiting_logins.confirm(
                    context, entered, broker, confirmation_code, relink=relink
                )
            else:
                session = backend.log_in(context, entered, broker, credentials, relink=relink)
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
            meant = "all" if broker == "all" else names[0]
            if backend.waiting_logins.abandon(caller.principal, entered.session_id, meant):
                line += " A login that waited for its code was thrown away."
            model = LoggedOut(logged_out=list(gone), session_id=str(entered.session_id))
            return result(app.first_line(entered), [line], model)

        return await app.at_broker(ctx, broker, job)

    for name in ("get_broker_login_instructions", "authenticate_broker", "logout_broker"):
        server.rule(name, "read", "session", "default")  # one's own logins; only orders need more


def _steps(
    broker: Broker, in_chat: tuple[str, ...], link: str | None, credentials_in_chat: bool
) -> list[str]:
    """Through the link; and through the chat, where that is allowed."""
    if not broker.needs_login:
        return list(in_chat)
    by_link = [
        f"The user opens the link, reads whose session it is for, and logs in at "
        f"{broker.display_name} there. No password or key goes through this chat.",
        "The last page shows a confirmation code, which the user tells you.",
        f"Call authenticate_broker(broker='{broker.name}', confirmation_code='the code').",
    ]
    if link is None:
        by_link = ["This process serves no login pages; trading-server serve and stdio do."]
    if not credentials_in_chat:
        return by_link
    first, *others = in_chat
    return [*by_link, f"Or, with values in this chat: {first}", *others]


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
