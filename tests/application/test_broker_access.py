from dataclasses import replace
from datetime import timedelta

import pytest

from application.ports.broker import BrokerDown, LoginRefused, Secrets
from domain.catalog import CATALOG
from domain.errors import (
    BrokerLoginFailed,
    BrokerLoginRequired,
    BrokerNotSupported,
    BrokerUnavailable,
    InvalidArgument,
    NoActiveBroker,
    SessionHasExpired,
)
from domain.events import (
    BrokerAuthenticated,
    BrokerAuthenticationExpired,
    BrokerAuthenticationFailed,
    BrokerLoggedOut,
    BrokerSelected,
    SessionEnded,
)
from tests.application.world import (
    ASHA,
    ASHAS_KITE,
    FIRST,
    RAVI,
    SIX_IN_THE_MORNING,
    World,
    context,
)

GIVEN_TOKEN = Secrets({"request_token": "rt-8f3a"})
INSTANT = timedelta(microseconds=1)
ENDED = SessionEnded(reason="operator")


def everything_stored(world: World) -> bytes:
    return b"".join(row.state for row in world.store.log(0, 1000))


# Choosing


def test_a_chosen_broker_is_active_in_the_answer_and_in_the_log(world: World):
    session = world.select_broker(context(), world.entered(), "kite")

    assert session.active_broker == "kite"
    assert world.events(FIRST)[1:] == [BrokerSelected(broker="kite")]


def test_choosing_the_active_broker_stores_nothing(world: World):
    world.select_broker(context(), world.entered(), "kite")

    session = world.select_broker(context(), world.entered(), "kite")

    assert session.active_broker == "kite"
    assert world.facts(FIRST) == ["SessionCreated", "BrokerSelected"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("upstox", "'upstox' is not supported. Next: choose one of kite, paper."),
        ("Kite", "'Kite' is not supported. Next: choose one of kite, paper."),
        ("groww", "groww has no adapter in this version yet. Next: choose one of kite, paper."),
    ],
)
def test_a_broker_that_is_not_here_is_refused_with_those_that_are(world: World, name, why):
    entered = world.entered()

    with pytest.raises(BrokerNotSupported) as choosing:
        world.select_broker(context(), entered, name)
    with pytest.raises(BrokerNotSupported):
        world.log_in(context(), entered, name, GIVEN_TOKEN)
    with pytest.raises(BrokerNotSupported):
        world.admit(context(), entered, name)

    assert str(choosing.value) == why
    assert world.facts(FIRST) == ["SessionCreated"]


def test_a_session_that_ended_after_it_was_entered_refuses_the_choice(world: World):
    entered = world.entered()
    world.append(FIRST, ENDED)

    with pytest.raises(SessionHasExpired):
        world.select_broker(context(), entered, "kite")

    assert world.facts(FIRST) == ["SessionCreated", "SessionEnded"]


# Logging in


def test_a_login_is_on_record_and_makes_its_broker_active(world: World):
    session = world.log_in(context(), world.entered(), "kite", GIVEN_TOKEN)

    authenticated = world.events(FIRST)[1]
    assert authenticated == BrokerAuthenticated(
        broker="kite",
        mode="SIMULATED",
        account_fingerprint=world.vault.account_fingerprint("kite", "AB1234"),
        account_sealed=world.vault.seal(ASHA, "AB1234\nAsha Rao"),
        credential_version=1,
        expires_at=SIX_IN_THE_MORNING,
    )
    assert world.facts(FIRST) == ["SessionCreated", "BrokerAuthenticated", "BrokerSelected"]
    assert session == world.state(FIRST)
    assert session.active_broker == "kite"


def test_the_broker_gets_the_credentials_that_the_person_gave(world: World):
    world.log_in(context(), world.entered(), "kite", GIVEN_TOKEN)

    assert [dict(given) for given in world.kite.logged_in_with] == [{"request_token": "rt-8f3a"}]


def test_the_secret_is_in_the_vault_before_the_login_is_in_the_log(world: World):
    entered = world.entered()
    held = []
    world.store.on_next_append(lambda: held.extend(world.vault.holds(FIRST)))

    world.log_in(context(), entered, "kite", GIVEN_TOKEN)

    assert held == [("kite", 1)]


def test_no_secret_and_no_name_of_the_account_reaches_the_log(world: World):
    world.log_in(context(), world.entered(), "kite", GIVEN_TOKEN)

    stored = everything_stored(world)
    for private in (b"rt-8f3a", b"open-sesame", b"kitekey", b"AB1234", b"Asha"):
        assert private not in stored


def test_a_refused_login_is_on_record_without_its_values(world: World):
    world.kite.login = LoginRefused("TOKEN_REFUSED", "The request token is used up.")

    with pytest.raises(BrokerLoginFailed, match=r"^Kite: The request token is used up\.$"):
        world.log_in(context(), world.entered(), "kite", GIVEN_TOKEN)

    assert world.events(FIRST)[1:] == [
        BrokerAuthenticationFailed(broker="kite", code="TOKEN_REFUSED")
    ]
    assert b"rt-8f3a" not in everything_stored(world)
    assert world.vault.holds(FIRST) == []


@pytest.mark.parametrize("code", ["MISSING_ARGUMENT", "MALFORMED_ARGUMENT"])
def test_a_login_that_the_broker_never_saw_is_not_on_record(world: World, code):
    world.kite.login = LoginRefused(code, "request_token is missing.")

    with pytest.raises(InvalidArgument, match=r"^Kite: request_token is missing\.$"):
        world.log_in(context(), world.entered(), "kite", Secrets({}))

    assert world.facts(FIRST) == ["SessionCreated"]


def test_a_refused_login_leaves_the_earlier_one_in_use(world: World):
    world.at_kite()
    world.kite.login = LoginRefused("TOKEN_REFUSED", "The request token is used up.")

    with pytest.raises(BrokerLoginFailed):
        world.log_in(context(), world.entered(), "kite", GIVEN_TOKEN)

    admission = world.admit(context(), world.entered(), "kite")
    assert admission.access.secrets["access_token"] == "open-sesame"


def test_a_login_that_the_broker_did_not_answer_leaves_no_trace(world: World):
    world.kite.login = BrokerDown("timed out")

    with pytest.raises(BrokerUnavailable, match="you are not logged in"):
        world.log_in(context(), world.entered(), "kite", GIVEN_TOKEN)

    assert world.facts(FIRST) == ["SessionCreated"]
    assert world.vault.holds(FIRST) == []


def test_a_second_login_is_kept_under_the_next_version(world: World):
    world.at_kite()
    world.kite.login = replace(
        ASHAS_KITE, secrets=Secrets({"api_key": "kitekey", "access_token": "newer"})
    )

    world.log_in(context(), world.entered(), "kite", GIVEN_TOKEN)

    admission = world.admit(context(), world.entered(), "kite")
    assert admission.login is not None
    assert admission.login.credential_version == 2
    assert admission.access.secrets["access_token"] == "newer"


def test_a_session_that_is_over_does_not_even_ask_the_broker(world: World):
    world.entered()
    over = replace(world.entered(), loaded=world.append(FIRST, ENDED))

    with pytest.raises(SessionHasExpired):
        world.log_in(context(), over, "kite", GIVEN_TOKEN)

    assert world.kite.logged_in_with == []


def test_a_session_that_ends_while_the_broker_thinks_keeps_no_secret(world: World, monkeypatch):
    def thinks_for_long(credentials, now, egress):
        world.close.end(context(), FIRST, "operator")
        return ASHAS_KITE

    monkeypatch.setattr(world.kite, "log_in", thinks_for_long)

    with pytest.raises(SessionHasExpired):
        world.log_in(context(), world.entered(), "kite", GIVEN_TOKEN)

    assert world.vault.holds(FIRST) == []
    assert world.facts(FIRST) == ["SessionCreated", "SessionEnded"]


def test_a_session_that_ends_while_a_login_is_stored_keeps_no_secret(world: World):
    entered = world.entered()
    world.store.on_next_append(lambda: world.close.end(context(), FIRST, "operator"))

    with pytest.raises(SessionHasExpired):
        world.log_in(context(), entered, "kite", GIVEN_TOKEN)

    assert world.vault.holds(FIRST) == []


def test_logging_in_where_no_login_is_needed_chooses_the_broker(world: World):
    session = world.log_in(context(), world.entered(), "paper", Secrets({}))

    assert session.active_broker == "paper"
    assert world.events(FIRST)[1:] == [BrokerSelected(broker="paper")]
    assert world.paper.logged_in_with == []


def test_logging_in_where_no_login_is_needed_leaves_another_active_broker_alone(world: World):
    world.at_kite()

    session = world.log_in(context(), world.entered(), "paper", Secrets({}))

    assert session.active_broker == "kite"


# Logging out


def test_logging_out_is_on_record_the_secret_dies_and_the_broker_is_told(world: World):
    entered = world.at_kite()

    left = world.log_out(context(), entered, ("kite",))

    assert left == ("kite",)
    assert world.events(FIRST)[-1] == BrokerLoggedOut(broker="kite")
    assert world.vault.holds(FIRST) == []
    [told] = world.kite.logged_out
    assert (told.principal, told.account_id) == (ASHA, "AB1234")
    assert told.secrets["access_token"] == "open-sesame"


def test_our_copy_of_the_secret_is_gone_before_the_broker_is_told(world: World, monkeypatch):
    entered = world.at_kite()
    held = []
    monkeypatch.setattr(world.kite, "log_out", lambda access: held.append(world.vault.holds(FIRST)))

    world.log_out(context(), entered, ("kite",))

    assert held == [[]]


def test_logging_out_passes_over_brokers_without_a_login(world: World):
    entered = world.at_kite()

    assert world.log_out(context(), entered, ("paper", "groww", "kite")) == ("kite",)
    assert world.facts(FIRST).count("BrokerLoggedOut") == 1


def test_logging_out_without_any_login_stores_nothing(world: World):
    assert world.log_out(context(), world.entered(), ("kite", "paper")) == ()
    assert world.facts(FIRST) == ["SessionCreated"]


def test_a_login_whose_secret_is_gone_can_still_be_ended(world: World):
    entered = world.at_kite()
    world.vault.forget(ASHA, FIRST)

    assert world.log_out(context(), entered, ("kite",)) == ("kite",)
    assert world.state(FIRST).logins == {}
    assert world.kite.logged_out == []


# Being admitted


def test_a_broker_without_logins_admits_everybody_under_its_own_name(world: World):
    admission = world.admit(context(), world.entered(), "paper")

    assert admission.broker is world.paper
    assert admission.login is None
    assert admission.access.principal == ASHA
    assert admission.access.account_id == "PAPER"
    assert dict(admission.access.secrets) == {}


def test_a_login_admits_with_its_account_and_secrets(world: World):
    admission = world.admit(context(), world.at_kite(), "kite")

    assert admission.broker is world.kite
    assert admission.login == world.state(FIRST).logins["kite"]
    assert admission.access.account_id == "AB1234"
    assert dict(admission.access.secrets) == {"api_key": "kitekey", "access_token": "open-sesame"}


def test_a_call_that_names_no_broker_goes_to_the_active_one(world: World):
    assert world.admit(context(), world.at_kite(), None).broker is world.kite


def test_a_named_broker_comes_before_the_active_one(world: World):
    assert world.admit(context(), world.at_kite(), "paper").broker is world.paper


def test_without_a_name_and_without_an_active_broker_nobody_is_admitted(world: World):
    with pytest.raises(NoActiveBroker):
        world.admit(context(), world.entered(), None)


def test_without_a_login_nobody_is_admitted(world: World):
    with pytest.raises(BrokerLoginRequired, match="You are not logged in to kite"):
        world.admit(context(), world.entered(), "kite")

    assert world.facts(FIRST) == ["SessionCreated"]


def test_one_persons_login_admits_nobody_else(world: World):
    world.at_kite()

    with pytest.raises(BrokerLoginRequired):
        world.admit(context(RAVI), world.entered(RAVI), "kite")


def test_a_session_that_is_over_admits_nobody(world: World):
    entered = world.entered()
    over = replace(entered, loaded=world.append(FIRST, ENDED))

    with pytest.raises(SessionHasExpired):
        world.admit(context(), over, "paper")


def test_a_login_admits_until_a_microsecond_before_its_end(world: World):
    world.at_kite()
    world.clock.at = SIX_IN_THE_MORNING - INSTANT

    assert world.admit(context(), world.entered(), "kite").access.account_id == "AB1234"


def test_a_login_that_has_ended_is_recorded_once_and_its_secret_forgotten(world: World):
    world.at_kite()
    world.clock.at = SIX_IN_THE_MORNING

    for _ in range(2):
        with pytest.raises(BrokerLoginRequired):
            world.admit(context(), world.entered(), "kite")

    assert world.events(FIRST)[3:] == [
        BrokerAuthenticationExpired(broker="kite", discovered="clock")
    ]
    assert world.vault.holds(FIRST) == []


def test_two_calls_that_find_the_same_ended_login_record_it_once(world: World):
    entered = world.at_kite()
    world.clock.at = SIX_IN_THE_MORNING

    for _ in range(2):
        with pytest.raises(BrokerLoginRequired, match="by the broker's own clock"):
            world.admit(context(), entered, "kite")

    assert world.facts(FIRST).count("BrokerAuthenticationExpired") == 1


def test_the_end_of_an_older_login_does_not_touch_the_secret_of_a_newer_one(world: World):
    entered_before = world.at_kite()
    world.kite.login = replace(ASHAS_KITE, expires_at=SIX_IN_THE_MORNING + timedelta(days=1))
    world.log_in(context(), world.entered(), "kite", GIVEN_TOKEN)
    world.clock.at = SIX_IN_THE_MORNING

    with pytest.raises(BrokerLoginRequired):
        world.admit(context(), entered_before, "kite")

    assert world.admit(context(), world.entered(), "kite").access.account_id == "AB1234"
    assert "BrokerAuthenticationExpired" not in world.facts(FIRST)


def test_a_login_whose_secret_is_gone_asks_for_a_new_one(world: World):
    entered = world.at_kite()
    world.vault.forget(ASHA, FIRST)

    with pytest.raises(BrokerLoginRequired, match="The stored kite login is gone"):
        world.admit(context(), entered, "kite")


# Nothing prints a secret


def test_no_value_of_a_secret_is_ever_printed(world: World):
    admission = world.admit(context(), world.at_kite(), "kite")

    for shown in (admission, admission.access, ASHAS_KITE, ASHAS_KITE.secrets, GIVEN_TOKEN):
        for text in (repr(shown), str(shown), f"{shown}"):
            assert "open-sesame" not in text
            assert "rt-8f3a" not in text
    assert repr(GIVEN_TOKEN) == "Secrets(request_token)"


def test_a_secret_cannot_be_encoded_as_part_of_an_event(world: World):
    event = BrokerAuthenticationFailed(broker="kite", code=GIVEN_TOKEN)  # type: ignore[arg-type]
    envelope = world.recorded(world.entered().session_id)[0].envelope

    with pytest.raises(TypeError):
        CATALOG.encode(event, envelope)
