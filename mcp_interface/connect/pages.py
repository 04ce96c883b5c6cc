"""The words of the pages. Nothing that anybody typed into a form is ever in one of them."""

from html import escape
from typing import Final

from starlette.responses import HTMLResponse

from application.ports.browser_login import LoginField, LoginMethod
from application.sessions.connecting import Visit
from domain.errors import AccountDiffers, Refusal
from domain.instants import spoken
from domain.vocabulary import Mode
from mcp_interface.connect.look import page
from mcp_interface.tools.results import SHORT_ID

MODES: Final[dict[Mode, str]] = {
    "PAPER": "paper money",
    "SIMULATED": "simulated: nothing there is real",
    "LIVE": "LIVE: a real broker and real money",
}

STATUSES: Final = {
    "LOGIN_LINK_REFUSED": 410,
    "SESSION_EXPIRED": 410,
    "ACCOUNT_DIFFERS": 409,
    "BROKER_NOT_SUPPORTED": 404,
    "BROKER_UNAVAILABLE": 503,
    "STORE_UNAVAILABLE": 503,
    "KEY_STORE_UNAVAILABLE": 503,
    "SHUTTING_DOWN": 503,
}


def form_page(visit: Visit, csrf: str, callback: str) -> HTMLResponse:
    """Whose session this is about, a warning, and the ways to log in."""
    login = visit.login
    first, *others = visit.methods
    parts = [
        f"<p>This links <strong>your own {escape(visit.display_name)} account</strong> to the "
        f"trading session of <strong>{escape(login.person)}</strong>.</p>",
        _facts(visit),
        '<div class="warn" role="note"><p><strong>Only go on if you are '
        f"{escape(login.person)} and asked for this yourself,</strong> in your own client. If "
        "somebody sent you this link, close this page: they want to trade with your account.</p>"
        "</div>",
    ]
    if login.differs:
        parts.append(
            '<div class="warn" role="alert"><p>You logged in with <strong>another account</strong> '
            "than the one that was linked before. That login was thrown away.</p></div>"
        )
    parts.append(_form(visit, first, csrf, callback))
    parts += [
        f"<details><summary>{escape(method.title)}</summary>"
        f"{_form(visit, method, csrf, callback)}</details>"
        for method in others
    ]
    until = escape(spoken(login.expires_at))
    parts.append(f'<p class="soft until">You have until {until} for this step.</p>')
    return page(
        f"Log in at {visit.display_name}",
        "".join(parts),
        leads_to=[method.leads_to for method in visit.methods if method.leads_to],
    )


def code_page(visit: Visit, who: str, code: str) -> HTMLResponse:
    """The last step: the code goes back to the client of the session's owner."""
    name, person = escape(visit.login.broker), escape(visit.login.person)
    shown = f"{code[:4]}-{code[4:]}"
    return page(
        "One step is left",
        f'<p class="good">{escape(visit.display_name)} says that you are '
        f"<strong>{escape(who)}</strong>.</p>"
        f"<p>Tell your own client, where you asked for this login:</p>"
        f'<p class="code" aria-label="Confirmation code">{shown}</p>'
        f'<p>For instance: "My confirmation code for {name} is {shown}." Then you are '
        "connected.</p>"
        '<div class="warn" role="note"><p><strong>Give this code to nobody.</strong> It lets the '
        f"session of {person} trade with this account. If you are not {person}, close this page; "
        f"nothing is linked without the code.</p></div>"
        f'<p class="soft">It is good until {escape(spoken(visit.login.expires_at))}, and once.</p>',
    )


def finished_page(visit: Visit) -> HTMLResponse:
    return page(
        "You are connected",
        f'<p class="good">{escape(visit.display_name)} is linked to the session of '
        f"<strong>{escape(visit.login.person)}</strong>.</p><p>You can close this page.</p>",
    )


def busy_page(visit: Visit) -> HTMLResponse:
    return page(
        "One moment",
        f"<p>{escape(visit.display_name)} is being asked.</p>"
        f'<a class="button" href="?login={escape(visit.login.login_id)}">Look again</a>'
        '<p class="soft until">If this page stays for more than a minute, ask for a new link in '
        "your own client.</p>",
    )


def refusal_page(refusal: Refusal, again: str | None) -> HTMLResponse:
    """What went wrong; `again` is where this browser may try once more."""
    said = str(refusal).partition(" Next: ")[0]
    if again is not None:
        what = f'<a class="button" href="{escape(again)}">Try again</a>'
        if isinstance(refusal, AccountDiffers):
            what = (
                "<p>Log in with the former account. Or, if you want to change accounts, tick the "
                f"box that the next page has for it.</p>{what}"
            )
    else:
        what = (
            "<p>Ask for a new link in your own client: <code>get_broker_login_instructions</code>."
            "</p>"
        )
    return page(
        "That did not work",
        f'<p role="alert">{escape(said)}</p>{what}',
        status=STATUSES.get(refusal.code, 400),
    )


def _facts(visit: Visit) -> str:
    rows = (
        ("Broker", f"{visit.display_name} ({MODES[visit.mode]})"),
        ("Session of", visit.login.person),
        ("Session", f"{str(visit.login.session_id)[:SHORT_ID]} ({visit.label})"),
    )
    inner = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows)
    return f'<dl class="facts">{inner}</dl>'


def _form(visit: Visit, method: LoginMethod, csrf: str, callback: str) -> str:
    key = method.name
    parts = [
        '<form method="post" autocomplete="off">',
        f"<h2>{escape(method.title)}</h2>" if method is visit.methods[0] else "",
        f'<p class="soft">{escape(method.words)}{_help(method)}</p>',
        f'<input type="hidden" name="csrf" value="{csrf}">',
        f'<input type="hidden" name="method" value="{escape(key)}">',
        *(_line(key, line) for line in method.fields),
    ]
    if method.leads_to and method.fields:
        parts.append(
            '<p class="soft">Your app has to send people back to '
            f"<code>{escape(callback)}</code> (its redirect URL).</p>"
        )
    if any(line.stays for line in method.fields):
        parts.append(_choice(key, "remember", "Remember my app on this server, encrypted"))
    if visit.login.differs:
        parts.append(_choice(key, "relink", "Yes, I want to link another account from now on"))
    goes = f"Go on to {visit.display_name}" if method.leads_to else "Log in"
    parts.append(f"<button>{escape(goes)}</button>")
    if method is visit.methods[0] and visit.app_is_remembered:
        parts.append(
            '<p><button class="plain" name="forget" value="yes">Forget my app, use another'
            "</button></p>"
        )
    return "".join([*parts, "</form>"])


def _line(key: str, line: LoginField) -> str:
    name = f"{escape(key)}-{escape(line.name)}"
    kind = "password" if line.is_secret else "text"
    mode = ' inputmode="numeric"' if line.is_number else ""
    return (
        f'<label for="{name}">{escape(line.label)}</label>'
        f'<input type="{kind}" id="{name}" name="{escape(line.name)}" required maxlength="4096" '
        f'autocomplete="off" autocapitalize="off" autocorrect="off" spellcheck="false"{mode}>'
    )


def _choice(key: str, name: str, words: str) -> str:
    return (
        f'<label class="choice"><input type="checkbox" name="{name}" value="yes" '
        f'id="{escape(key)}-{name}"> {escape(words)}</label>'
    )


def _help(method: LoginMethod) -> str:
    if method.help_url is None:
        return ""
    return f' <a href="{escape(method.help_url)}" rel="noreferrer">Where do I get this?</a>'
