"""Stop trading at once, for everybody, one person or one account; and let it go on.

Arming is one event. Every dispatch has the three switches as guards, so nothing is dispatched after
it in the order of the log, on any instance.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from application.writer import Context, Loaded, Writer
from domain.events import Event
from domain.streams import GLOBAL_SWITCH, account_switch_stream, user_switch_stream
from domain.switches import Switch, fold_switch, halt, resume
from domain.vocabulary import SwitchScope


class Which(NamedTuple):
    """`of`: nothing for everybody, a principal for a user, a fingerprint for an account."""

    scope: SwitchScope
    of: UUID | str | None = None

    @property
    def stream(self) -> UUID:
        match self.scope, self.of:
            case "global", None:
                return GLOBAL_SWITCH
            case "user", UUID():
                return user_switch_stream(self.of)
            case "account", str():
                return account_switch_stream(self.of)
            case _:
                raise AssertionError(f"{self.of!r} is nothing that {self.scope} can be of")


class Stood(NamedTuple):
    """How a switch stands. `version` counts its facts: a yes to letting trading go on is good for
    the version that it was asked at, and so only once. `since`: where trading is halted, when it
    was. `changed`: by this very call."""

    switch: Switch
    version: int
    since: datetime | None = None
    changed: bool = False
    position: int = 0


def _stood(stream: Loaded, changed: bool = False, position: int = 0) -> Stood:
    switch = fold_switch(stream.events)
    since = stream.last_recorded_at if switch.halted else None
    return Stood(switch, stream.version, since, changed, position)


@dataclass(frozen=True, kw_only=True)
class KillSwitch:
    """Whoever calls has checked who asks: a person for their own, an operator for all."""

    writer: Writer

    def look(self, which: Which) -> Stood:
        return _stood(self.writer.load(which.stream))

    def arm(self, context: Context, which: Which, reason: str, by: UUID | None) -> Stood:
        """Stop trading; nothing changes where it is stopped already."""
        return self._decide(context, which, lambda switch, _: halt(switch, which.scope, reason, by))

    def disarm(
        self,
        context: Context,
        which: Which,
        reason: str,
        by: UUID | None,
        at_version: int | None = None,
    ) -> Stood:
        """Let trading go on. With `at_version` only if nothing has happened to the switch since."""

        def decision(switch: Switch, version: int) -> list[Event]:
            if at_version is not None and at_version != version:
                return []
            return resume(switch, which.scope, reason, by)

        return self._decide(context, which, decision)

    def _decide(
        self, context: Context, which: Which, decision: Callable[[Switch, int], list[Event]]
    ) -> Stood:
        stream = which.stream
        written = self.writer.decide(
            context,
            [stream],
            lambda s: [decision(fold_switch(s[0].events), s[0].version)],
            shared=() if which.scope == "user" else (stream,),
        )
        after = written.streams[0]
        position = written.position or self.writer.head_of(after)
        return _stood(after, written.position is not None, position)
