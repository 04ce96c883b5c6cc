"""How people of the demo say yes to an order: in their client, or on the approval page."""

import re

import httpx2
from mcp.client.context import ClientRequestContext
from mcp.types import ElicitRequestParams, ElicitResult


class Yes:
    """Somebody who says yes to whatever they are asked; `questions` is what that was."""

    def __init__(self, token: str) -> None:
        self._token = token
        self.questions: list[str] = []
        self.pages = 0

    async def in_client(
        self, context: ClientRequestContext, params: ElicitRequestParams
    ) -> ElicitResult:
        """What a host does that shows its user a form."""
        self.questions.append(params.message)
        return ElicitResult(action="accept", content={"approve": True})

    def on_the_page(self, url: str) -> None:
        """What a person does with the link: open it, sign in with their own token, approve."""
        with httpx2.Client(trust_env=False, timeout=20, follow_redirects=True) as browser:
            page = browser.get(url)
            for form in ({"do": "sign-in", "token": self._token}, {"do": "approve"}):
                page = browser.post(url, data={**form, "csrf": _csrf(page.text)})
        self.pages += 1


def _csrf(page: str) -> str:
    found = re.search(r'name="csrf" value="(\w+)"', page)
    if found is None:
        raise RuntimeError("The approval page has no form.")
    return found[1]
