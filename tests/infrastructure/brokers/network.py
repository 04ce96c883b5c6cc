"""The network between an adapter and its broker, on loopback: peers that are seen, proxies that
pass on, and far sides that misbehave byte by byte."""

import base64
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

YES = b'{"status": "success", "data": {"order_id": "151220000000000"}}'
ENOUGH_SECONDS = 20.0


def http_answer(status: int = 200, body: bytes = YES, *more: str) -> bytes:
    lines = [f"HTTP/1.1 {status} So", "Content-Type: application/json", *more]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


@dataclass
class Wire:
    """An endpoint. `heads` are the first lines that came, `peers` who sent each."""

    port: int
    heads: list[str] = field(default_factory=list)
    peers: list[str] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


Behaviour = Callable[[socket.socket], None]


def answering(answer: bytes) -> Behaviour:
    return lambda connection: connection.sendall(answer)


def silent(connection: socket.socket) -> None:
    """Takes the request and says nothing until the other side gives up."""
    connection.settimeout(ENOUGH_SECONDS)
    with suppress(OSError):
        connection.recv(1)


class Endless:
    """Begins an answer and sends one byte of it now and then. `given_up` counts those who left
    before they had it all."""

    def __init__(self, every_seconds: float) -> None:
        self.every_seconds = every_seconds
        self.given_up = 0

    def __call__(self, connection: socket.socket) -> None:
        connection.sendall(http_answer(200, b"x" * 100_000)[:-100_000])
        connection.settimeout(self.every_seconds)
        for _ in range(int(ENOUGH_SECONDS / self.every_seconds)):
            try:
                connection.sendall(b"x")
                if connection.recv(1) == b"":
                    self.given_up += 1
                    return
            except TimeoutError:
                continue
            except OSError:
                self.given_up += 1
                return


def half(answer: bytes) -> Behaviour:
    """Some of an answer, and then the connection ends."""

    def send(connection: socket.socket) -> None:
        connection.sendall(answer[:-10])
        connection.shutdown(socket.SHUT_RDWR)

    return send


def hanging_up(connection: socket.socket) -> None:
    """Closes without a word."""


@contextmanager
def endpoint(
    behaviour: Behaviour | None = None, *, tls: ssl.SSLContext | None = None
) -> Iterator[Wire]:
    """Every request is noted, then `behaviour` has the connection; without one it says yes."""
    behave = behaviour or answering(http_answer())

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            wire.connections += 1
            while (head := _head(self.rfile)) is not None:
                wire.heads.append(head[0])
                wire.peers.append(str(self.client_address[0]))
                behave(self.connection)
                if behave in (hanging_up, silent) or isinstance(behave, Endless):
                    return

    with _serving(Handler, tls) as port:
        wire = Wire(port)
        yield wire


@contextmanager
def forward_proxy(
    password: str | None = None, *, refuses: bool = False, tls: ssl.SSLContext | None = None
) -> Iterator[Wire]:
    """A proxy for `http://` (absolute form) and for tunnels (CONNECT)."""
    wanted = "Basic " + base64.b64encode(f"asha:{password}".encode()).decode()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            wire.connections += 1
            while (head := _head(self.rfile)) is not None:
                first, headers, body = head
                wire.heads.append(first)
                wire.peers.append(str(self.client_address[0]))
                wire.authorizations.append(headers.get("proxy-authorization", ""))
                if refuses or (password and wire.authorizations[-1] != wanted):
                    self.wfile.write(http_answer(407, b"{}"))
                    return
                if first.startswith("CONNECT"):
                    host, _, port = first.split()[1].rpartition(":")
                    with socket.create_connection((host, int(port)), ENOUGH_SECONDS) as far:
                        self.wfile.write(b"HTTP/1.1 200 Connected\r\n\r\n")
                        _pass_on(self.connection, far)
                    return
                method, url, version = first.split()
                parts = urlsplit(url)
                assert parts.hostname is not None
                target = (parts.hostname, parts.port or 80)
                with socket.create_connection(target, ENOUGH_SECONDS) as far:
                    path = parts.path + (f"?{parts.query}" if parts.query else "")
                    kept = [f"{n}: {v}" for n, v in headers.items() if not n.startswith("proxy-")]
                    lines = [f"{method} {path} {version}", *kept, "Connection: close", "", ""]
                    far.sendall("\r\n".join(lines).encode() + body)
                    while data := far.recv(65536):
                        self.wfile.write(data)
                return

    with _serving(Handler, tls) as port:
        wire = Wire(port)
        yield wire


@contextmanager
def socks_proxy() -> Iterator[Wire]:
    """SOCKS5 without a password; `heads` are the targets."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            wire.connections += 1
            methods = self.rfile.read(2)[1]
            self.rfile.read(methods)
            self.wfile.write(b"\x05\x00")
            address_type = self.rfile.read(4)[3]
            length = 4 if address_type == 1 else self.rfile.read(1)[0]
            raw = self.rfile.read(length)
            host = socket.inet_ntoa(raw) if address_type == 1 else raw.decode()
            port = int.from_bytes(self.rfile.read(2), "big")
            wire.heads.append(f"{host}:{port}")
            with socket.create_connection((host, port), ENOUGH_SECONDS) as far:
                self.wfile.write(b"\x05\x00\x00\x01" + b"\x00" * 6)
                _pass_on(self.connection, far)

    with _serving(Handler) as port:
        wire = Wire(port)
        yield wire


def _head(stream) -> tuple[str, dict[str, str], bytes] | None:
    first = stream.readline().decode().strip()
    if not first:
        return None
    headers = {}
    while line := stream.readline().decode().strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return first, headers, stream.read(int(headers.get("content-length", 0)))


def _pass_on(near: socket.socket, far: socket.socket) -> None:
    def copy(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    back = threading.Thread(target=copy, args=(far, near), daemon=True)
    back.start()
    copy(near, far)
    back.join(ENOUGH_SECONDS)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    tls: ssl.SSLContext | None = None

    def finish_request(self, request, client_address) -> None:
        """In the connection's own thread, where a handshake keeps nobody else waiting."""
        if self.tls is not None:
            request = self.tls.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)
        if self.tls is not None:
            request.close()

    def handle_error(self, *_: object) -> None:
        """A client that has gone is what many of these tests are about."""


@contextmanager
def _serving(
    handler: type[socketserver.StreamRequestHandler], tls: ssl.SSLContext | None = None
) -> Iterator[int]:
    with _Server(("127.0.0.1", 0), handler) as server:
        server.tls = tls
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
