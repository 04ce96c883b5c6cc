"""An installation in which everything that anybody is told, shown or leaves behind is kept."""

import os
import re
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from infrastructure.keystore.opening import open_key_store
from infrastructure.settings import Settings
from infrastructure.vault import SealedVault
from tests.mcp_interface.command_line import CommandLine
from tests.mcp_interface.connect.browser import Browser
from tests.mcp_interface.people import Answer, Era, Person, connected
from tests.mcp_interface.secrets.tables import cells
from tests.support.canaries import Canaries, Evidence
from tests.support.databases import disposing
from tests.support.echoing_proxy import EchoingProxy
from tests.support.servers import COMMAND, Program, Server, Simulator, Site

LINK = re.compile(r"/connect/\w+\?state=([\w-]+)")


@dataclass
class Installation:
    """`proxy` is on the way of those whose `egress` says so."""

    site: Site
    simulator: Simulator
    server: Server
    proxy: EchoingProxy
    canaries: Canaries = field(default_factory=Canaries, repr=False)
    evidence: list[Evidence] = field(default_factory=list, repr=False)
    held: set[str] = field(default_factory=set, repr=False)
    """What came out of the vault when its rows were decrypted."""

    def keep(self, kind: str, where: str, content: str | bytes) -> None:
        raw = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
        self.evidence.append(Evidence(kind, where, raw))

    def control(self, what: str, **body: object) -> dict[str, str]:
        """Tell the simulator something; its own routes are no part of the product's."""
        answer = httpx2.post(f"{self.simulator.url}/simulator/{what}", json=body, trust_env=False)
        answer.raise_for_status()
        told: dict[str, str] = answer.json()
        return told

    def request_token(self, api_key: str, user: str) -> str:
        page = f"{self.simulator.url}/connect/login?v=3&api_key={api_key}"
        return self.canaries.note(
            "kite request token", self.simulator.request_token(page, user), "location"
        )

    def token(self, name: str, *scopes: str) -> str:
        return self.canaries.note("bearer token", self.site.token(name, *scopes))

    @asynccontextmanager
    async def person(
        self, name: str, era: Era, token: str | None = None
    ) -> AsyncIterator["Teller"]:
        """Somebody with a client over HTTP."""

        def heard(headers: httpx2.Headers) -> None:
            self.keep("reply", f"headers for {name}", str(headers.multi_items()))

        given = token or self.token(name)
        async with connected(self.server.url, given, era, hears_headers=heard) as one:
            yield Teller(self, one)

    @asynccontextmanager
    async def desktop(self, era: Era) -> AsyncIterator["Teller"]:
        """Somebody with a client that starts the server by itself."""
        started = StdioServerParameters(
            command=COMMAND[0],
            args=[*COMMAND[1:], "stdio"],
            env=self.site.env,
            cwd=self.site.directory,
        )
        with (self.site.directory / "stdio.log").open("a") as log:
            async with Client(stdio_client(started, errlog=log), mode=era) as client:
                yield Teller(self, Person(client))

    def browser(self) -> Browser:
        """One that keeps what our own pages say and set, and nothing of the brokers'."""
        browser = Browser()
        browser.http.event_hooks = {"response": [self._seen]}
        return browser

    # Any: whatever httpx2 takes.
    def ask(self, method: str, path: str, **request: Any) -> httpx2.Response:
        """A request, without a client."""
        answer = httpx2.request(
            method, self.server.url + path, trust_env=False, timeout=30, **request
        )
        self._seen(answer)
        return answer

    def _seen(self, answer: httpx2.Response) -> None:
        answer.read()
        url = urlsplit(str(answer.request.url))
        if f"{url.scheme}://{url.netloc}" == self.simulator.url:
            return
        for name, value in answer.headers.multi_items():
            if name == "set-cookie":
                cookie = re.match(r"connect-\w+=([^;]+);", value)
                assert cookie, value
                self.canaries.note("cookie of a login", cookie[1], "set-cookie")
            kind = name if name in ("set-cookie", "location") else "page"
            self.keep(kind, f"header {name} of {url.path}", value)
        self.keep("page", url.path, answer.content)
        if found := re.search(r'class="code"[^>]*>([2-9A-Z]{4}-[2-9A-Z]{4})<', answer.text):
            self.canaries.note("confirmation code", found[1], "page")

    @property
    def settings(self) -> Settings:
        ours = {str(f.validation_alias) for f in Settings.model_fields.values()}
        return Settings.model_validate({k: v for k, v in self.site.env.items() if k in ours})

    def command(self, *words: str) -> None:
        """An operator's command; it may find something to say no to."""
        self.command_with({}, *words)

    def command_with(self, settings: dict[str, str], *words: str) -> None:
        ours = {k: v for k, v in self.site.env.items() if os.environ.get(k) != v}
        said = CommandLine(self.site.directory, settings=ours | settings)(*words)
        self.keep("command", f"{words} out", said.out)
        self.keep("command", f"{words} err", said.err)

    def typed(self, line: str, *words: str, **settings: str) -> int:
        """A command that reads a secret from stdin, or has one in its settings."""
        done = subprocess.run(
            [*COMMAND, *words],
            input=line,
            env={**self.site.env, **settings},
            cwd=self.site.directory,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.keep("command", f"{words} out", done.stdout)
        self.keep("command", f"{words} err", done.stderr)
        return done.returncode

    def begin_server(self, **settings: str) -> Server:
        self.server = self.site.server(0, **settings)
        for broker in ("kite", "dhan"):
            for canary in list(self.canaries.known.values()):
                if canary.slot.startswith(f"{broker} app id"):
                    self.register(broker, canary.value)
        return self.server

    def end(self) -> None:
        """Stop everything in order."""
        for program in (self.server, self.simulator):
            program.terminate()
            program.wait()
            self._keep_stdout(program)

    def kill_server(self) -> None:
        self.server.kill()
        self._keep_stdout(self.server)

    def _keep_stdout(self, program: Program) -> None:
        assert program.process.stdout is not None
        self.keep("command", "stdout of a server", program.process.stdout.read())

    def register(self, broker: str, api_key: str, api_secret: str | None = None) -> None:
        """Tell a broker of an app, whose people it sends back to the server."""
        self.control(
            "apps",
            broker=broker,
            api_key=api_key,
            api_secret=api_secret,
            redirect_url=f"{self.server.url}/connect/{broker}/callback",
        )

    def note_what_the_vault_holds(self) -> None:
        """Logins as the server itself would take them out again: to be found nowhere, either."""
        with disposing(self.site.database.control_engine()) as engine:
            vault = SealedVault(engine, open_key_store(self.settings))
            for login in vault.held_by_all():
                held = vault.get_to_settle(
                    login.principal, login.session_id, login.broker, login.version
                )
                assert held is not None
                for name, value in held[1].items():
                    self.held.add(value)
                    self.canaries.note(f"{login.broker} {name} in the vault", value)

    def look_around(self, when: str) -> None:
        """Keep what there is to see of it now."""
        for path in sorted(self.site.directory.rglob("*")):
            with suppress(FileNotFoundError):
                if path.is_file():
                    kind = "log" if path.suffix == ".log" else "file"
                    name = str(path.relative_to(self.site.directory))
                    self.keep(kind, f"{name} {when}", path.read_bytes())
        self.keep("table", when, "\0".join(cells(self.site.database)))
        for command_line in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                self.keep("process", f"{command_line} {when}", command_line.read_bytes())

    def ask_as_a_monitor(self) -> None:
        """What an operator's tools look at while it runs."""
        operator = {"Authorization": f"Bearer {self.token('operator', 'admin')}"}
        for path in [
            "/health",
            "/livez",
            "/readyz",
            "/metrics",
            "/nowhere",
            "/admin/api/statistics",
            "/admin/api/sessions?active=false&limit=500",
        ]:
            self.ask("GET", path, headers=operator)


class Teller:
    """Calls tools; keeps what they say."""

    def __init__(self, place: Installation, person: Person) -> None:
        self._place = place
        self._person = person

    async def tell(self, tool: str, **arguments: object) -> Answer:
        answer = await self._person.try_to(tool, **arguments)
        for link in LINK.finditer(answer.raw):
            self._place.canaries.note("state of a link", link[1], "reply", "instructions")
        kind = "instructions" if tool == "get_broker_login_instructions" else "reply"
        self._place.keep(kind, tool, answer.raw)
        return answer

    async def log_in(self, broker: str, **given: object) -> Answer:
        return await self.tell("authenticate_broker", broker=broker, **given)

    async def link(self, broker: str, **given: str) -> str:
        told = await self.tell("get_broker_login_instructions", broker=broker, **given)
        return str(told.data["connectUrl"])
