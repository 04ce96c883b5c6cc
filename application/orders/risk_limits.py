"""Whose limits are what: the configuration's, with what an operator set for one person."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from application.writer import Context, Writer
from domain.control_events import RiskLimitsChanged
from domain.errors import InvalidArgument
from domain.limits import RiskLimits, with_changes
from domain.streams import risk_limits_stream

MOST_REASON_CHARACTERS = 200


@dataclass(frozen=True, kw_only=True)
class RiskPolicy:
    """`defaults` are the configuration's; what it says is good for everybody without another."""

    writer: Writer
    defaults: RiskLimits

    def of(self, principal: UUID, also: Mapping[str, str | None] | None = None) -> RiskLimits:
        """This person's limits now; `also` are changes that nobody has stored.

        Raises:
            InvalidArgument: a limit of `also` is unknown or has a value that it cannot have.
        """
        return with_changes(self.defaults, {**self.changes(principal), **(also or {})})

    def changes(self, principal: UUID) -> dict[str, str | None]:
        """What was set for this person, by limit, the newest last; `None` was taken back."""
        changes: dict[str, str | None] = {}
        for event in self.writer.load(risk_limits_stream(principal)).events:
            if isinstance(event, RiskLimitsChanged):
                changes.update(event.changes)
        return changes

    def set(
        self,
        context: Context,
        principal: UUID,
        changes: Mapping[str, str | None],
        reason: str,
    ) -> RiskLimits:
        """Give this person limits of their own, or (`None`) the configuration's again; answer with
        the limits as they are then. They hold from the next order on.

        Raises:
            InvalidArgument: nothing to change, no reason, or see `of`; nothing was stored.
        """
        if not changes:
            raise InvalidArgument("No limit was named. Next: write limit=value.")
        if not 0 < len(reason) <= MOST_REASON_CHARACTERS or not reason.isprintable():
            raise InvalidArgument(
                f"A reason has 1 to {MOST_REASON_CHARACTERS} printable characters. Next: say why."
            )
        with_changes(self.defaults, changes)
        fact = RiskLimitsChanged(changes=dict(changes), reason=reason)
        by_operator = replace(context, principal=principal, actor="operator")
        self.writer.decide(by_operator, [risk_limits_stream(principal)], lambda _: [[fact]])
        return self.of(principal)
