"""What every page with a form needs: read it, compare a secret in it, and send the browser on."""

import hmac
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from domain.errors import InvalidArgument

MAX_FORM_BYTES: Final = 32 * 1024


async def read_form(request: Request) -> dict[str, str]:
    """Raises:
    InvalidArgument: not a form of ours. Nothing of it is repeated.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            raise InvalidArgument("That form is larger than any of ours.")
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=50))
    except ValueError:
        raise InvalidArgument("That is no form.") from None


def is_same(one: str, other: str) -> bool:
    """Compared in a time that says nothing about where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())


def see_other(url: str) -> Response:
    """Go there with a GET, and say nobody where from."""
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return RedirectResponse(url, 303, headers=headers)
