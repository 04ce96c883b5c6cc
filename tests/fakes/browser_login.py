"""A broker's login page at which everybody agrees, and a form that stays on our own page."""

from collections.abc import Mapping

from application.ports.broker import LoginRefused, Secrets
from application.ports.browser_login import Departure, LoginField, LoginMethod
from application.ports.egress import DIRECT, Egress

THERE = "https://broker.example/login"


class FakeBrowserLogin:
    """`page` leads to the broker and takes an app that stays; `form` takes a token."""

    def __init__(self) -> None:
        self.departed: list[tuple[Secrets, str]] = []
        self.refuses: LoginRefused | None = None

    def methods(self) -> tuple[LoginMethod, ...]:
        app = LoginField(name="api_key", label="App", stays=True)
        token = LoginField(name="access_token", label="Token")
        return (
            LoginMethod(name="page", title="There", words="", fields=(app,), leads_to=THERE),
            LoginMethod(name="form", title="Here", words="", fields=(token,)),
        )

    def depart(self, credentials: Secrets, state: str, egress: Egress = DIRECT) -> Departure:
        if self.refuses is not None:
            raise self.refuses
        self.departed.append((credentials, state))
        return Departure(url=f"{THERE}?state={state}", kept=credentials)

    def returned(self, answer: Mapping[str, str]) -> Secrets:
        if "request_token" not in answer:
            raise LoginRefused("NOT_AGREED", "The login was not completed there.")
        return Secrets({"request_token": answer["request_token"]})
