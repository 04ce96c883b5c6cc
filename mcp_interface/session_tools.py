"""Tools about the session itself and its brokers: who am I, where can I trade, log in and out."""

from typing import Annotated, Any

from mcp.server.mcpserver import Context as McpContext
from mcp.types import CallToolResult
from pydantic import Field

from application.broker_access import supported
from application.enter_session import Entered
from application.ports.broker import Secrets
from domain.errors import InvalidArgument, NoActiveBroker
from domain.session import TradingSession
from domain.vocabulary import BROKERS, BrokerName
from mcp_interface.app import App, mode_of
from mcp_interface.caller import Caller
from mcp_interface.results import Result, indicator, result, when
from mcp_interface.server import CHANGES, CHANGES_BROKER, READS, TradingServer

Mcp = McpContext[Any, Any]
"""Any: the SDK's context is generic over a lifespan and a request that we do not use."""

BrokerArgument = Annotated[
    str,
    Field(
        max_length=20,
        description="One of paper, kite, groww, dhan.",
        json_schema_extra={"examples": ["paper", "kite"]},
    ),
]


Secret = Annotated[str | None, Field(max_length=4096, description="Never shown or logged.")]


class BrokerStatus(Result):
    name: str
    display_name: str
    authenticated: bool
    active: bool
    needs_login: bool
    available: bool
    login_ends_at: str | None


class BrokerSummary(Result):
    total: int
    authenticated: int
    available: int


class BrokerList(Result):
    brokers: list[BrokerStatus]
    active_broker: str
    session_id: str
    summary: BrokerSummary


class ActiveBroker(Result):
    active_broker: str | None
    authenticated: bool
    session_id: str


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


class SessionInfoResult(Result):
    """The seed's six fields first. `totalSessions` counts all active sessions of this server."""

    session_id: str
    created_at: str
    last_activity: str
    active_broker: str | None
    authenticated_brokers: list[str]
    total_sessions: int
    label: str
    ends_at: str
    open_orders: int
    as_of_position: int
    stale: bool


def register(server: TradingServer, app: App) -> None:
    backend = app.backend

    @server.tool(title="Session information", annotations=READS)
    async def get_session_info(ctx: Mcp) -> Annotated[CallToolResult, SessionInfoResult]:
        """Your session: id, since when, the active broker, where you are logged in."""
        caller = app.caller_of(ctx)
        return await app.work.run(lambda: _session_info(app, caller))

    @server.tool(title="Brokers", annotations=READS)
    async def list_brokers(ctx: Mcp) -> Annotated[CallToolResult, BrokerList]:
        """The brokers of this server, where you are logged in, and which one is active."""
        return await app.in_session(ctx, lambda caller, entered: _broker_list(app, entered))

    @server.tool(title="Choose the active broker", annotations=CHANGES)
    async def set_active_broker(
        ctx: Mcp, broker: BrokerArgument
    ) -> Annotated[CallToolResult, ActiveBroker]:
        """Make a broker the one that later calls mean when they name none."""

        def job(caller: Caller, entered: Entered) -> CallToolResult:
            session = backend.select_broker(caller.context, entered, broker)
            needs_login = not _is_ready(app, session, broker)
            lines = [f"{broker} is now your active broker."]
            if needs_login:
                lines.append(
                    f"You are not logged in there yet. Next: "
                    f"get_broker_login_instructions(broker='{broker}')."
                )
            model = ActiveBroker(
                active_broker=session.active_broker,
                authenticated=not needs_login,
                session_id=str(entered.session_id),
            )
            return result(app.first_line(entered, session), lines, model)

        return await app.in_session(ctx, job)

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
                authenticated=_is_ready(app, entered.session, broker),
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

    for name in (
        "get_session_info",
        "list_brokers",
        "get_broker_login_instructions",
        "set_active_broker",
        "authenticate_broker",
        "logout_broker",
    ):
        server.rule(name, "read")  # one's own session; only orders need more


def _session_info(app: App, caller: Caller) -> CallToolResult:
    """From the view if the session there is alive; otherwise by entering, which opens the next."""
    backend = app.backend
    now = backend.clock.now()
    answer = backend.queries.my_session(caller.principal, caller.label)
    info = answer.value
    alive = (
        info is not None
        and info.ended_at is None
        and now < info.ends_at
        and now - info.last_event_at < backend.life.ttl
    )
    if alive and info is not None:
        backend.activity.touch(info.session_id, now)
    else:
        entered = backend.enter(caller.context, caller.label)
        answer = backend.queries.my_session(caller.principal, caller.label)
        info = answer.value
        if info is None or info.session_id != entered.session_id:
            return _from_the_log(app, caller, entered)
    active = info.active_broker
    mode = "PAPER" if active == "paper" else None
    if active in info.logins:
        mode = info.logins[active][0]
    elif active and mode is None:
        mode = "NOT LOGGED IN"
    return _told(
        indicator(mode, info.session_id, active, now),
        SessionInfoResult(
            session_id=str(info.session_id),
            created_at=when(info.created_at) or "",
            last_activity=when(max(now, info.created_at)) or "",
            active_broker=active,
            authenticated_brokers=sorted(info.logins),
            total_sessions=backend.store.active_sessions(),
            label=info.label,
            ends_at=when(info.ends_at) or "",
            open_orders=info.orders_open,
            as_of_position=answer.as_of_position,
            stale=answer.stale,
        ),
    )


def _from_the_log(app: App, caller: Caller, entered: Entered) -> CallToolResult:
    """The views could not be brought up in time: fold the session itself."""
    session, backend = entered.session, app.backend
    return _told(
        app.first_line(entered),
        SessionInfoResult(
            session_id=str(entered.session_id),
            created_at=when(entered.created_at) or "",
            last_activity=when(backend.clock.now()) or "",
            active_broker=session.active_broker,
            authenticated_brokers=sorted(session.logins),
            total_sessions=backend.store.active_sessions(),
            label=caller.label,
            ends_at=when(session.ends_at) or "",
            open_orders=len(session.orders),
            as_of_position=backend.store.head(),
            stale=False,
        ),
    )


def _told(first_line: str, model: SessionInfoResult) -> CallToolResult:
    logged_in = ", ".join(model.authenticated_brokers) or "nowhere"
    lines = [
        f"Session '{model.label}' since {model.created_at}, ends {model.ends_at} at the latest.",
        f"Active broker: {model.active_broker or 'none'}. Logged in: {logged_in}. "
        f"Open orders: {model.open_orders}.",
    ]
    return result(first_line, lines, model)


def _is_ready(app: App, session: TradingSession, broker: str) -> bool:
    adapter = app.backend.brokers.get(broker)  # type: ignore[arg-type]  # any name may be asked for
    return adapter is not None and (not adapter.needs_login or broker in session.logins)


def _broker_list(app: App, entered: Entered) -> CallToolResult:
    session = entered.session
    rows: list[BrokerStatus] = []
    for name in BROKERS:
        adapter = app.backend.brokers.get(name)
        login = session.logins.get(name)
        rows.append(
            BrokerStatus(
                name=name,
                display_name=adapter.display_name if adapter else name.capitalize(),
                authenticated=_is_ready(app, session, name),
                active=session.active_broker == name,
                needs_login=adapter.needs_login if adapter else True,
                available=adapter is not None,
                login_ends_at=when(login.expires_at) if login else None,
            )
        )
    model = BrokerList(
        brokers=rows,
        active_broker=session.active_broker or "None",
        session_id=str(entered.session_id),
        summary=BrokerSummary(
            total=len(rows),
            authenticated=sum(r.authenticated for r in rows),
            available=sum(r.available for r in rows),
        ),
    )
    lines = [f"{row.display_name}: {_status_in_words(row)}" for row in rows]
    return result(app.first_line(entered), lines, model)


def _status_in_words(row: BrokerStatus) -> str:
    if not row.available:
        return "no adapter in this version"
    words = "ready" if row.authenticated else "not logged in"
    return f"{words}, active" if row.active else words


def _login_state(
    app: App, entered: Entered, session: TradingSession, broker: str
) -> CallToolResult:
    login = session.logins.get(broker)
    ends = when(login.expires_at) if login else None
    model = LoginState(
        broker=broker,
        authenticated=_is_ready(app, session, broker),
        active_broker=session.active_broker,
        mode=login.mode if login else mode_of(session),
        login_ends_at=ends,
        session_id=str(entered.session_id),
    )
    until = f" until {ends}" if ends else ""
    line = f"Logged in to {broker}{until}." if login else f"{broker} needs no login."
    return result(app.first_line(entered, session), [line], model)


def _leaving(app: App, session: TradingSession, broker: str | None) -> tuple[BrokerName, ...]:
    if broker == "all":
        return tuple(name for name in BROKERS if name in session.logins)
    if broker is None:
        if session.active_broker is None:
            raise NoActiveBroker("No broker is active. Next: name one, or 'all'.")
        return (session.active_broker,)
    return (supported(app.backend.brokers, broker).name,)
