"""What is killed, and what is not: servers, PostgreSQL, the simulator, and the way to the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

import httpx2

from domain.events import Event
from domain.instants import IST
from domain.order_reports import OrderReport, order_reports
from infrastructure.simulator.exchange.exchange import Exchange
from infrastructure.simulator.market.hours import AROUND_THE_CLOCK
from mcp_interface.composition import Backend
from tests.chaos.checks import AtBroker
from tests.chaos.plan import SYMBOLS, Plan
from tests.chaos.server import ShiftedClock, serve
from tests.support.postgres import PostgresServer, free_port
from tests.support.processes import Child
from tests.support.servers import Simulator, Site, site

MORNING: Final = time(10)
"""It is about ten in India when a run begins, whatever the time is: days and logins last."""
DAY_IS_OVER: Final = timedelta(hours=8, minutes=30)
"""Later than `domain.absence` wants, and the same day."""
MOST_CASH_INR: Final = 10**12
SEED: Final = 2026


class Instance:
    """One server process at a time, always at the same address."""

    def __init__(self, number: int, place: Site, shift: timedelta, arm: str | None) -> None:
        self.number = number
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log_file = place.directory / f"server-{number}.log"
        self._arguments = (dict(place.env), self.port, self.log_file, shift, arm)
        self._process: Child | None = None

    @property
    def alive(self) -> bool:
        return self._process is not None

    def start(self) -> None:
        self._process = Child(serve, self._arguments)
        self._process.hear(seconds=60)

    def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process = None


class Stage:
    """One installation at a simulated Kite, and everything that can be read of it."""

    def __init__(
        self, place: Site, postgres: PostgresServer | None, servers: int, arm: str | None
    ) -> None:
        self.place = place
        self.postgres = postgres
        now = datetime.now(UTC)
        begins = datetime.combine(now.astimezone(IST), MORNING, IST)
        self._shift = begins - now
        self.simulator: Simulator = place.simulator("--clock", begins.isoformat())
        self.instances = [Instance(n, place, self._shift, arm) for n in range(servers)]
        self._principals: dict[str, str] = {}

    def start(self) -> None:
        for instance in self.instances:
            instance.start()

    def close(self) -> None:
        for instance in self.instances:
            instance.kill()

    def prices(self) -> dict[str, Decimal]:
        """The last ones, in INR per share, as the simulator's are: of the same seed and time."""
        exchange = Exchange(SEED, ShiftedClock(self._shift).now, AROUND_THE_CLOCK)
        return {symbol: exchange.last_price(symbol) for symbol in SYMBOLS}

    def welcome(self, plan: Plan) -> str:
        """Give somebody an account with money, and a token of ours."""
        self._principals[plan.kite_user] = plan.name
        self.simulator.open_account(plan.kite_user, MOST_CASH_INR)
        self.simulator.late_book(plan.kite_user, plan.late_book_seconds)
        return self.place.token(plan.name)

    def calm(self) -> None:
        """Nothing goes wrong any more, and books are on time."""
        self.simulator.clear_faults()
        for user in self._principals:
            self.simulator.late_book(user, 0)

    def only_one_server(self) -> None:
        for instance in self.instances[1:]:
            instance.kill()

    def is_ready(self) -> bool:
        """Whether the first server says so."""
        url = f"{self.instances[0].url}/readyz"
        return httpx2.get(url, timeout=20, trust_env=False).status_code == 200

    def at_broker(self) -> list[AtBroker]:
        return [
            AtBroker(
                user=line["user"],
                tag=line["tag"],
                symbol=line["symbol"],
                side=line["side"],
                quantity_shares=line["quantityShares"],
            )
            for line in self.simulator.wire_log()
        ]

    def stored(self) -> dict[str, dict[str, OrderReport]]:
        """Each user's orders by key, folded from the log itself."""
        users = {self.place.principal(name): user for user, name in self._principals.items()}
        events: dict[str, list[Event]] = {user: [] for user in users.values()}
        for recorded in self.place.recorded():
            user = users.get(recorded.envelope.principal)
            if user is not None:
                events[user].append(recorded.event)
        return {user: order_reports(mine) for user, mine in events.items()}

    def errors(self) -> list[str]:
        """What servers logged as errors: nothing that happens here is one."""
        logs = [i.log_file for i in self.instances if i.log_file.exists()]
        lines = [line for log in logs for line in log.read_text().splitlines()]
        return [line[:500] for line in lines if '"level": "error"' in line or line[:1] != "{"]

    def after_the_day(self) -> None:
        """Look at every account once more, with a clock that says that the day is over."""
        settings = self.place.database.settings.model_copy(
            update={"kite_url": self.simulator.url, "keys_dir": self.place.keys_dir}
        )
        backend = Backend(settings, clock=ShiftedClock(self._shift + DAY_IS_OVER))
        backend.projecting.start(listen=False)
        try:
            backend.reconcile.close_stale()
            for look in backend.reconcile.due():
                backend.reconcile.look(look)
        finally:
            backend.projecting.stop()
            backend.close()


@contextmanager
def stage(
    directory: Path, *, on_postgres: bool = False, servers: int = 2, arm: str | None = None
) -> Iterator[Stage]:
    """A stage of its own, with its own PostgreSQL: a shared one is not ours to kill."""
    postgres = PostgresServer() if on_postgres else None
    try:
        url = None
        if postgres is not None:
            postgres.start()
            url = postgres.create_database()
        with site(directory, url) as place:
            made = Stage(place, postgres, servers, arm)
            try:
                made.start()
                yield made
            finally:
                made.close()
    finally:
        if postgres is not None:
            postgres.close()
