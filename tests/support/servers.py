"""Installations for end-to-end tests: real processes, real tokens, real stores, nothing faked.

A `Site` is what an operator has: a data directory or a PostgreSQL database, keys, people, and the
processes that serve them. Every process gets an environment without any setting but the site's.
"""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import httpx2

from domain.catalog import CATALOG
from domain.envelope import Recorded
from infrastructure.clock import SystemClock
from infrastructure.identity import IdentityDirectory
from infrastructure.settings import environment_with
from tests.support.databases import Database

P = TypeVar("P", bound="Program")

Plain = dict[str, Any]
"""A JSON object. Any: its values are JSON."""

COMMAND = [sys.executable, "-m", "mcp_interface.cli"]
NOBODY = "http://127.0.0.1:9"
"""Where nobody listens: no test ever asks the real Kite for anything."""

WIDE_OPEN = (
    "max_order_value_inr=100000000000, max_order_quantity_shares=10000000, "
    "max_orders_per_day=100000, max_value_per_day_inr=100000000000, max_orders_per_second=100, "
    "max_orders_per_minute=6000, price_band_percent=100, option_price_band_percent=100, "
    "duplicate_window_seconds=0, max_unknown_open=100, market_hours=off, "
    "allowed_exchanges=NSE|BSE|NFO|BFO|CDS|BCD|MCX, allowed_products=CNC|MIS|NRML|MTF|CO|BO"
)
"""Limits that no story runs into; tests about limits set their own."""

STOP_SECONDS = 40
CALL_SECONDS = 60.0


class Program:
    """One of our commands as a process. What it logs is in a file from its first moment on."""

    def __init__(self, arguments: Sequence[str], env: Mapping[str, str], log_file: Path) -> None:
        self.log_file = log_file
        with log_file.open("a") as log:
            self.process = subprocess.Popen(
                [*COMMAND, *arguments],
                env=env,
                cwd=log_file.parent,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def told(self) -> Plain:
        """The `data` of the line that says that it is ready."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"it ended without a word: {self.log_file.read_text()[-2000:]}"
        data: Plain = json.loads(line)["data"]
        return data

    def terminate(self) -> None:
        """SIGTERM, without waiting."""
        self.process.send_signal(signal.SIGTERM)

    def wait(self) -> int:
        """Its exit status; negative for a signal."""
        return self.process.wait(STOP_SECONDS)

    def kill(self) -> int:
        """SIGKILL: no handler runs, nothing is flushed."""
        self.process.kill()
        return self.wait()

    def close(self) -> None:
        if self.process.poll() is None:
            self.kill()
        if self.process.stdout is not None:
            self.process.stdout.close()


class Server(Program):
    """`trading-server serve`, answering."""

    url: str

    def ready(self) -> "Server":
        self.url = str(self.told()["mcp"]).removesuffix("/mcp")
        return self

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    def get(self, path: str, token: str | None = None, **headers: str) -> tuple[int, Plain]:
        """What a monitor or an operator's script asks; status and JSON."""
        if token:
            headers["Authorization"] = f"Bearer {token}"
        answer = httpx2.get(self.url + path, headers=headers, timeout=20, trust_env=False)
        body: Plain = answer.json()
        return answer.status_code, body

    def log_head(self) -> int:
        """The position of the newest stored event."""
        position: int = self.get("/readyz")[1]["checks"]["store"]["head"]
        return position


class Simulator(Program):
    """`trading-server simulator`, answering: a Kite of our own."""

    url: str

    def ready(self) -> "Simulator":
        self.url = str(self.told()["url"])
        return self

    def request_token(self, login_url: str, user: str) -> str:
        """What a person does in the browser: open the link, say who they are, copy the token."""
        return str(self._ask("GET", f"{login_url}&user_id={user}")["request_token"])

    def day_token(self, broker: str, user: str) -> str:
        """What a person copies from Groww's or Dhan's own page."""
        body = {"broker": broker, "user": user}
        return str(self._ask("POST", f"{self.url}/simulator/tokens", json=body)["access_token"])

    def register_app(self, api_key: str, api_secret: str) -> None:
        self._post("/simulator/apps", api_key=api_key, api_secret=api_secret)

    def open_account(self, user: str, cash_inr: int) -> None:
        """At Kite."""
        self._post("/simulator/users", user=user, cash_inr=str(cash_inr))

    def late_book(self, user: str, seconds: float) -> None:
        """From now on new orders of this account at Kite show in its book only so much later."""
        self._post("/simulator/lag", seconds=seconds, broker="kite", user=user)

    def fault(self, fault: str, **where: object) -> None:
        self._post("/simulator/faults", fault=fault, **where)

    def clear_faults(self) -> None:
        self._ask("DELETE", f"{self.url}/simulator/faults")

    def wire_log(self) -> list[Plain]:
        """Every order that ever came into existence there."""
        orders: list[Plain] = self._ask("GET", f"{self.url}/simulator/wire-log")["orders"]
        return orders

    def _post(self, path: str, **body: object) -> None:
        self._ask("POST", self.url + path, json=body)

    def _ask(self, method: str, url: str, json: object = None) -> Plain:
        accept = {"Accept": "application/json"}
        answer = httpx2.request(method, url, headers=accept, json=json, timeout=20, trust_env=False)
        answer.raise_for_status()
        body: Plain = answer.json()
        return body


class Site:
    """One installation. Whatever it starts is gone when it is closed."""

    def __init__(self, directory: Path, postgres_url: str | None = None, **settings: str) -> None:
        """Make it, migrated; `settings` hold for all its processes."""
        self.directory = directory
        self.data_dir, self.keys_dir = directory / "data", directory / "keys"
        self.data_dir.mkdir(parents=True)
        self.database = Database(self.data_dir, postgres_url)
        self.env = environment_with(
            {
                "TRADING_DATA_DIR": str(self.data_dir),
                "TRADING_KEYS_DIR": str(self.keys_dir),
                "TRADING_USER": "asha",
                "TRADING_KITE_URL": NOBODY,
                "TRADING_GROWW_URL": NOBODY,
                "TRADING_DHAN_URL": NOBODY,
                "TRADING_RISK_LIMITS": WIDE_OPEN,
                **({"TRADING_DATABASE_URL": postgres_url} if postgres_url else {}),
                **settings,
            }
        )
        self._programs: list[Program] = []
        if postgres_url:
            assert self.run("migrate", "--json").returncode == 0
        else:
            self.database.migrate()
        self._engine = self.database.control_engine()
        self.identities = IdentityDirectory(self._engine, SystemClock())

    def run(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """A command that ends, as an operator would type it."""
        return subprocess.run(
            [*COMMAND, *arguments],
            env={**self.env, **settings},
            cwd=self.directory,
            capture_output=True,
            text=True,
            timeout=CALL_SECONDS,
            check=False,
        )

    def servers(self, number: int, port: int = 0, **settings: str) -> list[Server]:
        """Several server processes, started at the same time."""
        arguments = ["serve", "--port", str(port), "--json"]
        env = {**self.env, **settings}
        begun = [self._begin(Server(arguments, env, self._log_file())) for _ in range(number)]
        return [server.ready() for server in begun]

    def server(self, port: int = 0, **settings: str) -> Server:
        return self.servers(1, port, **settings)[0]

    def simulator(self, *options: str) -> Simulator:
        """A simulator whose proof this site's servers can check; later servers use it as Kite."""
        arguments = ["simulator", "--port", "0", "--json", *options]
        started = self._begin(Simulator(arguments, self.env, self._log_file())).ready()
        self.env["TRADING_KITE_URL"] = started.url
        return started

    def token(self, name: str, *scopes: str, expires_at: datetime | None = None) -> str:
        """A new token for this person; without scopes one that may trade."""
        return self.identities.add_token(name, scopes or ("trade",), expires_at)

    def principal(self, name: str) -> UUID:
        found = self.identities.known(name)
        assert found is not None
        return found

    def recorded(self) -> list[Recorded]:
        """Every stored event, oldest first, read past all servers."""
        with closing(self.database.open_store()) as store:
            return [CATALOG.read(row) for row in store.log(0, 1_000_000)]

    def logs(self) -> str:
        """What all its processes have logged."""
        return "".join(file.read_text() for file in sorted(self.directory.glob("*.log")))

    def close(self) -> None:
        for program in self._programs:
            program.close()
        self._engine.dispose()

    def _log_file(self) -> Path:
        return self.directory / f"{len(self._programs)}.log"

    def _begin(self, program: P) -> P:
        self._programs.append(program)
        return program


@contextmanager
def site(directory: Path, postgres_url: str | None = None, **settings: str) -> Iterator[Site]:
    """An installation for the length of a `with` block."""
    made = Site(directory, postgres_url, **settings)
    try:
        yield made
    finally:
        made.close()
