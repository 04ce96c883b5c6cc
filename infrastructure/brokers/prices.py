"""Prices as brokers write them: 0 often means "none", and a number may be none at all."""

from decimal import Decimal
from typing import Final

MOST_INR: Final = Decimal(10) ** 15
"""Of anything that a broker could mean: `1e999999` is finite, too, and fills the memory."""


def finite(price_inr: Decimal) -> Decimal:
    """Raises: ValueError: not a number."""
    if not price_inr.is_finite() or abs(price_inr) > MOST_INR:
        raise ValueError("a price is not a number, or none that can be")
    return price_inr


def price_if_any(price_inr: Decimal | None) -> Decimal | None:
    """Raises: ValueError: not a number."""
    return None if price_inr is None else finite(price_inr) or None
