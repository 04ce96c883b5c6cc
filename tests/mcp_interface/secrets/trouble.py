"""What goes wrong around a credential: brokers that fail or repeat it, a kill, bad settings, and
ways to the end of a login."""

import contextlib

import anyio

from tests.mcp_interface.people import buy, eventually
from tests.mcp_interface.secrets.chat import BROKERS, Accounts, good_values
from tests.mcp_interface.secrets.installation import Installation, Teller
from tests.support.echoing_proxy import BAD_MANNERS, Manner

FAULTS = ("html502", "truncated", "drop_after", "drop_before", "wrong_shape", "json_list", "empty")
READ_ONCE: tuple[Manner, ...] = ("refuse", "bad header", "bad body", "strange letters")
"""After the others a read is asked again, with pauses; logins and orders meet them all."""
LOGIN_ROUTES = {"kite": "/session/token", "groww": "/v1/token", "dhan": "/app/"}
CLOSED = "127.0.0.1:9"


async def fail_in_the_middle(
    place: Installation, person: Teller, mine: Accounts, broker: str
) -> None:
    """A good login to which the broker gives a bad answer."""
    for fault in FAULTS:
        values = good_values(place, mine, broker)[-1]
        place.simulator.fault(fault, route=LOGIN_ROUTES[broker])
        await person.log_in(broker, **values)
        place.simulator.clear_faults()


async def send_through_a_proxy(
    place: Installation, person: Teller, mine: Accounts, name: str
) -> None:
    """Logins over a proxy with a password of its own, which repeats what it hears; then over one
    that is not there."""
    passwords = [place.canaries.mint(f"proxy {what} of {name}") for what in ("user", "password")]
    way = f"proxy:http://{passwords[0]}:{passwords[1]}@{place.proxy.address}"
    nowhere = way.replace(place.proxy.address, CLOSED)
    assert place.typed(f"{way}\n", "egress", "set", name, "dhan", "-") == 0
    for broker in ("kite", "groww"):
        place.command("egress", "set", name, broker, way)
    pin = place.canaries.mint("dhan PIN")
    place.proxy.manner, place.proxy.yes = "forward", _a_pin_of_our_own(place, mine)
    given = {**good_values(place, mine, "dhan")[-1], "password": pin}
    answer = await person.log_in("dhan", **given)
    assert answer.data.get("authenticated") is True, answer.text
    for manner in BAD_MANNERS:
        place.proxy.manner = manner
        async with anyio.create_task_group() as tasks:
            for broker in BROKERS:
                tasks.start_soon(_log_in_each_way, place, person, mine, broker)
        await person.log_in("dhan", **given)
    for broker in BROKERS:
        place.command("egress", "set", name, broker, nowhere)
        place.command("egress", "set", name, broker, f"{nowhere}/path")
        await person.log_in(broker, **good_values(place, mine, broker)[-1])


async def _log_in_each_way(
    place: Installation, person: Teller, mine: Accounts, broker: str
) -> None:
    for given in good_values(place, mine, broker)[1:]:
        await person.log_in(broker, **given)


async def send_where_all_is_repeated(place: Installation, person: Teller, mine: Accounts) -> None:
    """Orders and reads at brokers that repeat what they hear. An order at another price than the
    market's is sent without a price that was seen, in an account that was looked at before."""

    async def order(broker: str, key: str) -> None:
        low = buy(broker=broker, order_key=key, order_type="LIMIT", price="1400.05")
        await person.tell("create_order", **low)

    async def at(broker: str, manner: Manner) -> None:
        await order(broker, f"{broker}-{BAD_MANNERS.index(manner)}")
        if manner in READ_ONCE:
            await person.tell("get_margins", broker=broker)

    for manner in BAD_MANNERS:
        place.proxy.manner = "forward"
        for broker in BROKERS:
            answer = await person.log_in(broker, **good_values(place, mine, broker)[0])
            assert answer.data.get("authenticated") is True, answer.text
            await order(broker, f"{broker}-before-{BAD_MANNERS.index(manner)}")
        place.note_what_the_vault_holds()
        place.proxy.manner = manner
        async with anyio.create_task_group() as tasks:
            for broker in BROKERS:
                tasks.start_soon(at, broker, manner)


def _a_pin_of_our_own(place: Installation, mine: Accounts) -> dict[str, object]:
    """Everybody's PIN at the simulator is a number that could stand anywhere."""
    user = mine.users["dhan"]
    token = place.control("tokens", broker="dhan", user=user)["access_token"]
    place.canaries.note("dhan token for a PIN", token)
    return {"/generateAccessToken": {"accessToken": token, "dhanClientId": user}}


async def kill_it_in_the_middle(place: Installation, mine: Accounts, name: str) -> None:
    """SIGKILL while the broker is being asked. `name` calls through the proxy."""
    way = f"proxy:http://{place.canaries.mint('last proxy password')}@{place.proxy.address}"
    place.command("egress", "set", name, "kite", way)
    place.proxy.manner = "hang"
    values, heard = good_values(place, mine, "kite")[-1], len(place.proxy.heard)

    async def ask() -> None:
        # Whatever the client makes of a server that is gone.
        with contextlib.suppress(Exception):
            async with place.person(name, "auto") as person:
                await person.log_in("kite", **values)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        await eventually(lambda: len(place.proxy.heard) > heard, "the broker is asked")
        assert values["request_token"] in place.proxy.heard[-1]
        place.kill_server()
    place.proxy.release()


def knock_with_tokens(place: Installation, valid: str) -> None:
    """Bearer tokens that are none, and good ones where they do not belong."""
    mint = place.canaries.mint
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    accept = {"Accept": "application/json, text/event-stream"}
    for number, path in enumerate(("/mcp", "/admin/api/statistics", "/connect/kite", "/nowhere")):
        for given in (f"Bearer ts_{mint(f'bearer {number}')}", f"Basic {mint(f'basic {number}')}"):
            place.ask("POST", path, json=ping, headers={**accept, "Authorization": given})
        for word in ("token", "access_token", "api_key"):
            asked = mint(f"{word} in the query {number}", cross=True)
            place.ask("POST", path, json=ping, headers=accept, params={word: asked})
            place.ask("GET", path, headers=accept, params={word: valid})
    lost = {"method": "tools/none", "params": {"arguments": {"api_secret": mint("no tool")}}}
    good = {**accept, "Authorization": f"Bearer {valid}"}
    place.ask("POST", "/mcp", json={**ping, **lost}, headers=good)
    place.ask("POST", "/mcp", content=f'{{"api_secret": "{mint("half")}'.encode(), headers=good)


async def end_logins(place: Installation, person: Teller, session_id: str) -> None:
    """New keys, a logout, the operator's end of a session."""
    place.command("vault", "rotate")
    await person.tell("logout_broker", broker="kite")
    place.command("sessions", "expire", session_id, "--yes")
    await person.tell("get_session_info")


def ask_as_an_operator(place: Installation, name: str) -> None:
    """Every command that shows something."""
    for words in (
        ("users", "list"),
        ("egress", "show"),
        ("vault", "status"),
        ("audit", "timeline", "--user", name),
        ("audit", "state", "--user", name, "--full"),
        ("sessions", "list", "--all", "--full"),
        ("stats",),
        ("projections", "status"),
        ("doctor",),
        ("client-config", "cursor"),
        ("client-config", "inspector"),
    ):
        place.command(*words)
        place.command(*words, "--json")


def start_with_bad_settings(place: Installation) -> None:
    """Settings that are a secret, or hold one, and cannot be used."""
    mint = place.canaries.mint
    for setting, value in (
        ("TRADING_DATABASE_URL", "mysql://user:{}@127.0.0.1/db"),
        ("TRADING_DATABASE_URL", "postgresql://user:{}@127.0.0.1:9/db"),
        ("TRADING_DATABASE_URL", "postgresql://user:{}@127.0.0.1:port/db"),
        ("TRADING_DATABASE_URL", "postgresql://127.0.0.1:9/db?password={}&nonsense={}"),
        ("TRADING_VAULT_ADDR", "http://user:{}@127.0.0.1:9"),
        ("TRADING_KITE_URL", "http://user:{}@127.0.0.1:9"),
        ("TRADING_PUBLIC_URL", "http://user:{}@127.0.0.1:9"),
    ):
        bad = {setting: value.replace("{}", mint(f"bad {setting} {value}"))}
        place.command_with(bad, "doctor", "--json")
    place.command_with(bad, "migrate", "--json")
    away = {"TRADING_KEY_STORE": "vault", "TRADING_VAULT_ADDR": f"http://{CLOSED}"}
    away["TRADING_VAULT_TOKEN"] = mint("vault token for nobody")
    for words in (("doctor",), ("vault", "status")):
        place.command_with(away, *words, "--json")
