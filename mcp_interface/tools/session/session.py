"""Tools about the session itself and its brokers: who am I, where can I trade, log in and out."""

from typing import Annotated

from mcp.types import CallToolResult
from pydantic import Field

from application.sessions.enter_session import Entered
from domain.session import BrokerUse, TradingSession
from domain.vocabulary import BROKERS
from mcp_interface.app import App, BrokerArgument, Mcp, is_ready, result
from mcp_interface.caller import Caller
from mcp_interface.server import CHANGES, READS, TradingServer
from mcp_interface.tools.results import Result, indicator, when


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
    data_broker: str | None
    session_id: str
    summary: BrokerSummary


class ActiveBroker(Result):
    """`dataBroker`: whom market data is read from."""

    active_broker: str | None
    data_broker: str | None
    authenticated: bool
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
    data_broker: str | None
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
        ctx: Mcp,
        broker: BrokerArgument,
        use: Annotated[
            BrokerUse, Field(description="data: only prices, candles and option chains.")
        ] = "trading",
    ) -> Annotated[CallToolResult, ActiveBroker]:
        """Make a broker the one that later calls mean when they name none; prices come from it,
        too, unless another is set apart for data."""

        def job(caller: Caller, entered: Entered) -> CallToolResult:
            session = backend.select_broker(caller.context, entered, broker, use)
            needs_login = not is_ready(app, session, broker)
            lines = _chosen(session, use)
            if needs_login:
                lines.append(
                    f"You are not logged in there yet. Next: "
                    f"get_broker_login_instructions(broker='{broker}')."
                )
            model = ActiveBroker(
                active_broker=session.active_broker,
                data_broker=_reads_from(session),
                authenticated=not needs_login,
                session_id=str(entered.session_id),
            )
            return result(app.first_line(entered, session), lines, model)

        return await app.in_session(ctx, job)

    for name in ("get_session_info", "list_brokers", "set_active_broker"):
        server.rule(name, "read", "session", "default")  # one's own session; only orders need more


def _reads_from(session: TradingSession) -> str | None:
    return session.data_broker or session.active_broker


def _chosen(session: TradingSession, use: BrokerUse) -> list[str]:
    active, apart = session.active_broker, session.data_broker
    if use == "data":
        orders = f"orders go to {active}" if active else "no broker is active for orders yet"
        return [f"Market data now comes from {apart}; {orders}."]
    lines = [f"{active} is now your active broker."]
    if apart is not None:
        lines.append(
            f"Market data goes on coming from {apart}. Next, to have both from one: "
            f"set_active_broker(broker='{active}', use='both')."
        )
    return lines


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
            data_broker=info.data_broker or active,
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
            data_broker=_reads_from(session),
            as_of_position=backend.store.head(),
            stale=False,
        ),
    )


def _told(first_line: str, model: SessionInfoResult) -> CallToolResult:
    logged_in = ", ".join(model.authenticated_brokers) or "nowhere"
    apart = model.data_broker != model.active_broker
    data = f" Market data from: {model.data_broker}." if apart else ""
    lines = [
        f"Session '{model.label}' since {model.created_at}, ends {model.ends_at} at the latest.",
        f"Active broker: {model.active_broker or 'none'}.{data} Logged in: {logged_in}. "
        f"Open orders: {model.open_orders}.",
    ]
    return result(first_line, lines, model)


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
                authenticated=is_ready(app, session, name),
                active=session.active_broker == name,
                needs_login=adapter.needs_login if adapter else True,
                available=adapter is not None,
                login_ends_at=when(login.expires_at) if login else None,
            )
        )
    model = BrokerList(
        brokers=rows,
        active_broker=session.active_broker or "None",
        data_broker=_reads_from(session),
        session_id=str(entered.session_id),
        summary=BrokerSummary(
            total=len(rows),
            authenticated=sum(r.authenticated for r in rows),
            available=sum(r.available for r in rows),
        ),
    )
    lines = [f"{row.display_name}: {_status_in_words(row)}" for row in rows]
    if session.data_broker:
        lines.append(f"Market data comes from {session.data_broker}.")
    return result(app.first_line(entered), lines, model)


def _status_in_words(row: BrokerStatus) -> str:
    if not row.available:
        return "no adapter in this version"
    words = "ready" if row.authenticated else "not logged in"
    return f"{words}, active" if row.active else words
