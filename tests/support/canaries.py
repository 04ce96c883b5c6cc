"""Values unlike anything else, and the search for them in whatever a program leaves behind.

A value counts as found when twenty of its characters stand together anywhere: as they are,
reversed, or in one of the forms in which programs write what they do not mean to show.
"""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from urllib.parse import quote, quote_plus

GRAM = 12
STRIDE = 9
FRAGMENT = GRAM + STRIDE - 1
"""Every window of `GRAM` characters is known, every ninth place is looked at: so many characters
in a row are never missed."""

CROSS = '+/"\\&=%'
"""What each of these forms writes in a way of its own."""


@dataclass(frozen=True)
class Canary:
    """`slot` says where it was put; `shown_in`, in which kinds of evidence it has to be."""

    slot: str
    value: str
    shown_in: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Evidence:
    """Something that was left or said: `kind` (reply, file, log, ...), where, and all its bytes."""

    kind: str
    where: str
    content: bytes


@dataclass(frozen=True)
class Finding:
    slot: str
    form: str
    kind: str
    where: str
    around: str


def forms_of(value: str) -> dict[str, bytes]:
    """The value as programs write it."""
    raw = value.encode()
    found = {
        "raw": raw,
        "reversed": raw[::-1],
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
        # Without the last zero it fits both byte orders.
        "utf-16": value.encode("utf-16-le")[:-1],
        "url": quote(value, safe="").encode(),
        "form": quote_plus(value).encode(),
        "url of url": quote(quote(value, safe=""), safe="").encode(),
        "json": json.dumps(value)[1:-1].encode(),
        "json in json": json.dumps(json.dumps(value))[3:-3].encode(),
        "html": escape(value).encode(),
    }
    for shift in range(3):
        # The first and the last letters depend on what stands beside the value.
        first, last = (4 if shift else 0), (len(raw) + shift) // 3 * 4
        coded = base64.b64encode(b"\0" * shift + raw)[first:last]
        found[f"base64 at {shift}"] = coded
        found[f"url base64 at {shift}"] = coded.translate(bytes.maketrans(b"+/", b"-_"))
    return found


class Canaries:
    """All that were put somewhere."""

    def __init__(self) -> None:
        self.known: dict[str, Canary] = {}

    def mint(self, slot: str, *shown_in: str, length: int = 32, cross: bool = False) -> str:
        """A new value for a slot, the same in every run: letters and digits, with `cross` others
        as well."""
        digest = hashlib.sha512(slot.encode()).digest()
        plain = re.sub("[^A-Za-z0-9]", "", base64.b64encode(digest).decode())[:length]
        value = f"{plain[:20]}{CROSS}{plain[20:]}" if cross else plain
        return self.note(slot, value, *shown_in)

    def mint_account(self, slot: str, *shown_in: str) -> str:
        """A user's name as the brokers make them."""
        return self.note(slot, hashlib.sha512(slot.encode()).hexdigest()[:20].upper(), *shown_in)

    def note(self, slot: str, value: str, *shown_in: str) -> str:
        """A value that somebody else has made."""
        known = self.known.get(value)
        kinds = known.shown_in if known else frozenset()
        first_slot = known.slot if known else slot
        self.known[value] = Canary(first_slot, value, kinds.union(shown_in))
        return value

    def search(self, evidence: list[Evidence]) -> Iterator[Finding]:
        """Where one is that has no business there."""
        long = [c for c in self.known.values() if len(c.value) >= FRAGMENT]
        short = [c for c in self.known.values() if len(c.value) < FRAGMENT]
        grams = _grams(long)
        for each in evidence:
            for at in _places(each.content, grams):
                yield from _finding(grams[each.content[at : at + GRAM]], each, at)
            for canary in short:
                if found := _looks_like(canary.value)(each.content):
                    yield from _finding([(canary, "raw")], each, found.start())


def _grams(canaries: list[Canary]) -> dict[bytes, list[tuple[Canary, str]]]:
    index: dict[bytes, list[tuple[Canary, str]]] = {}
    for canary in canaries:
        for form, written in forms_of(canary.value).items():
            for at in range(len(written) - GRAM + 1):
                index.setdefault(written[at : at + GRAM], []).append((canary, form))
    return index


def _places(content: bytes, grams: dict[bytes, list[tuple[Canary, str]]]) -> Iterator[int]:
    places = range(0, len(content) - GRAM + 1, STRIDE)
    return (at for at in places if content[at : at + GRAM] in grams)


def _looks_like(value: str) -> Callable[[bytes], re.Match[bytes] | None]:
    """Codes are too short for windows: as a whole word, with or without their hyphen."""
    words = "|".join({re.escape(value), re.escape(value.replace("-", ""))})
    return re.compile(rf"(?<![0-9A-Za-z.])(?:{words})(?![0-9A-Za-z])".encode()).search


def _finding(owners: list[tuple[Canary, str]], where: Evidence, at: int) -> Iterator[Finding]:
    """Where a value was found that several share the beginning of, it is that of all of them."""
    if any(where.kind in canary.shown_in for canary, _ in owners):
        return
    around = where.content[max(0, at - 60) : at + 60].decode("latin-1")
    canary, form = owners[0]
    yield Finding(canary.slot, form, where.kind, where.where, around)
