"""Everything that can happen to a credential, once, in one installation."""

from tests.mcp_interface.people import Era
from tests.mcp_interface.secrets.chat import BROKERS, give_good_values, give_wrong_values, opened
from tests.mcp_interface.secrets.installation import Installation
from tests.mcp_interface.secrets.pages import (
    fill_in_wrong_values,
    log_in_on_pages,
    misuse_the_pages,
)
from tests.mcp_interface.secrets.trouble import (
    ask_as_an_operator,
    end_logins,
    fail_in_the_middle,
    kill_it_in_the_middle,
    knock_with_tokens,
    send_through_a_proxy,
    send_where_all_is_repeated,
    start_with_bad_settings,
)


async def everything_happens(place: Installation) -> None:
    start_with_bad_settings(place)
    await over_http(place, "auto", BROKERS)
    await over_http(place, "legacy", ("kite",))
    await at_a_desktop(place, "auto", BROKERS)
    await at_a_desktop(place, "legacy", ("kite",))
    await at_bad_brokers(place)
    look_at_the_end(place)


async def much_happens(place: Installation) -> None:
    """What touches the database and the key store."""
    await over_http(place, "auto", BROKERS)
    look_at_the_end(place)


async def over_http(place: Installation, era: Era, brokers: tuple[str, ...]) -> None:
    name = f"asha-{era}"
    token = place.token(name)
    mine = opened(place, name)
    async with place.person(name, era, token) as person:
        for broker in brokers:
            await give_wrong_values(place, person, name, broker)
            await give_good_values(place, person, mine, broker)
            await fill_in_wrong_values(place, person, name, broker)
            await log_in_on_pages(place, person, mine, broker)
            await fail_in_the_middle(place, person, mine, broker)
        if era == "auto":
            knock_with_tokens(place, token)
            await misuse_the_pages(place, person, name)
        place.note_what_the_vault_holds()
        place.look_around(f"while {name} is logged in")
        session_id = (await person.tell("get_session_info")).data["sessionId"]
        await end_logins(place, person, session_id)


async def at_a_desktop(place: Installation, era: Era, brokers: tuple[str, ...]) -> None:
    """The same over stdio, shorter: there is one way through the server."""
    mine = opened(place, "desktop")
    async with place.desktop(era) as person:
        for broker in brokers:
            await give_wrong_values(place, person, f"desktop {era}", broker)
            await give_good_values(place, person, mine, broker)
        browser = place.browser()
        browser.open(await person.link("groww"))
        last = browser.log_in("approval", **mine.groww_app)
        await person.log_in("groww", confirmation_code=last.code)


async def at_bad_brokers(place: Installation) -> None:
    """Brokers and a proxy that repeat what they hear, and a kill while they are heard; then a new
    start on what is left."""
    place.kill_server()
    far_side = f"http://{place.proxy.address}"
    place.begin_server(**{f"TRADING_{b.upper()}_URL": far_side for b in BROKERS})
    mine = opened(place, "mirror")
    async with place.person("mirror", "auto") as person:
        await send_where_all_is_repeated(place, person, mine)
    mine = opened(place, "echo")
    async with place.person("echo", "auto") as person:
        await send_through_a_proxy(place, person, mine, "echo")
    await kill_it_in_the_middle(place, mine, "echo")
    place.look_around("after the kill")
    place.begin_server()


def look_at_the_end(place: Installation) -> None:
    place.note_what_the_vault_holds()
    ask_as_an_operator(place, "asha-auto")
    place.ask_as_a_monitor()
    place.end()
    place.look_around("at the end")
