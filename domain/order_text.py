"""What a person is shown before they say yes. A pure function of the proposal: its hash is stored
with the proposal and with the yes."""

from decimal import Decimal

from domain.vocabulary import Mode, OrderTerms

MODES: dict[Mode, str] = {
    "PAPER": "paper money",
    "SIMULATED": "SIMULATED: no real money",
    "LIVE": "LIVE: real money",
}


def order_text(
    terms: OrderTerms,
    broker: str,
    mode: Mode,
    *,
    value_inr: Decimal | None,
    instead_of: OrderTerms | None = None,
    slices: int = 1,
) -> str:
    """`Buy 10 shares of NSE:INFY at a limit of ₹1,480.50 ...`, then where, and what it comes to.

    Nothing in it comes from outside but the symbol, which is checked to be plain capital letters.
    """
    lines = []
    if instead_of is not None:
        lines.append(f"Change an open order. Now: {_sentence(instead_of)}.")
        lines.append(f"Then: {_sentence(terms)}.")
    else:
        lines.append(f"{_sentence(terms)}.")
    if slices > 1:
        lines.append(f"It goes as {slices} orders, as the exchange takes no more at once.")
    lines.append(f"At {broker}, {MODES[mode]}.")
    if value_inr is not None:
        floor = terms.transaction_type == "SELL" and terms.limit_price_inr is not None
        lines.append(f"Worth {'at least' if floor else 'about'} {rupees(value_inr)}.")
    else:
        lines.append("What it comes to is not known: there is no price.")
    return "\n".join(lines)


def _sentence(terms: OrderTerms) -> str:
    side = "Buy" if terms.transaction_type == "BUY" else "Sell"
    shares = "share" if terms.quantity_shares == 1 else "shares"
    text = f"{side} {terms.quantity_shares} {shares} of {terms.exchange}:{terms.trading_symbol}"
    match terms.order_type:
        case "MARKET":
            text += " at the market price"
        case "LIMIT":
            text += f" at a limit of {_price(terms.limit_price_inr)}"
        case "SL":
            text += (
                f" at a limit of {_price(terms.limit_price_inr)} once the price reaches "
                f"{_price(terms.trigger_price_inr)}"
            )
        case "SL-M":
            text += f" at the market price once it reaches {_price(terms.trigger_price_inr)}"
    text += f", product {terms.product}, {terms.order_type}, valid {terms.validity}"
    if terms.variety != "regular":
        text += f", variety {terms.variety}"
    if terms.disclosed_quantity_shares is not None:
        text += f", {terms.disclosed_quantity_shares} of them shown"
    return text


def _price(price: Decimal | None) -> str:
    return "no price" if price is None else rupees(price)


def rupees(amount_inr: Decimal) -> str:
    """`₹1,00,000.00`: with the rupee sign and Indian grouping; more than two places where the
    amount has them."""
    text = f"{abs(amount_inr):f}"
    whole, _, rest = text.partition(".")
    rest = rest.rstrip("0").ljust(2, "0")
    sign = "-" if amount_inr < 0 else ""
    return f"{sign}₹{grouped(whole)}.{rest}"


def grouped(digits: str) -> str:
    """`1,00,000`: a whole number with Indian grouping."""
    head, tail = digits[:-3], digits[-3:]
    groups: list[str] = []
    while head:
        groups.insert(0, head[-2:])
        head = head[:-2]
    return ",".join([*groups, tail])
