"""A far side that behaves badly: it says back, in every part of an answer, all that it was sent.

It can be a proxy on the way to the simulator, or stand in the simulator's place and hand on to it.

Brokers, gateways and captive portals quote requests in their errors; none may be believed not to.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

import httpx2

from infrastructure.simulator.proof import PROOF_PATH, proof

Manner = Literal[
    "forward",  # as a good proxy: what the far side says
    "refuse",  # the broker's own error shape, with the request as its words
    "fail",  # the same under 500
    "ask for a password",  # 407
    "redirect",  # 302 to an address that holds the request
    "bad status line",  # the request instead of a status
    "bad header",  # a header line without a colon that holds the request
    "bad body",  # a good status and a body that is no JSON
    "bad length",  # a Content-Length that is the request
    "strange letters",  # a yes, whose token and account no database and no header can hold
    "hang",  # nothing, until `release`
]
BAD_MANNERS: tuple[Manner, ...] = (
    "refuse",
    "fail",
    "ask for a password",
    "redirect",
    "bad status line",
    "bad header",
    "bad body",
    "bad length",
    "strange letters",
)


DULL = ("Host", "User-Agent", "Accept", "Accept-Encoding", "Connection", "Content-Type")


class EchoingProxy:
    """`manner` is how the next requests are answered; `yes` holds answers of its own by the end
    of their path; `heard` is all that ever came in."""

    def __init__(self, behind: str, key: bytes) -> None:
        """`behind`: whom requests are for that name nobody, as those to a proxy do. `key`: what a
        simulator proves itself with; without a proof, no order would be sent here."""
        self.behind = behind
        self._key = key
        self.manner: Manner = "forward"
        self.yes: dict[str, object] = {}
        self.heard: list[str] = []
        self.address = ""
        self._released = threading.Event()

    def release(self) -> None:
        """Whoever hangs is left without an answer."""
        self._released.set()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        length = int(request.headers.get("content-length") or 0)
        body = request.rfile.read(length)
        # What is worth something comes first: whoever keeps words of a broker keeps the first ones.
        headers = dict(sorted(request.headers.items(), key=lambda each: each[0] in DULL))
        told = f"{headers} {request.requestline} {body.decode('latin-1')}"
        self.heard.append(told)
        request.close_connection = True
        url = urlsplit(request.path)
        if url.path == PROOF_PATH:
            asked = dict(parse_qsl(url.query))
            proved = proof(self._key, asked["broker"], asked["nonce"], request.headers["host"])
            request.wfile.write(_whole(200, json.dumps({"proof": proved})))
        elif self.manner == "forward":
            self._forward(request, body)
        elif self.manner == "hang":
            self._released.wait(60)
        else:
            request.wfile.write(_badly(self.manner, urlsplit(request.path).path, told))

    def _forward(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        path = urlsplit(request.path).path
        for end, said in self.yes.items():
            if path.endswith(end):
                request.wfile.write(_whole(200, json.dumps(said)))
                return
        hop = ("connection", "proxy-authorization", "content-length", "accept-encoding")
        headers = {k: v for k, v in request.headers.items() if k.lower() not in hop}
        url = request.path if "://" in request.path else self.behind + request.path
        answer = httpx2.request(
            request.command, url, content=body, headers=headers, trust_env=False
        )
        request.wfile.write(_whole(answer.status_code, answer.text))


def _badly(manner: Manner, path: str, told: str) -> bytes:
    line = told.replace("\r", " ").replace("\n", " ")
    match manner:
        case "refuse":
            return _whole(400 if "order" in path else 403, _refusal(path, told))
        case "fail":
            return _whole(500, _refusal(path, told))
        case "ask for a password":
            return _whole(407, _refusal(path, told), f"Proxy-Authenticate: Basic realm={line}")
        case "redirect":
            return _whole(302, "", f"Location: http://127.0.0.1:9/?{line.replace(' ', '+')}")
        case "bad status line":
            return f"HTTP/1.1 {line}\r\n\r\n".encode()
        case "bad header":
            return _whole(200, _refusal(path, told), line.replace(":", " "))
        case "bad body":
            return _whole(200, f"<html>{told}</html>")
        case "bad length":
            return f"HTTP/1.1 200 OK\r\nContent-Length: {line}\r\n\r\n{told}".encode()
    return _whole(200, _strange(told))


def _refusal(path: str, told: str) -> str:
    """What each broker calls an error, all in one; the SDKs look at their own only."""
    message = f"Order rejected: insufficient funds. You sent {told}"
    return json.dumps(
        {
            "status": "FAILURE" if path.startswith("/v1/") else "error",
            "error_type": "OrderException" if "order" in path else "TokenException",
            "message": message,
            "errorType": "Input_Exception",
            "errorCode": "DH-905",
            "errorMessage": message,
            "error": {"code": "GA001", "message": message},
        }
    )


def _strange(told: str) -> str:
    """Half of a letter, which JSON can hold and UTF-8 can not."""
    odd = "\ud800" + told[-400:]
    kite = {"user_id": odd, "user_name": odd, "access_token": odd}
    groww = {"ucc": odd}
    return json.dumps(
        {"status": "success", "data": kite, "payload": groww, "token": odd}
        | {"accessToken": odd, "dhanClientId": odd, "dhanClientName": odd}
    )


def _whole(status: int, body: str, *headers: str) -> bytes:
    content = body.encode()
    lines = [
        f"HTTP/1.1 {status} Said",
        "Content-Type: application/json",
        *headers,
        f"Content-Length: {len(content)}",
        "Connection: close",
    ]
    return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + content


@contextmanager
def echoing_proxy(behind: str, key: bytes) -> Iterator[EchoingProxy]:
    """One on a free port of this machine, for the length of a `with` block."""
    proxy = EchoingProxy(behind, key)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            proxy.answer(self)

        do_POST = do_PUT = do_DELETE = do_GET

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        proxy.address = f"127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()
