"""What every page looks like, and the headers that it goes out with. No script, no request to
anybody: all there is to load is the page."""

import base64
import hashlib
from collections.abc import Iterable
from html import escape
from typing import Final
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse

STYLE: Final = """
:root { color-scheme: light dark; --ink: #1b2230; --soft: #525c6e; --paper: #f4f5f8;
  --card: #ffffff; --line: #c9cfda; --accent: #1f5fbf; --on-accent: #ffffff;
  --warn: #7a4b00; --warn-paper: #fff5e0; --warn-line: #e3b04b; --good: #14663a;
  --field-line: #7a8396; --danger: #b3261e; --on-danger: #ffffff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebf2; --soft: #a9b2c3; --paper: #12161e;
  --card: #1b212c; --line: #3a4353; --accent: #8ab4f8; --on-accent: #0c1626;
  --warn: #ffd98a; --warn-paper: #2e2510; --warn-line: #8a6a1f; --good: #7fd7a4;
  --field-line: #8791a5; --danger: #f2b8b5; --on-danger: #45100c; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
main { max-width: 34rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
.brand { color: var(--soft); font-size: .875rem; margin: 0 0 .75rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .75rem;
  padding: 1.25rem; }
h1 { font-size: 1.4rem; line-height: 1.25; margin: 0 0 .75rem; }
h2 { font-size: 1.05rem; margin: 0 0 .25rem; }
p { margin: 0 0 .9rem; overflow-wrap: anywhere; }
.soft { color: var(--soft); font-size: .925rem; }
input + p { margin-top: .75rem; }
.until { margin: 1.5rem 0 0; }
.facts { margin: 0 0 1rem; padding: .75rem 1rem; border: 1px solid var(--line);
  border-radius: .5rem; display: grid; grid-template-columns: auto 1fr; gap: .25rem 1rem; }
.facts dt { color: var(--soft); }
.facts dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; }
.warn { color: var(--warn); background: var(--warn-paper); border: 1px solid var(--warn-line);
  border-radius: .5rem; padding: .75rem 1rem; margin: 0 0 1rem; }
.warn p:last-child { margin: 0; }
.mode { display: inline-block; font-size: 1.25rem; font-weight: 700; border: 2px solid var(--line);
  border-radius: .5rem; padding: .35rem .8rem; }
.mode.live { color: var(--on-danger); background: var(--danger); border-color: var(--danger); }
.order { white-space: pre-wrap; font-size: 1.15rem; font-weight: 600; }
.orders { list-style: none; margin: 0 0 1rem; padding: 0; }
.orders li { border-top: 1px solid var(--line); padding: .75rem 0; }
.orders a { display: block; font-weight: 600; overflow-wrap: anywhere; }
.choices { display: flex; gap: 1rem; align-items: center; }
.until p { margin: 0; }
.until button { margin-top: 0; }
form { margin: 0; }
label { display: block; font-weight: 600; margin: .75rem 0 .25rem; }
label.choice { display: flex; gap: .6rem; align-items: flex-start; font-weight: 400; }
label.choice input { width: 1.15rem; height: 1.15rem; margin: .2rem 0 0; flex: none; }
input[type=text], input[type=password] { width: 100%; font: inherit; color: inherit;
  background: var(--card); border: 1px solid var(--field-line); border-radius: .5rem;
  padding: .6rem .7rem; min-height: 2.75rem; }
button, .button { display: inline-block; font: inherit; font-weight: 600; border: 0;
  border-radius: .5rem; padding: .7rem 1.2rem; min-height: 2.75rem; margin-top: 1rem;
  background: var(--accent); color: var(--on-accent); cursor: pointer; text-decoration: none; }
button.plain { background: none; color: var(--accent); padding-left: 0; text-decoration: underline;
  font-weight: 400; }
button.no { background: none; color: var(--ink); border: 1px solid var(--field-line); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
details { border-top: 1px solid var(--line); margin-top: 1.25rem; padding-top: .75rem; }
summary { cursor: pointer; font-weight: 600; min-height: 2rem; }
a { color: var(--accent); }
a.button { color: var(--on-accent); }
.code { font: 700 2rem/1.2 ui-monospace, "SF Mono", Consolas, "Liberation Mono", monospace;
  letter-spacing: .08em; text-align: center; margin: .5rem 0 1rem; padding: .9rem .25rem;
  border: 2px dashed var(--line); border-radius: .5rem; user-select: all; white-space: nowrap; }
.good { color: var(--good); }
code { font-size: .9em; overflow-wrap: anywhere; }
@media (max-width: 24rem) { .code { font-size: 1.6rem; } }
"""

_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()


def page(title: str, body: str, *, status: int = 200, leads_to: Iterable[str] = ()) -> HTMLResponse:
    """A whole page. `body` is HTML; `leads_to` are the addresses that a form here may end at."""
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex">'
        f"<title>{escape(title)} - Unified Trading Server</title><style>{STYLE}</style></head>"
        '<body><main><p class="brand">Unified Trading Server</p>'
        f'<div class="card"><h1>{escape(title)}</h1>{body}</div></main></body></html>'
    )
    headers = {**_HEADERS, "Content-Security-Policy": _policy(leads_to)}
    return HTMLResponse(text, status, headers=headers)


_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def _policy(leads_to: Iterable[str]) -> str:
    """Browsers hold the redirects behind a form against `form-action`, the brokers' own, too."""
    targets = sorted({source for url in leads_to for source in _sources(url)})
    return (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
        f"form-action 'self'{''.join(f' {target}' for target in targets)}; "
        "frame-ancestors 'none'; base-uri 'none'"
    )


def _sources(url: str) -> list[str]:
    """The host itself and, at a real broker, its neighbours, which its login may pass through."""
    parts = urlsplit(url)
    own = f"{parts.scheme}://{parts.netloc}"
    if parts.scheme != "https":
        return [own]
    domain = ".".join((parts.hostname or "").split(".")[-2:])
    return [own, f"https://*.{domain}"]
