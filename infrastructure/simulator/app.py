"""The simulator as a web application, and how to run it.

It listens on loopback only: its logins need no password and its control routes no token.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware

from infrastructure.simulator.control.clock import ClockControl
from infrastructure.simulator.control.conditions import Conditions
from infrastructure.simulator.control.control import Control
from infrastructure.simulator.control.gate import Gate
from infrastructure.simulator.control.injection import FaultInjection, HangUpProtocol
from infrastructure.simulator.exchange.exchange import Exchange
from infrastructure.simulator.faces import Logins, address_refused, error_body, routes
from infrastructure.simulator.kite.websockets import QuietWebSockets
from infrastructure.simulator.proof import is_loopback, simulator_key

DEFAULT_SEED = 1
_START_SECONDS = 10.0


class NotLoopback(ValueError):
    """The simulator was asked to listen where others could reach it."""


def system_now() -> datetime:
    return datetime.now(UTC)


def build_app(
    exchange: Exchange,
    keys_dir: Path,
    *,
    logins: Logins | None = None,
) -> Starlette:
    """All faces over one exchange, and the control routes.

    Raises:
        OSError, ValueError: the proof's key cannot be made or read in `keys_dir`.
    """
    logins = logins or Logins(exchange.now)
    conditions = Conditions(exchange=exchange)
    control = Control(exchange, logins, simulator_key(keys_dir))
    return Starlette(
        routes=[
            *control.routes(),
            *conditions.routes(),
            *ClockControl(exchange).routes(),
            *routes(exchange, logins),
        ],
        middleware=[
            Middleware(
                FaultInjection,
                faults=conditions.faults,
                caller_of=logins.caller_of,
                error_body=error_body,
                end_login=logins.end,
            ),
            Middleware(
                Gate,
                limits=conditions.limits,
                addresses=conditions.addresses,
                now=exchange.now,
                caller_of=logins.caller_of,
                error_body=error_body,
                address_refused=address_refused,
            ),
        ],
    )


def run(host: str, port: int, ready: Callable[[str], None], *, app: Starlette) -> None:
    """Serve until a signal says stop. Port 0 picks a free one; `ready` gets the address.

    Raises:
        NotLoopback: `host` is not this machine's own.
        OSError: the port is taken.
    """
    _Server(app, _listen(host, port), ready).serve_until_stopped()


@contextmanager
def running(app: Starlette, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve in a thread for the length of a `with` block; gives the address.

    Raises:
        NotLoopback, OSError: as `run`.
        TimeoutError: it did not start.
    """
    addresses: list[str] = []
    started = threading.Event()

    def ready(address: str) -> None:
        addresses.append(address)
        started.set()

    server = _Server(app, _listen(host, port), ready)
    thread = threading.Thread(target=server.serve_until_stopped, name="simulator", daemon=True)
    thread.start()
    try:
        if not started.wait(_START_SECONDS):
            raise TimeoutError("The simulator did not start in time.")
        yield addresses[0]
    finally:
        server.should_exit = True
        thread.join()


class _Server(uvicorn.Server):
    def __init__(self, app: Starlette, listener: socket.socket, ready: Callable[[str], None]):
        super().__init__(
            uvicorn.Config(
                app,
                http=HangUpProtocol,
                loop="asyncio",
                ws=QuietWebSockets,
                lifespan="off",
                log_config=None,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=1,
            )
        )
        self._listener = listener
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        host, port = self._listener.getsockname()[:2]
        self._ready(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")

    def serve_until_stopped(self) -> None:
        with self._listener:
            self.run(sockets=[self._listener])


def _listen(host: str, port: int) -> socket.socket:
    if not is_loopback(host):
        raise NotLoopback(
            f"The simulator needs no passwords, so it listens on loopback only, not on {host}. "
            "Next: use 127.0.0.1."
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=512)
    # asyncio does this only for sockets that it made itself. Without it, an answer's body waits
    # 40 ms for the acknowledgement of its head.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
