"""Everything that goes wrong between a broker and its customer, on demand.

`drop_before`, `status:*` and `reject` never reach the exchange. All others answer badly *after* the
exchange has acted, so that an order exists whose sender cannot know it.
"""

from dataclasses import dataclass
from threading import Lock
from typing import Final, Literal, get_args

FaultKind = Literal[
    "drop_before",  # the connection closes; nothing has happened
    "drop_after",  # the connection closes; it has happened
    "delay",  # delay:<seconds>: it happens at once, the answer comes late
    "status",  # status:<code>: refused with the broker's own error body
    "reject",  # refused with status 400 and with words of the test's own
    "html502",  # a gateway's error page
    "truncated",  # the body stops half way
    "no_content_type",  # a right answer without its Content-Type
    "json_list",  # a right answer inside a JSON array
    "empty",  # the status and no body
    "wrong_shape",  # right JSON of another shape: its data are null, or all of it is a string
    "expire_token",  # a right answer, after which the caller's token is no good any more
    "dribble",  # dribble:<seconds>: the body comes in ten pieces over this time
    "hang",  # it has happened; no answer ever comes, and the line stays open
]
KINDS: tuple[FaultKind, ...] = get_args(FaultKind)
_WITH_ARGUMENT = ("delay", "status", "dribble")


@dataclass(kw_only=True)
class Fault:
    """What happens to the next `calls` requests that match; `None` matches everything."""

    kind: FaultKind
    argument: float = 0
    words: str = ""
    route: str = "/"
    method: str | None = None
    user: str | None = None
    calls: int = 1

    def matches(self, method: str, path: str, user: str | None) -> bool:
        return (
            path.startswith(self.route)
            and self.method in (None, method)
            and self.user in (None, user)
        )


_MOST: Final = 86_400


def parse_fault(spelled: str) -> tuple[FaultKind, float]:
    """Read `drop_after`, `delay:0.5`, `dribble:3` or `status:429`.

    Raises:
        ValueError: no such fault.
    """
    name, _, argument = spelled.partition(":")
    for kind in KINDS:
        if kind == name and bool(argument) == (kind in _WITH_ARGUMENT):
            number = float(argument or 0)
            if 0 <= number <= _MOST:
                return kind, number
    raise ValueError(f"There is no fault {spelled!r}. Next: use one of {', '.join(KINDS)}.")


class Faults:
    """The faults still to come, in the order in which they were asked for."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._coming: list[Fault] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._coming.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._coming.clear()

    def take(self, method: str, path: str, user: str | None) -> Fault | None:
        with self._lock:
            for fault in self._coming:
                if fault.matches(method, path, user):
                    fault.calls -= 1
                    if fault.calls <= 0:
                        self._coming.remove(fault)
                    return fault
            return None
