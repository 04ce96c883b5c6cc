"""How the value of a risk limit is written and read: as text, since that is how an operator types
it, the environment holds it, and a fact stores it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Generic, TypeVar, get_args

from domain.vocabulary import Exchange, Product

T = TypeVar("T")

MOST_NAMES: Final = 50
"""In one list: a denial tells the whole list that it goes by."""
EXCHANGES: Final[tuple[Exchange, ...]] = get_args(Exchange)
_SYMBOL: Final = re.compile(rf"({'|'.join(EXCHANGES)}):[A-Z0-9][A-Z0-9 &_-]{{0,49}}")
_AMOUNT: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,2})?")
_COUNT: Final = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True)
class Kind(Generic[T]):
    """`takes` says what a person may write; `read` raises ValueError for anything else."""

    takes: str
    read: Callable[[str], T]
    write: Callable[[T], str]


def amount(least: Decimal, most: Decimal, unit: str) -> Kind[Decimal]:
    """A number with at most two places, both ends included."""

    def read(text: str) -> Decimal:
        number = Decimal(text) if _AMOUNT.fullmatch(text) else None
        if number is None or not least <= number <= most:
            raise ValueError(text)
        return number

    return Kind(f"{unit} from {least} to {most}, as plain digits", read, lambda n: f"{n:f}")


def count(least: int, most: int, unit: str) -> Kind[int]:
    """A whole number, both ends included."""

    def read(text: str) -> int:
        number = int(text) if _COUNT.fullmatch(text) else None
        if number is None or not least <= number <= most:
            raise ValueError(text)
        return number

    return Kind(f"{unit} from {least} to {most}, as plain digits", read, str)


def one_of(*words: str) -> Kind[str]:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError(text)
        return text

    return Kind(f"one of {', '.join(words)}", read, str)


def some_of(words: Sequence[str], what: str) -> Kind[tuple[str, ...]]:
    """At least one of them."""

    def read(text: str) -> tuple[str, ...]:
        names = _names(text)
        if not set(names) <= set(words):
            raise ValueError(text)
        return names

    return Kind(f"{what} with | between them, of {', '.join(words)}", read, "|".join)


def symbols(none_of_them: str) -> Kind[tuple[str, ...]]:
    """`NSE:INFY`; of contracts `NFO:NIFTY` is all on that underlying. `none_of_them` is the word
    for an empty list."""

    def read(text: str) -> tuple[str, ...]:
        if text == none_of_them:
            return ()
        names = _names(text)
        if not all(map(_SYMBOL.fullmatch, names)):
            raise ValueError(text)
        return names

    return Kind(
        f"'{none_of_them}', or up to {MOST_NAMES} names such as NSE:INFY or NFO:NIFTY with | "
        "between them",
        read,
        lambda names: "|".join(names) or none_of_them,
    )


def _shares_by_symbol() -> Kind[Mapping[str, int]]:
    def read(text: str) -> Mapping[str, int]:
        if text == "none":
            return {}
        found = {}
        for each in _names(text):
            name, _, shares = each.rpartition(":")
            if not _SYMBOL.fullmatch(name) or not _COUNT.fullmatch(shares) or int(shares) < 1:
                raise ValueError(text)
            found[name] = int(shares)
        return found

    return Kind(
        "'none', or names with shares such as NFO:NIFTY:1800 with | between them",
        read,
        lambda table: "|".join(f"{name}:{shares}" for name, shares in table.items()) or "none",
    )


def _yes_or_no() -> Kind[bool]:
    def read(text: str) -> bool:
        return one_of("yes", "no").read(text) == "yes"

    return Kind("one of yes, no", read, lambda yes: "yes" if yes else "no")


def _names(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(part.strip() for part in text.split("|")))
    if len(names) > MOST_NAMES or "" in names:
        raise ValueError(text)
    return names


INR: Final = amount(Decimal(1), Decimal(10) ** 11, "rupees")
PERCENT: Final = amount(Decimal("0.1"), Decimal(100), "percent")
SYMBOLS_OR_ALL: Final = symbols("all")
SYMBOLS_OR_NONE: Final = symbols("none")
SOME_EXCHANGES: Final = some_of(EXCHANGES, "exchanges")
SOME_PRODUCTS: Final = some_of(get_args(Product), "products")
SHARES_BY_SYMBOL: Final = _shares_by_symbol()
YES_OR_NO: Final = _yes_or_no()
