"""What tools answer with: camelCase fields, money as decimal strings, instants in IST."""

import re
from collections.abc import Iterator
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Annotated, Any, Final, Literal, get_args, overload
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from domain.instants import outside, spoken

CURRENCY: Final = "INR"
SHORT_ID: Final = 8
A_SCREENFUL: Final = 20
"""Lines of a text. The data has all."""

Form = Annotated[
    Literal["concise", "detailed"], Field(description="Of the text; the data is always whole.")
]
"""The argument `response_format`: a screenful, or a line for every row of the page."""


class FromOutside:
    """Marks a field."""


Outside = Annotated[str | None, FromOutside()]
"""What a broker or a person wrote, in any words: data, and never a line of ours. Answers that may
hold it say so in their `_meta`."""
MARK: Final = "unified-trading-server/from-outside"
MOST_QUOTED: Final = 160
"""Characters of such words in a text. The data has all."""
LONGEST_NAME: Final = 60
_PLAIN: Final = re.compile(r"[A-Za-z0-9&._/-]{1,60}(?: [A-Za-z0-9&._/-]{1,20}){0,3}")


class Result(BaseModel):
    """Field names leave as camelCase."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


@cache
def outside_fields(model: type[BaseModel]) -> tuple[str, ...]:
    """The fields of an answer, and of all in it, that hold words from outside; sorted."""
    return tuple(sorted(set(_outside_fields(model))))


def _outside_fields(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        if any(isinstance(each, FromOutside) for each in field.metadata):
            yield field.alias or name
        for each in _models_in(field.annotation):
            yield from _outside_fields(each)


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:  # Any: a type, of whatever kind
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for each in get_args(annotation):
        yield from _models_in(each)


@overload
def money(amount_inr: Decimal) -> str: ...
@overload
def money(amount_inr: Decimal | None) -> str | None: ...
def money(amount_inr: Decimal | None) -> str | None:
    """A decimal string with two places; paise are never lost to a float."""
    if amount_inr is None:
        return None
    return str(amount_inr.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP))


def rupees(amount_inr: Decimal) -> str:
    """`₹1,00,000.00`: with the rupee sign and Indian grouping, for texts."""
    whole, paise = money(abs(amount_inr)).split(".")
    head, tail = whole[:-3], whole[-3:]
    groups: list[str] = []
    while head:
        groups.insert(0, head[-2:])
        head = head[:-2]
    sign = "-" if amount_inr < 0 else ""
    return f"{sign}₹{','.join([*groups, tail])}.{paise}"


@overload
def when(instant: datetime) -> str: ...
@overload
def when(instant: datetime | None) -> str | None: ...
def when(instant: datetime | None) -> str | None:
    return outside(instant) if instant else None


def one_line(text: str) -> str:
    """Without line breaks and what cannot be seen: words from outside begin no line of ours."""
    return "".join(c if c.isprintable() else " " for c in text)


def quoted(words: str, most: int = MOST_QUOTED) -> str:
    """Words from outside, for a text of ours: on one line, bounded, and without a quote that would
    end them."""
    plain = " ".join(one_line(words).replace('"', "'").split())
    return f'"{plain}"' if len(plain) <= most else f'"{plain[: most - 1]}…"'


def plainly(name: str) -> str:
    """A symbol or an id from a broker as it is; quoted where it could be read as more."""
    return name if _PLAIN.fullmatch(name) else quoted(name, LONGEST_NAME)


def wrote(broker: str, words: str, most: int = MOST_QUOTED) -> str:
    """`Kite wrote: "Insufficient funds."`"""
    return f"{broker.capitalize()} wrote: {quoted(words, most)}"


def screenful(lines: list[str], form: Form, most: int = A_SCREENFUL) -> list[str]:
    """The lines of rows; of a concise text only so many, and how many more there are."""
    more = len(lines) - most
    if form == "detailed" or more <= 0:
        return lines
    return [*lines[:most], f"And {more} more in the data; response_format='detailed' says them."]


def indicator(mode: str | None, session_id: UUID, broker: str | None, now: datetime) -> str:
    """The first line of every text: where you are."""
    return (
        f"[{mode or 'NO BROKER'} · your session {str(session_id)[:SHORT_ID]} · "
        f"{broker or 'no broker'} · {spoken(now)}]"
    )
