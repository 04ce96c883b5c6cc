"""Prices as brokers write them: 0 often means "none", and a number may be none at all."""

from decimal import Decimal


def finite(price_inr: Decimal) -> Decimal:
    """Raises: ValueError: not a number."""
    if not price_inr.is_finite():
        raise ValueError("a price is not a number")
    return price_inr


def price_if_any(price_inr: Decimal | None) -> Decimal | None:
    """Raises: ValueError: not a number."""
    return None if price_inr is None else finite(price_inr) or None
