"""What happens in the demo. It only acts and notes down; `checks.py` judges."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import anyio
from anyio import to_thread

from mcp_interface.demo.world import Era, Person, Plain, Stage, connected

PEOPLE: Final[dict[str, Era]] = {"alice": "auto", "bob": "legacy", "charlie": "auto"}
"""Bob's client speaks the older protocol revision: one endpoint serves both."""

DESKS: Final = (
    ("alice", "kite", "RELIANCE"),
    ("bob", "groww", "TCS"),
    ("charlie", "dhan", "INFY"),
    ("alice", "groww", "SBIN"),
)
"""Who trades what where. Alice has two brokers in one session, one of which is Bob's as well."""
USERS: Final = {"alice": "AL1234", "bob": "BO4321", "charlie": "1100009876"}
"""Whom the brokers know: the account of each."""
API_KEY: Final = "demoapp"

Tell = Callable[[str], None]


@dataclass
class Notes:
    """Everything that was seen. Plain values, so that a test can change any one of them."""

    session_ids: dict[str, str] = field(default_factory=dict)
    active_after_alice: dict[str, str | None] = field(default_factory=dict)
    login: Plain = field(default_factory=dict)
    statistics: Plain = field(default_factory=dict)
    sessions: list[Plain] = field(default_factory=list)
    concurrent: dict[str, str | None] = field(default_factory=dict)
    logged_in: dict[str, list[str]] = field(default_factory=dict)
    orders: dict[str, Plain] = field(default_factory=dict)
    retry: Plain = field(default_factory=dict)
    questions: dict[str, list[str]] = field(default_factory=dict)
    approved_on_page: dict[str, int] = field(default_factory=dict)
    order_keys: dict[str, list[str]] = field(default_factory=dict)
    holdings: dict[str, list[str]] = field(default_factory=dict)
    without_token: int = 0
    with_made_up_token: int = 0
    exit_status: int = 0
    before: dict[str, Plain] = field(default_factory=dict)
    after: dict[str, Plain] = field(default_factory=dict)
    order_keys_after: dict[str, list[str]] = field(default_factory=dict)
    timeline: list[Plain] = field(default_factory=list)
    state_before_order: Plain = field(default_factory=dict)
    state_now: Plain = field(default_factory=dict)


async def play(stage: Stage, tell: Tell) -> Notes:
    """The whole story, in order."""
    notes = Notes()
    tell("Starting the simulated exchange and the server (a process each)...")
    await to_thread.run_sync(stage.start_simulator)
    await to_thread.run_sync(stage.start_server)
    tokens = {name: await _token(stage, name, "trade") for name in PEOPLE}
    tokens["operator"] = await _token(stage, "operator", "admin")
    async with AsyncExitStack() as clients:
        people = await _connect(clients, stage, tokens)
        await _meet(people, notes, tell)
        await _alice_chooses_and_logs_in(stage, people, notes, tell)
        await _look_at_statistics(stage, tokens, notes)
        await _all_at_once(people, notes, tell)
        await _trade(stage, people, notes, tell)
        notes.before = {
            name: await person.call("get_session_info") for name, person in people.items()
        }
    tell("Killing the server with SIGKILL and starting it again...")
    notes.exit_status = await to_thread.run_sync(stage.kill_server)
    await to_thread.run_sync(stage.start_server)
    async with AsyncExitStack() as clients:
        people = await _connect(clients, stage, tokens)
        for name, person in people.items():
            notes.after[name] = await person.call("get_session_info")
        notes.order_keys_after = {
            desk(name, broker): _keys(await people[name].call("get_orders", {"broker": broker}))
            for name, broker, _ in DESKS
        }
    tell("Replaying Alice's day from the event log...")
    await _audit(stage, notes)
    return notes


def desk(name: str, broker: str) -> str:
    """How a person at a broker is noted down; the order key there is made from it, too."""
    return f"{name}@{broker}"


def order_key(name: str, broker: str) -> str:
    return f"{name}-first-at-{broker}"


async def _token(stage: Stage, name: str, scope: str) -> str:
    made = await to_thread.run_sync(stage.run, "users", "add", name, "--scope", scope)
    token: str = made["token"]
    return token


async def _connect(
    clients: AsyncExitStack, stage: Stage, tokens: dict[str, str]
) -> dict[str, Person]:
    return {
        name: await clients.enter_async_context(connected(stage.server_url, tokens[name], era))
        for name, era in PEOPLE.items()
    }


async def _meet(people: dict[str, Person], notes: Notes, tell: Tell) -> None:
    for name, person in people.items():
        info = await person.call("get_session_info")
        notes.session_ids[name] = info["sessionId"]
        tell(f"User {name.capitalize()} connects: session {info['sessionId'][:12]}...")


async def _alice_chooses_and_logs_in(
    stage: Stage, people: dict[str, Person], notes: Notes, tell: Tell
) -> None:
    tell("Alice sets kite as her active broker, and logs in through the broker's own SDK...")
    await people["alice"].call("set_active_broker", {"broker": "kite"})
    for name, person in people.items():
        notes.active_after_alice[name] = (await person.call("get_session_info"))["activeBroker"]
    notes.login = await _log_in(stage, people, "alice", "kite")


async def _log_in(stage: Stage, people: dict[str, Person], name: str, broker: str) -> Plain:
    """Through the browser at Kite; with a token of the day from the broker's page elsewhere."""
    person, user = people[name], USERS[name]
    if broker != "kite":
        token = await to_thread.run_sync(stage.days_token, broker, user)
        pasted = {"broker": broker, "access_token": token}
        if broker == "dhan":
            pasted["client_id"] = user
        return await person.call("authenticate_broker", pasted)
    told = await person.call(
        "get_broker_login_instructions", {"broker": "kite", "api_key": API_KEY}
    )
    request_token = await to_thread.run_sync(stage.log_in_at_the_broker, told["loginUrl"], user)
    return await person.call(
        "authenticate_broker",
        {
            "broker": "kite",
            "api_key": API_KEY,
            "api_secret": f"{API_KEY}-secret",
            "request_token": request_token,
        },
    )


async def _look_at_statistics(stage: Stage, tokens: dict[str, str], notes: Notes) -> None:
    def look() -> None:
        notes.statistics = stage.get("/admin/api/statistics", tokens["operator"])[1]
        notes.sessions = stage.get("/admin/api/sessions", tokens["operator"])[1]["sessions"]
        notes.without_token = stage.get("/admin/api/sessions")[0]
        notes.with_made_up_token = stage.get("/admin/api/sessions", "ts_made_up")[0]

    await to_thread.run_sync(look)


async def _all_at_once(people: dict[str, Person], notes: Notes, tell: Tell) -> None:
    tell("All three choose a broker at the same moment...")
    wanted = {"alice": "groww", "bob": "dhan", "charlie": "kite"}

    async def choose(name: str) -> None:
        await people[name].call("set_active_broker", {"broker": wanted[name]})
        notes.concurrent[name] = (await people[name].call("get_session_info"))["activeBroker"]

    async with anyio.create_task_group() as tasks:
        for name in people:
            tasks.start_soon(choose, name)


async def _trade(stage: Stage, people: dict[str, Person], notes: Notes, tell: Tell) -> None:
    tell("Bob logs in at Groww, Charlie at Dhan, and Alice at Groww beside Kite...")
    for name, broker, _ in DESKS[1:]:
        await _log_in(stage, people, name, broker)
    tell("Each buys through the broker's own SDK after a yes: Alice and Charlie in their clients,")
    tell("Bob on the approval page. And Alice sends one order twice by its key...")
    for name, broker, symbol in DESKS:
        person, order = people[name], _order(name, broker, symbol)
        notes.orders[desk(name, broker)] = await person.call("create_order", order)
        if (name, broker) == DESKS[0][:2]:
            notes.retry = await person.call("create_order", order)
    for name, person in people.items():
        notes.questions[name] = list(person.yes.questions)
        notes.approved_on_page[name] = person.yes.pages
    for name, broker, _ in DESKS:
        where, at = {"broker": broker}, desk(name, broker)
        notes.order_keys[at] = _keys(await people[name].call("get_orders", where))
        held = (await people[name].call("get_portfolio", where)).get("holdings", [])
        notes.holdings[at] = [f"{row['symbol']} {row['quantity']}" for row in held]
    for name, person in people.items():
        notes.logged_in[name] = (await person.call("get_session_info"))["authenticatedBrokers"]


def _order(name: str, broker: str, symbol: str) -> dict[str, Any]:
    return {
        "trading_symbol": symbol,
        "exchange": "NSE",
        "transaction_type": "BUY",
        "order_type": "MARKET",
        "quantity": 10,
        "product": "CNC",
        "broker": broker,
        "order_key": order_key(name, broker),
    }


async def _audit(stage: Stage, notes: Notes) -> None:
    def replay() -> None:
        notes.timeline = stage.run("audit", "timeline", "--user", "alice")["events"]
        requested = next(
            (e["recordedAt"] for e in notes.timeline if "order_requested" in e["event"]), None
        )
        if requested is None:
            return
        moment = datetime.fromisoformat(requested) - timedelta(milliseconds=1)
        then = stage.run("audit", "state", "--user", "alice", "--at", moment.isoformat())
        now = stage.run("audit", "state", "--user", "alice", "--at", "now")
        notes.state_before_order = then["sessions"][-1]
        notes.state_now = now["sessions"][-1]

    await to_thread.run_sync(replay)


def _keys(page: Plain) -> list[str]:
    return [row["orderKey"] or row["brokerOrderId"] for row in page.get("orders", [])]
