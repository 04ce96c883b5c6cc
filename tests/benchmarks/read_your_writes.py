"""From a command to its effect in `get_session_info`, over HTTP, as a client sees it."""

from statistics import median
from time import perf_counter

from tests.benchmarks.scratch import scratch_server
from tests.benchmarks.wire import SERVE, Caller, serving

ROUNDS = 200
TARGET_MILLISECONDS = 10


def run() -> None:
    with scratch_server() as scratch:
        token = scratch.add_token("bench")
        with serving(SERVE, scratch.env) as server:
            call = Caller(server.port, token)
            taken = [_round(call, ("paper", "kite")[n % 2]) for n in range(ROUNDS)]
            alone = [_alone(call) for _ in range(ROUNDS)]
    slowest = sorted(taken)[int(ROUNDS * 0.99)]
    print(
        f"read your writes: from the answer of a command to its effect in get_session_info median "
        f"{median(taken) * 1000:.1f} ms, 99th percentile {slowest * 1000:.1f} ms (median at most "
        f"{TARGET_MILLISECONDS}); get_session_info without a command before it "
        f"{median(alone) * 1000:.1f} ms"
    )


def _round(call: Caller, broker: str) -> float:
    call("set_active_broker", {"broker": broker})
    started = perf_counter()
    answer = call("get_session_info")
    taken = perf_counter() - started
    shown = answer["structuredContent"]
    assert isinstance(shown, dict)
    if shown["activeBroker"] != broker or shown["stale"]:
        raise RuntimeError(f"{broker} was chosen and {shown} was shown")
    return taken


def _alone(call: Caller) -> float:
    started = perf_counter()
    call("get_session_info")
    return perf_counter() - started


if __name__ == "__main__":
    run()
