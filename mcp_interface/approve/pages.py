"""The words of the approval pages. What comes from a client or a broker is escaped and said to be
theirs; what a person typed is never shown."""

from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Final

from starlette.responses import HTMLResponse

from application.orders.own_switches import OwnSwitch
from application.orders.place_order import Asked, Receipt
from application.orders.request_change import ChangeReceipt
from domain.errors import Refusal
from domain.instants import spoken
from domain.order_text import MODES
from mcp_interface.approve.switches import section
from mcp_interface.connect.look import page
from mcp_interface.tools.results import SHORT_ID

STATUSES: Final = {
    "PROPOSAL_REFUSED": 410,
    "SESSION_EXPIRED": 410,
    "SCOPE_MISSING": 403,
    "READ_ONLY": 403,
    "BROKER_UNAVAILABLE": 503,
    "STORE_UNAVAILABLE": 503,
    "KEY_STORE_UNAVAILABLE": 503,
    "SHUTTING_DOWN": 503,
}

TITLES: Final = {
    "PLACED": "The order was sent",
    "ACCEPTED": "The order was changed",
    "REJECTED": "It was turned down",
    "ABSENT": "It never arrived",
}
IN_DOUBT: Final = "It is not known yet whether it arrived"


def sign_in_page(csrf: str, *, wrong: str | None = None, status: int = 200) -> HTMLResponse:
    """`wrong` is what was not good about the last try."""
    alert = f'<div class="warn" role="alert"><p>{escape(wrong)}</p></div>' if wrong else ""
    return page(
        "Who are you?",
        f"{alert}<p>Orders are approved by the person whose account they go to. Sign in with one "
        "of <strong>your own tokens</strong>, the one that your client uses or another "
        "(<code>trading-server users add NAME --scope trade</code> makes one).</p>"
        '<div class="warn" role="note"><p><strong>Type it here only,</strong> never into a '
        "chat: whoever has it can trade as you.</p></div>"
        '<form method="post" autocomplete="off">'
        f'<input type="hidden" name="csrf" value="{csrf}">'
        '<label for="token">Token</label>'
        '<input type="password" id="token" name="token" required maxlength="200" '
        'autocomplete="off" autocapitalize="off" autocorrect="off" spellcheck="false">'
        '<button name="do" value="sign-in">Sign in</button></form>',
        status=status,
    )


def arrived_page() -> HTMLResponse:
    """A browser that comes from another site does not say yet who it is."""
    return page(
        "An order waits for you",
        '<p>You came here from another page.</p><a class="button" href="?">Show the order</a>',
    )


def list_page(
    person: str,
    waiting: Sequence[Asked],
    halted: Sequence[OwnSwitch],
    csrf: str,
    now: datetime,
) -> HTMLResponse:
    rows = [
        f'<li><a href="approve/{escape(asked.proposal.proposal_id)}">'
        f"{escape(asked.proposal.text.splitlines()[0])}</a>"
        f'<span class="soft">{escape(asked.proposal.mode)} at {escape(asked.proposal.broker)}, '
        f"{_seconds_left(asked, now)} s left</span></li>"
        for asked in waiting
    ]
    body = f'<ul class="orders">{"".join(rows)}</ul>' if rows else "<p>No order waits for you.</p>"
    return page("Orders that wait for you", section(halted, csrf) + body + _signed_in(person, csrf))


def order_page(person: str, asked: Asked, csrf: str, now: datetime) -> HTMLResponse:
    """The text of the proposal, word for word, and a yes and a no."""
    proposal = asked.proposal
    urgent = " live" if proposal.mode == "LIVE" else ""
    until, left = spoken(proposal.expires_at), _seconds_left(asked, now)
    body = (
        f'<p class="mode{urgent}">{escape(MODES[proposal.mode])}</p>'
        f'<p class="order">{escape(proposal.text)}</p>'
        '<dl class="facts">'
        f"<dt>Session of</dt><dd>{escape(person)}</dd>"
        f"<dt>Session</dt><dd>{str(asked.session_id)[:SHORT_ID]}</dd>"
        f"<dt>Broker</dt><dd>{escape(proposal.broker)}</dd>"
        f"<dt>Order key</dt><dd>{escape(proposal.order_key)}</dd>"
        f"<dt>Good until</dt><dd>{escape(until)} ({left} s left)</dd></dl>"
        '<div class="warn" role="note"><p>It is sent <strong>at once</strong> when you approve, '
        "and only once. If you did not ask for it, decline.</p></div>"
        f'<div class="choices">{_button("approve", "Approve", csrf)}'
        f"{_button('decline', 'Decline', csrf, look='no')}</div>"
    )
    return page("Send this order?", body + _signed_in(person, csrf))


def outcome_page(person: str, receipt: Receipt, csrf: str) -> HTMLResponse:
    """What a yes led to, as it stands now."""
    report = receipt.report
    told = receipt.change if isinstance(receipt, ChangeReceipt) else report
    title = TITLES.get(told.state, IN_DOUBT)
    facts = [("State", told.state), ("Order key", report.request.order_key)]
    if report.broker_order_id:
        facts.append((f"Number at {report.request.broker}", report.broker_order_id))
    if report.sighting:
        filled = f"{report.sighting.filled_shares} of {report.terms.quantity_shares} shares filled"
        facts.append(("At the exchange", f"{report.sighting.status}, {filled}"))
    if told.reason and not told.broker_refused:
        facts.append(("Why", told.reason))
    if told.broker_words:
        facts.append(("The broker's words", told.broker_words))
    doubt = (
        '<div class="warn" role="alert"><p>It may be live. It is looked for, and never sent '
        "again. Look at the order book before you order anew.</p></div>"
        if title == IN_DOUBT
        else ""
    )
    inner = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts)
    return page(
        title,
        f'<p class="mode">{escape(MODES[report.request.mode])}</p>{doubt}'
        f'<dl class="facts">{inner}</dl>'
        '<p>Your client sees it, too. You can close this page.</p><p><a href="../approve">What '
        f"else waits</a></p>{_signed_in(person, csrf)}",
    )


def declined_page(person: str, csrf: str) -> HTMLResponse:
    return page(
        "Nothing was sent",
        '<p>You declined the order.</p><p><a href="../approve">What else waits</a></p>'
        + _signed_in(person, csrf),
    )


def refusal_page(refusal: Refusal) -> HTMLResponse:
    """What went wrong, without what a client would do about it."""
    said = str(refusal).partition(" Next: ")[0]
    return page(
        "That did not work",
        f'<p role="alert">{escape(said)}</p><a class="button" href="../approve">What waits for '
        "you</a>",
        status=STATUSES.get(refusal.code, 409),
    )


def _button(name: str, words: str, csrf: str, *, look: str = "") -> str:
    """A form of its own: no key that is pressed by mistake says yes."""
    return (
        f'<form method="post"><input type="hidden" name="csrf" value="{csrf}">'
        f'<button class="{look}" name="do" value="{name}">{words}</button></form>'
    )


def _signed_in(person: str, csrf: str) -> str:
    return (
        f'<div class="until soft"><p>You are signed in as {escape(person)}.</p>'
        f"{_button('sign-out', 'Sign out', csrf, look='plain')}</div>"
    )


def _seconds_left(asked: Asked, now: datetime) -> int:
    return max(0, int((asked.proposal.expires_at - now).total_seconds()))
