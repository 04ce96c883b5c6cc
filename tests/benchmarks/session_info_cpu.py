"""What `get_session_info` costs the server, against a tool that returns a constant."""

import socket
from statistics import median

from tests.benchmarks.scratch import scratch_server
from tests.benchmarks.wire import Caller, Server, serving

CALLS = 400
ROUNDS = 7
TARGET = 2.5


def run() -> None:
    with scratch_server() as scratch:
        token = scratch.add_token("bench")
        port = _free_port()
        with (
            serving(
                ["-m", "mcp_interface.cli", "serve", "--port", "0", "--json"], scratch.env
            ) as ours,
            serving(["-m", "tests.benchmarks.bare_server", str(port)], scratch.env) as bare,
        ):
            call_ours, call_bare = Caller(ours.port, token), Caller(bare.port, token)
            for _ in range(100):
                call_ours("get_session_info")
                call_bare("constant")
            mine: list[float] = []
            theirs: list[float] = []
            for _ in range(ROUNDS):
                mine.append(_cost(ours, call_ours, "get_session_info"))
                theirs.append(_cost(bare, call_bare, "constant"))
    ratio = median(m / t for m, t in zip(mine, theirs, strict=True))
    print(
        f"get_session_info: {median(mine) * 1e6:.0f} us of server CPU a call, a bare SDK tool "
        f"{median(theirs) * 1e6:.0f} us; {ratio:.2f} times (at most {TARGET})"
    )


def _cost(server: Server, call: Caller, tool: str) -> float:
    before = server.cpu_seconds()
    for _ in range(CALLS):
        call(tool)
    return (server.cpu_seconds() - before) / CALLS


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


if __name__ == "__main__":
    run()
