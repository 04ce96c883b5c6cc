"""A canary in every credential slot, and a search of all that is left: the values go into the
vault, sealed, and nowhere else.

Each installation is one test: what happens in it takes longest.
"""

import json

import pytest

from tests.mcp_interface.secrets.chat import ARGUMENTS, BROKERS
from tests.mcp_interface.secrets.installation import Installation
from tests.mcp_interface.secrets.story import everything_happens, much_happens
from tests.support.canaries import Evidence

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

KINDS = {
    "reply",
    "instructions",
    "page",
    "set-cookie",
    "location",
    "file",
    "log",
    "table",
    "process",
    "command",
}


async def test_no_credential_is_found_but_sealed_in_the_vault(plain):
    await everything_happens(plain)

    assert list(plain.canaries.search(plain.evidence)) == []
    assert no_log_holds_a_session_id(plain)
    assert there_was_something_to_find(plain)
    assert bad_brokers_heard_and_repeated_it(plain)


async def test_no_credential_is_found_in_postgres_and_with_keys_in_openbao(of_a_firm):
    await much_happens(of_a_firm)

    assert list(of_a_firm.canaries.search(of_a_firm.evidence)) == []
    assert no_log_holds_a_session_id(of_a_firm)
    assert there_was_something_to_find(of_a_firm)


def there_was_something_to_find(place: Installation) -> bool:
    """What was decrypted from the vault is among what was searched for, and so is what was put
    into each slot; and every kind of place was looked at."""
    known = place.canaries.known
    slots = {canary.slot for canary in known.values()}
    held = {known[value].slot.split()[0] for value in place.held}
    assert held >= set(BROKERS)
    assert len(slots) > 300
    assert slots >= {f"asha-auto dhan alone {argument}" for argument in ARGUMENTS}
    assert slots >= {"bearer token", "confirmation code", "cookie of a login", "state of a link"}
    assert {each.kind for each in place.evidence if each.content} == KINDS
    logs = everything_in(place, "log")
    assert b'"level": "debug"' in logs
    assert b'"level": "info"' in logs
    return True


def no_log_holds_a_session_id(place: Installation) -> bool:
    told = [json.loads(e.content) for e in place.evidence if e.kind == "reply" and is_json(e)]
    results = [each.get("structuredContent") or {} for each in told]
    sessions = {str(result["sessionId"]) for result in results if "sessionId" in result}
    logs = everything_in(place, "log").decode()
    return bool(sessions) and not any(session in logs for session in sessions)


def bad_brokers_heard_and_repeated_it(place: Installation) -> bool:
    """And the server crashed over what one of them said."""
    heard = [Evidence("heard", "", each.encode()) for each in place.proxy.heard]
    told = {finding.slot for finding in place.canaries.search(heard)}
    assert told >= {"proxy password of echo", "dhan PIN", "groww key of echo"}
    replies, logs = everything_in(place, "reply"), everything_in(place, "log")
    assert b" wrote: " in replies
    assert b"INTERNAL_ERROR" in replies
    assert b"tool crashed" in logs
    assert b"Traceback" in logs
    return True


def everything_in(place: Installation, kind: str) -> bytes:
    return b"".join(each.content for each in place.evidence if each.kind == kind)


def is_json(each: Evidence) -> bool:
    return each.content.startswith(b"{")
