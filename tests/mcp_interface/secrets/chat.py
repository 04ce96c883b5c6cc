"""Credentials through the chat: every argument, right and wrong, at every broker."""

import hashlib
from dataclasses import dataclass

import httpx2

from tests.mcp_interface.people import buy
from tests.mcp_interface.secrets.installation import Installation, Teller

BROKERS = ("kite", "groww", "dhan")
ARGUMENTS = (
    "access_token",
    "request_token",
    "api_key",
    "api_secret",
    "client_code",
    "client_id",
    "password",
    "totp_secret",
    "jwtToken",
    "refreshToken",
    "feedToken",
)
STRANGERS = ("pin", "apiSecret", "Authorization", "confirmationCode")


@dataclass(frozen=True)
class Accounts:
    """What somebody has at the brokers; the brokers know all of it."""

    kite_app: dict[str, str]
    groww_app: dict[str, str]
    users: dict[str, str]
    groww_totp_secret: str
    dhan_pin: str
    dhan_totp_secret: str


def opened(place: Installation, name: str) -> Accounts:
    mint = place.canaries.mint
    users = {b: place.canaries.mint_account(f"account of {name} at {b}", "page") for b in BROKERS}
    kite = {
        "api_key": mint(f"kite app id of {name}", "instructions", "location"),
        "api_secret": mint(f"kite app secret of {name}"),
    }
    groww = {
        "api_key": mint(f"groww key of {name}"),
        "api_secret": mint(f"groww secret of {name}"),
    }
    place.register("kite", **kite)
    app = place.control("apps", broker="groww", user=users["groww"], **groww)
    known = place.control("users", broker="dhan", user=users["dhan"])
    return Accounts(
        kite_app=kite,
        groww_app=groww,
        users=users,
        groww_totp_secret=place.canaries.note(f"groww TOTP of {name}", app["totp_secret"]),
        dhan_pin=known["pin"],
        dhan_totp_secret=place.canaries.note(f"dhan TOTP of {name}", known["totp_secret"]),
    )


def day_token(place: Installation, broker: str, user: str) -> str:
    """As the broker's own page issues it."""
    told = place.control("tokens", broker=broker, user=user)
    return place.canaries.note(f"{broker} day token", told["access_token"])


def kite_token(place: Installation, mine: Accounts) -> str:
    """Somebody who already has an access token got it so."""
    request_token = place.request_token(mine.kite_app["api_key"], mine.users["kite"])
    signed = mine.kite_app["api_key"] + request_token + mine.kite_app["api_secret"]
    form = {
        "api_key": mine.kite_app["api_key"],
        "request_token": request_token,
        "checksum": hashlib.sha256(signed.encode()).hexdigest(),
    }
    url = f"{place.simulator.url}/session/token"
    told = httpx2.post(url, data=form, trust_env=False).json()["data"]
    return place.canaries.note("kite day token", str(told["access_token"]))


def good_values(place: Installation, mine: Accounts, broker: str) -> list[dict[str, str]]:
    """Every set of arguments that logs in; each is good once."""
    user = mine.users[broker]
    if broker == "kite":
        token = place.request_token(mine.kite_app["api_key"], user)
        return [
            {"api_key": mine.kite_app["api_key"], "access_token": kite_token(place, mine)},
            {**mine.kite_app, "request_token": token},
        ]
    if broker == "groww":
        return [
            {"access_token": day_token(place, broker, user)},
            {
                "api_key": mine.groww_app["api_key"],
                "totp_secret": mine.groww_totp_secret,
            },
            mine.groww_app,
        ]
    return [
        {"client_id": user, "access_token": day_token(place, broker, user)},
        {"client_id": user, "password": mine.dhan_pin, "totp_secret": mine.dhan_totp_secret},
    ]


async def give_wrong_values(place: Installation, person: Teller, name: str, broker: str) -> None:
    """Refused by the broker, malformed, too long, of another type, under other names."""
    mint = place.canaries.mint

    def wrong(kind: str, *, cross: bool = False) -> dict[str, str]:
        return {a: mint(f"{name} {broker} {kind} {a}", cross=cross) for a in ARGUMENTS}

    await person.log_in(broker, **wrong("all"))
    some = wrong("without token", cross=True)
    del some["access_token"]
    await person.log_in(broker, **some)
    for argument, value in wrong("alone", cross=True).items():
        await person.log_in(broker, **{argument: value})
    for argument, value in wrong("malformed").items():
        await person.log_in(broker, **{"client_id": "X1", argument: f"{value} \n\u00e9{value}"})
    await person.log_in(broker, **{a: value * 150 for a, value in wrong("long").items()})
    await person.log_in(broker, **{a: [value] for a, value in wrong("list").items()})
    await person.log_in(broker, **{a: {value: value} for a, value in wrong("object").items()})
    await person.log_in(broker, **{s: mint(f"{name} {broker} stranger {s}") for s in STRANGERS})
    await person.log_in(broker, relink=mint(f"{name} {broker} relink"))
    await person.log_in(broker, confirmation_code=mint(f"{name} {broker} code"))
    await person.log_in(broker, confirmation_code=mint(f"{name} {broker} long code") * 2)
    await person.link(broker, api_key=mint(f"{name} {broker} api_key", "instructions"))


async def give_good_values(
    place: Installation, person: Teller, mine: Accounts, broker: str
) -> None:
    """Log in each way and do something; the last login stays."""
    for given in good_values(place, mine, broker):
        answer = await person.log_in(broker, **given)
        assert answer.data.get("authenticated") is True, answer.text
    for tool in ("get_portfolio", "get_orders", "get_margins"):
        await person.tell(tool, broker=broker)
    await person.tell("create_order", **buy(broker=broker))
    for tool in ("list_brokers", "get_session_info"):
        await person.tell(tool)
