"""A client without a model. It chooses every call by the words of `tools/list` and of the last
reply, never by a name that a task tells it: what it finds, a model can find."""

import ast
import json
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from mcp.types import Tool

from tests.mcp_interface.people import Answer, Person
from tests.support.listings import BYTES_A_TOKEN

WORD: Final = re.compile(r"[a-z]+")
CALL: Final = re.compile(r"\b([a-z]+(?:_[a-z]+)+)\(([^()]*)\)")
"""A call as our texts write it: `get_order(order_key='k')`."""
VALUE: Final = re.compile(r"\b([a-z_]+)=('[^']*'|[0-9.]+|True|False|true|false)")
AS_BEFORE: Final = "same arguments"
"""What a reply says of a call that repeats the last one."""
IDLE: Final = frozenset(
    WORD.findall(
        "a all am an and are at by can did do does for from have how i in is it many me much my no "
        "not now of on or please that the there these they this to was what when where which who"
    )
)
MEANT: Final = {"buy": "place", "sell": "place", "hold": "holding"}
"""What people say, and the word that the tools have for it."""
SAME: Final[dict[str, tuple[str, ...]]] = {
    "share": ("trading_symbol", "symbol", "symbols", "underlying"),
    "shares": ("symbols",),
    "side": ("transaction_type",),
    "since": ("from_date",),
    "order": ("order_key", "order_id"),
}
"""What people say, and the arguments that mean it."""


class Lost(AssertionError):
    """The words of the tools do not say what to call, or with what."""


@dataclass
class Agent:
    """`reply` is the last one. `called` and `tokens` are what the task has cost so far: arguments
    and texts, in bytes of JSON and UTF-8 by four; the list of tools is read once and not counted.

    `token` is the person's own: it signs them in on our pages, and no call of the client sees it.
    `account` is theirs at every broker.
    """

    person: Person
    token: str = field(repr=False)
    account: str
    tools: Sequence[Tool]
    reply: Answer | None = None
    called: list[str] = field(default_factory=list)
    tokens: int = 0
    _given: dict[str, object] = field(default_factory=dict)

    async def wish(self, words: str, **facts: object) -> Answer:
        """What a person asks for, with the facts that they name."""
        tool = self._meant(words)
        return await self._call(tool.name, _arguments(tool, facts))

    async def follow(self, earlier: Answer | None = None, **facts: object) -> Answer:
        """Make the call that the last reply, or an earlier one, tells to make next: of several the
        first that takes the facts, which are what only the person can know. The rest comes from
        the reply itself, or from the call before where the reply says that it stays the same.
        """
        text = earlier.text if earlier else self.text
        words = text.rpartition("Next: ")[2]
        named = CALL.findall(words) or CALL.findall(text)
        if not named:
            raise Lost(f"The reply names no next call: {text}")
        before = self._given if AS_BEFORE in words else {}
        reasons = []
        for name, inside in named:
            told = {key: _plain(value) for key, value in VALUE.findall(inside)}
            try:
                arguments = _arguments(self._listed(name), {**before, **told, **facts})
            except Lost as e:
                reasons.append(str(e))
                continue
            return await self._call(name, arguments)
        raise Lost("; ".join(reasons))

    async def again(self, **facts: object) -> Answer:
        """The last call once more, with what is different now."""
        tool = self._listed(self.called[-1])
        return await self._call(tool.name, {**self._given, **_arguments_of(tool, facts)})

    def heard(self, pattern: str) -> str:
        """A part of the last reply's text."""
        found = re.search(pattern, self.text)
        if found is None:
            raise Lost(f"{pattern} is not in: {self.text}")
        return found[1]

    def cost(self, *, calls: int, tokens: int) -> None:
        """What the task took: exactly so many calls, and at most so many tokens."""
        assert len(self.called) == calls, self.called
        assert self.tokens <= tokens, (self.tokens, self.called)

    @property
    def text(self) -> str:
        assert self.reply is not None, "nothing was asked yet"
        return self.reply.text

    def _listed(self, name: str) -> Tool:
        tool = next((tool for tool in self.tools if tool.name == name), None)
        if tool is None:
            raise Lost(f"{name} is not listed")
        return tool

    def _meant(self, words: str) -> Tool:
        """The tool whose words are nearest: rare ones weigh more, and those of its name most."""
        wanted = set(_words(words))
        told = {tool.name: _weights(tool) for tool in self.tools}
        having = Counter(word for weights in told.values() for word in weights)
        score = {
            name: sum(
                weights[word] * math.log(len(told) / having[word])
                for word in wanted & weights.keys()
            )
            for name, weights in told.items()
        }
        best, second = sorted(self.tools, key=lambda tool: score[tool.name], reverse=True)[:2]
        if score[best.name] <= score[second.name]:
            raise Lost(f"'{words}' could mean {best.name} or {second.name}")
        return best

    async def _call(self, name: str, arguments: dict[str, object]) -> Answer:
        self.reply = await self.person.try_to(name, **arguments)
        self.called.append(name)
        self._given = arguments
        said = json.dumps(arguments, separators=(",", ":")) + self.reply.text
        self.tokens += -(-len(said.encode()) // BYTES_A_TOKEN)
        return self.reply


def _arguments(tool: Tool, facts: Mapping[str, object]) -> dict[str, object]:
    given = _arguments_of(tool, facts)
    if missing := set(tool.input_schema.get("required", [])) - given.keys():
        raise Lost(f"{tool.name} wants {', '.join(sorted(missing))}, and nobody said so")
    return given


def _arguments_of(tool: Tool, facts: Mapping[str, object]) -> dict[str, object]:
    """The facts under the names that the tool has for them."""
    fields: dict[str, Any] = tool.input_schema.get("properties", {})  # Any: JSON
    given: dict[str, object] = {}
    for said, value in facts.items():
        name = next((n for n in (said, *SAME.get(said, ())) if n in fields), None)
        if name is None:
            raise Lost(f"{tool.name} takes no {said}; it takes {', '.join(fields)}")
        many = fields[name].get("type") == "array" and not isinstance(value, list)
        given[name] = [value] if many else value
    return given


def _words(text: str) -> list[str]:
    said = [_stem(word) for word in WORD.findall(text.lower()) if word not in IDLE]
    return [MEANT.get(word, word) for word in said]


def _stem(word: str) -> str:
    """`orders` and `order` are one word."""
    return word[:-1] if word.endswith("s") and len(word) > 3 else word


def _weights(tool: Tool) -> Counter[str]:
    weights: Counter[str] = Counter()
    for text, weight in ((tool.name, 3), (tool.title or "", 2), (tool.description or "", 1)):
        for word in set(_words(text)):
            weights[word] += weight
    return weights


def _plain(text: str) -> object:
    return ast.literal_eval(text.capitalize() if text in ("true", "false") else text)
