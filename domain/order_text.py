"""What a person is shown before they say yes. A pure function of the proposal: its hash is stored
with the proposal and with the yes."""

from decimal import Decimal

from domain.vocabulary import CancelGtt, ConvertPosition, Mode, OrderTerms, PlaceGtt

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
        lines += sentences(terms)
    if slices > 1:
        lines.append(f"It goes as {slices} orders, as the exchange takes no more at once.")
    lines.append(f"At {broker}, {MODES[mode]}.")
    if value_inr is not None:
        floor = terms.transaction_type == "SELL" and terms.limit_price_inr is not None
        lines.append(f"Worth {'at least' if floor else 'about'} {rupees(value_inr)}.")
    else:
        lines.append("What it comes to is not known: there is no price.")
    return "\n".join(lines)


def sentences(terms: OrderTerms) -> list[str]:
    """What would happen."""
    match terms.instruction:
        case None:
            return [f"{_sentence(terms)}."]
        case PlaceGtt(legs=legs):
            first, *second = [
                f"at a limit of {rupees(leg.limit_price_inr)} once the price reaches "
                f"{rupees(leg.trigger_price_inr)}"
                for leg in legs
            ]
            side = "Buy" if terms.transaction_type == "BUY" else "Sell"
            what = f"{side} {_shares(terms)}, product {terms.product}, {first}"
            if second:
                what += f"; or {second[0]}, whichever comes first, and the other is cancelled then"
            return ["A GTT order: the broker keeps it until it is triggered or ends.", f"{what}."]
        case CancelGtt(gtt_id=gtt_id):
            return [f"Cancel the GTT order {gtt_id} for {_shares(terms)}."]
        case ConvertPosition(from_product=product, overnight=overnight):
            held = "long" if terms.transaction_type == "BUY" else "short"
            since = ", held overnight," if overnight else ""
            return [
                f"Convert {_shares(terms)} of an open {held} position{since} from product "
                f"{product} to {terms.product}."
            ]


def _shares(terms: OrderTerms) -> str:
    shares = "share" if terms.quantity_shares == 1 else "shares"
    return f"{terms.quantity_shares} {shares} of {terms.exchange}:{terms.trading_symbol}"


def _sentence(terms: OrderTerms) -> str:
    side = "Buy" if terms.transaction_type == "BUY" else "Sell"
    text = f"{side} {_shares(terms)}"
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
    if terms.variety == "iceberg":
        text += f", {terms.disclosed_quantity_shares} at a time, one after the other"
    elif terms.disclosed_quantity_shares is not None:
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
