"""What sends a browser to a broker's own login page, and what it brings back from there."""

from collections.abc import Callable
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from application.ports.broker import BrokerDown, LoginRefused, Secrets
from infrastructure.brokers.calls import Calls
from infrastructure.brokers.dhan.login import DhanAuth, DhanBrowser
from infrastructure.brokers.groww.login import PAGE
from infrastructure.brokers.kite.login import KiteBrowser
from infrastructure.brokers.logins import one_time_code
from tests.infrastructure.brokers.kite_support import Answer, as_json, far_side
from tests.infrastructure.simulator.support import OPENING_BELL

KITE_PAGE = "https://kite.zerodha.com/connect/login"
DHAN_PAGE = "https://auth.dhan.co/login/consentApp-login"
KITE_APP = Secrets({"api_key": "key/4711", "api_secret": "CANARYsecret"})
DHAN_APP = Secrets({"client_id": "1000000001", "app_id": "app", "app_secret": "CANARYsecret"})
TOKEN = as_json(200, {"accessToken": "t0ken", "dhanClientId": "1000000001"})


def auth_of(url: str) -> DhanAuth:
    from infrastructure.brokers.dhan import sdk

    return sdk.Auth(url, Calls("dhan").line)


def asked_of_dhan(
    answer: Callable[[str, str], Answer], ask: Callable[[DhanAuth], object]
) -> tuple[object, list[str]]:
    """What Dhan's login host said, and the method and path of every question."""
    with far_side(answer) as side:
        told = ask(auth_of(side.url))
        return told, [request.partition("?")[0] for request in side.asked]


# Kite


def test_the_way_to_kite_carries_the_state_and_no_secret():
    departure = KiteBrowser(KITE_PAGE).depart(KITE_APP, "state4711")

    query = parse_qs(urlsplit(departure.url).query)
    assert departure.url.startswith(f"{KITE_PAGE}?")
    assert (query["v"], query["api_key"]) == (["3"], ["key/4711"])
    assert parse_qsl(query["redirect_params"][0]) == [("state", "state4711")]
    assert "CANARY" not in departure.url
    assert dict(departure.kept) == dict(KITE_APP)


@pytest.mark.parametrize("missing", ["api_key", "api_secret"])
def test_nobody_is_sent_to_kite_without_an_app(missing):
    app = Secrets({name: value for name, value in KITE_APP.items() if name != missing})

    with pytest.raises(LoginRefused, match="MISSING_ARGUMENT"):
        KiteBrowser(KITE_PAGE).depart(app, "state4711")


def test_kite_sends_a_request_token_back():
    brought = KiteBrowser(KITE_PAGE).returned({"status": "success", "request_token": "rt"})

    assert dict(brought) == {"request_token": "rt"}


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"status": "cancelled"},
        {"status": "failed", "request_token": "rt"},
        {"request_token": "rt"},
        {"status": "success"},
    ],
)
def test_any_other_word_of_kites_is_no_login(answer):
    with pytest.raises(LoginRefused, match="NOT_AGREED"):
        KiteBrowser(KITE_PAGE).returned(answer)


# Dhan


def test_a_consent_is_asked_for_and_the_way_to_dhan_names_it():
    with far_side(lambda *_: as_json(200, {"consentAppId": "consent 1"})) as side:
        departure = DhanBrowser(DHAN_PAGE, lambda _: auth_of(side.url)).depart(DHAN_APP, "ignored")

    assert departure.url == f"{DHAN_PAGE}?consentAppId=consent%201"
    assert dict(departure.kept) == dict(DHAN_APP)
    assert len(side.asked) == 1


@pytest.mark.parametrize("missing", ["client_id", "app_id", "app_secret"])
def test_no_consent_is_asked_for_without_an_app_or_a_client(missing):
    app = Secrets({name: value for name, value in DHAN_APP.items() if name != missing})
    with far_side(lambda *_: as_json(200, {})) as side:
        browser = DhanBrowser(DHAN_PAGE, lambda _: auth_of(side.url))
        with pytest.raises(LoginRefused, match="MISSING_ARGUMENT"):
            browser.depart(app, "ignored")

    assert side.asked == []


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        (as_json(401, {"errorCode": "DH-901"}), LoginRefused),
        (as_json(200, {}), BrokerDown),
        (as_json(500, {}), BrokerDown),
        ((502, {"Content-Type": "text/html"}, b"<html>"), BrokerDown),
    ],
)
def test_a_consent_that_is_not_given_out_is_refused_or_down(answer, refusal):
    with far_side(lambda *_: answer) as side:
        browser = DhanBrowser(DHAN_PAGE, lambda _: auth_of(side.url))
        with pytest.raises(refusal) as error:
            browser.depart(DHAN_APP, "ignored")

    assert "CANARY" not in str(error.value)


def test_dhan_sends_a_token_id_back_or_nobody_agreed():
    browser = DhanBrowser(DHAN_PAGE, auth_of)  # type: ignore[arg-type]  # it asks nobody

    assert dict(browser.returned({"tokenId": "id"})) == {"token_id": "id"}
    with pytest.raises(LoginRefused, match="NOT_AGREED"):
        browser.returned({"error": "denied"})


def test_a_consent_is_used_as_the_sdk_does_it():
    told, asked = asked_of_dhan(
        lambda *_: TOKEN, lambda auth: auth.consume_consent("1000000001", "id", "app", "secret")
    )

    assert told == {"accessToken": "t0ken", "dhanClientId": "1000000001"}
    assert asked == ["GET /app/consumeApp-consent"]


def test_a_consent_is_used_as_documented_where_dhan_refuses_that_method():
    _, asked = asked_of_dhan(
        lambda method, _: TOKEN if method == "POST" else (405, {}, b""),
        lambda auth: auth.consume_consent("1000000001", "id", "app", "secret"),
    )

    assert asked == ["GET /app/consumeApp-consent", "POST /app/consumeApp-consent"]


# Forms


def test_groww_sends_nobody_anywhere():
    assert [method.leads_to for method in PAGE.methods()] == [None, None, None]
    with pytest.raises(LoginRefused):
        PAGE.depart(Secrets({}), "state")
    with pytest.raises(LoginRefused):
        PAGE.returned({})


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"totp": " 123 456 "}, "123456"),
        (
            {"totp": "GEZDGNBVGY3TQOJQ"},
            "334354",
        ),
        ({}, None),
    ],
)
def test_a_code_counts_as_it_is_and_a_secret_makes_one(given, code):
    assert one_time_code(Secrets(given), OPENING_BELL) == code


@pytest.mark.parametrize("given", [{"totp": "12345"}, {"totp_secret": "123456"}])
def test_what_is_neither_code_nor_secret_is_refused_without_repeating_it(given):
    with pytest.raises(LoginRefused, match="MALFORMED_ARGUMENT") as refused:
        one_time_code(Secrets(given), OPENING_BELL)

    assert next(iter(given.values())) not in str(refused.value)
