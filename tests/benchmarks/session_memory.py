"""What a live session keeps in the server's memory: 10,000 people call for the first time."""

from tests.benchmarks.scratch import scratch_server
from tests.benchmarks.wire import SERVE, Caller, serving

PEOPLE = 10_000
WARM_UP = 1_000
TARGET_BYTES = 1024


def run() -> None:
    with scratch_server() as scratch:
        tokens = scratch.add_tokens(PEOPLE + WARM_UP)
        with serving(SERVE, scratch.env) as server:
            _call_each(server.port, tokens[:WARM_UP])
            before = server.rss_kib()
            _call_each(server.port, tokens[WARM_UP:])
            after = server.rss_kib()
    each = (after - before) * 1024 / PEOPLE
    print(
        f"memory: {PEOPLE} sessions opened over HTTP took RSS from {before} to {after} KiB, "
        f"{each:.0f} bytes each (at most {TARGET_BYTES}; the seed says 2 MB)"
    )


def _call_each(port: int, tokens: list[str]) -> None:
    for token in tokens:
        caller = Caller(port, token)
        caller("get_session_info")
        caller.close()


if __name__ == "__main__":
    run()
