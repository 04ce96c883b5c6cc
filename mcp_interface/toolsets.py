"""Which tools `tools/list` shows to whom. What it leaves out stays callable: a list is read by a
model before every task and costs it room; it protects nothing."""

from dataclasses import dataclass

from infrastructure.identity import Identity
from infrastructure.settings import Toolset


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What a tool asks of its caller, where it belongs, and which arguments it knows."""

    scope: str
    toolsets: frozenset[Toolset]
    arguments: frozenset[str]

    @property
    def writes(self) -> bool:
        return self.scope == "trade"


@dataclass(frozen=True, kw_only=True)
class Listing:
    """The operator's choice, for every caller. `read_only` wins over everything."""

    toolsets: frozenset[Toolset]
    read_only: bool

    def shows(self, rule: Rule, identity: Identity) -> bool:
        """Whether a tool is worth telling of: chosen, and the call would not be refused."""
        refused = (self.read_only and rule.writes) or rule.scope not in identity.scopes
        return bool(rule.toolsets & self.toolsets) and not refused
