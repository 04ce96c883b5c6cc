from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from infrastructure import totp
from tests.infrastructure.simulator.brokers import at_dhan, day_token
from tests.infrastructure.simulator.support import OPENING_BELL

APP = {"app_id": "myapp", "app_secret": "myapp-secret"}


@pytest.fixture
def alice(kite):
    with at_dhan(kite, day_token(kite, "dhan", "ALICE")) as http:
        yield http


def error_of(answer) -> tuple[int, str]:
    assert set(answer.json()) == {"errorType", "errorCode", "errorMessage"}
    return answer.status_code, answer.json()["errorCode"]


def consent_id(kite, app=APP):
    answer = kite.http.post("/app/generate-consent", params={"client_id": "ALICE"}, headers=app)
    return answer.json()["consentAppId"]


def token_id(kite):
    answer = kite.http.get(
        "/login/consentApp-login",
        params={"consentAppId": consent_id(kite)},
        headers={"Accept": "application/json"},
    )
    return answer.json()["tokenId"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_consent_becomes_a_token_for_24_hours_once(kite, method):
    asked = {"params": {"tokenId": token_id(kite)}, "headers": APP}

    first = kite.http.request(method, "/app/consumeApp-consent", **asked)
    second = kite.http.request(method, "/app/consumeApp-consent", **asked)

    assert first.json()["dhanClientId"] == "ALICE"
    assert first.json()["expiryTime"] == "2026-11-24T09:15:00.000"
    assert error_of(second) == (401, "DH-901")
    with at_dhan(kite, first.json()["accessToken"]) as http:
        assert http.get("/profile").json()["tokenValidity"] == "24/11/2026 09:15"


def test_a_consent_is_of_one_app(kite):
    asked = {"tokenId": token_id(kite)}
    other = {"app_id": "other", "app_secret": "other-secret"}

    stolen = kite.http.get("/app/consumeApp-consent", params=asked, headers=other)
    wrong = kite.http.get(
        "/app/consumeApp-consent", params=asked, headers=APP | {"app_secret": "x"}
    )

    assert (error_of(stolen), error_of(wrong)) == ((401, "DH-901"), (401, "DH-901"))
    assert kite.http.get("/app/consumeApp-consent", params=asked, headers=APP).status_code == 200


def test_the_consent_page_asks_and_then_goes_back_to_the_app(kite):
    kite.http.post(
        "/simulator/apps",
        json={"broker": "dhan", "api_key": "myapp", "redirect_url": "http://127.0.0.1:1/back"},
    )
    asked = {"consentAppId": consent_id(kite)}

    page = kite.http.get("/login/consentApp-login", params=asked)
    allowed = kite.http.get("/login/consentApp-login", params=asked | {"decision": "allow"})
    again = kite.http.get("/login/consentApp-login", params=asked | {"decision": "allow"})

    assert "myapp" in page.text
    assert "ALICE" in page.text
    back = urlsplit(allowed.headers["location"])
    assert (allowed.status_code, back.netloc + back.path) == (302, "127.0.0.1:1/back")
    redeemed = kite.http.get(
        "/app/consumeApp-consent",
        params={"tokenId": parse_qs(back.query)["tokenId"][0]},
        headers=APP,
    )
    assert redeemed.json()["dhanClientId"] == "ALICE"
    assert again.status_code == 404


def test_without_an_address_to_go_back_to_the_page_shows_the_token_id(kite):
    asked = {"consentAppId": consent_id(kite), "decision": "allow"}

    page = kite.http.get("/login/consentApp-login", params=asked)

    shown = page.text.partition("<code>")[2].partition("</code>")[0]
    redeemed = kite.http.post("/app/consumeApp-consent", params={"tokenId": shown}, headers=APP)
    assert redeemed.status_code == 200


def test_a_consent_ends_after_ten_minutes(kite):
    asked = consent_id(kite)

    kite.clock.advance(minutes=10)

    page = kite.http.get("/login/consentApp-login", params={"consentAppId": asked})
    assert page.status_code == 404


def test_a_wrong_app_secret_gets_no_consent(kite):
    answer = kite.http.post(
        "/app/generate-consent",
        params={"client_id": "ALICE"},
        headers={"app_id": "myapp", "app_secret": "guess"},
    )

    assert error_of(answer) == (401, "DH-901")


def test_pin_and_totp_become_a_token(kite):
    user = kite.http.post("/simulator/users", json={"broker": "dhan", "user": "1000000001"}).json()
    asked = {"dhanClientId": "1000000001", "pin": user["pin"]}
    shown = totp.code(user["totp_secret"], OPENING_BELL)
    later = totp.code(user["totp_secret"], OPENING_BELL + timedelta(minutes=5))

    def log_in(**changes):
        return kite.http.post("/app/generateAccessToken", params=asked | changes)

    assert log_in(totp=shown).json()["dhanClientId"] == "1000000001"
    assert error_of(log_in(totp=later)) == (401, "DH-901")
    assert error_of(log_in(totp=shown, pin="000000")) == (401, "DH-901")
    assert error_of(log_in()) == (401, "DH-901")


def test_a_token_ends_after_24_hours_and_can_be_renewed_before(kite, alice):
    kite.clock.advance(hours=23, minutes=59)
    renewed = alice.get("/RenewToken").json()["accessToken"]

    kite.clock.advance(minutes=1)

    assert error_of(alice.get("/profile")) == (401, "DH-901")
    with at_dhan(kite, renewed) as http:
        assert http.get("/profile").status_code == 200
