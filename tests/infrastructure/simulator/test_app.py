import socket

import pytest

from infrastructure.simulator.app import NotLoopback, build_app, run, running
from infrastructure.simulator.exchange.exchange import Exchange
from infrastructure.simulator.proof import far_side_is_our_simulator


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])
def test_it_does_not_listen_where_others_could_reach_it(exchange, tmp_path, host):
    app = build_app(exchange, tmp_path)

    with pytest.raises(NotLoopback):
        run(host, 0, print, app=app)


def test_a_port_that_is_taken_is_an_error_and_not_another_port(exchange, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        run("127.0.0.1", taken.getsockname()[1], print, app=build_app(exchange, tmp_path))


def test_it_runs_on_ipv6_loopback_too(exchange, tmp_path):
    with running(build_app(exchange, tmp_path), host="::1") as url:
        assert url.startswith("http://[::1]:")
        assert far_side_is_our_simulator(url, "kite", tmp_path)


def test_two_simulators_share_nothing_but_the_key(clock, tmp_path):
    first, second = Exchange(seed=1, now=clock), Exchange(seed=1, now=clock)
    with running(build_app(first, tmp_path)) as one, running(build_app(second, tmp_path)) as two:
        first.open_account("kite", "ALICE")

        assert one != two
        assert second.accounts() == ()
        assert far_side_is_our_simulator(one, "kite", tmp_path)
        assert far_side_is_our_simulator(two, "kite", tmp_path)


def test_people_can_be_made_rich_and_named(kite):
    kite.http.post("/simulator/users", json={"user": "asha", "name": "Asha Rao", "cash_inr": "5"})

    assert kite.http.get("/simulator/users").json() == {
        "users": [{"broker": "kite", "user": "ASHA"}]
    }
    with kite.as_user(kite.access_token("ASHA")) as asha:
        assert asha.get("/user/profile").json()["data"]["user_name"] == "Asha Rao"
        assert asha.get("/user/margins").json()["data"]["equity"]["net"] == 5


def test_the_wire_log_names_every_order_whoever_sent_it(kite):
    from tests.infrastructure.simulator.test_kite_face import BUY_ONE_INFY

    for user in ("ALICE", "BOB"):
        with kite.as_user(kite.access_token(user)) as http:
            http.post("/orders/regular", data=BUY_ONE_INFY | {"tag": f"for{user}"})

    lines = kite.http.get("/simulator/wire-log").json()["orders"]

    assert [(line["user"], line["tag"]) for line in lines] == [
        ("ALICE", "forALICE"),
        ("BOB", "forBOB"),
    ]
    assert lines[0]["orderId"] == "261123033300001"
    assert lines[0]["at"] == "2026-11-23T03:45:00Z"


def test_a_web_page_cannot_use_the_control_routes(kite):
    body = {"fault": "drop_after"}

    from_a_page = kite.http.post(
        "/simulator/faults", json=body, headers={"Origin": "https://evil.example"}
    )
    under_another_name = kite.http.post(
        "/simulator/faults", json=body, headers={"Host": "evil.example"}
    )

    assert (from_a_page.status_code, under_another_name.status_code) == (403, 403)


@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("/simulator/users", {"user": "x y"}),
        ("/simulator/users", {"usr": "ALICE"}),
        ("/simulator/apps", {"api_key": ""}),
        ("/simulator/faults", {"fault": "meteor"}),
        ("/simulator/lag", {"seconds": "long"}),
        ("/simulator/users", [1]),
    ],
)
def test_a_wrong_control_request_is_refused(kite, route, body):
    assert kite.http.post(route, json=body).status_code == 400


@pytest.mark.parametrize("cash", ["NaN", "Infinity", "-1", "1e400"])
def test_nobody_is_given_an_amount_that_is_no_money(kite, cash):
    answer = kite.http.post("/simulator/users", json={"user": "ASHA", "cash_inr": cash})

    assert answer.status_code == 400
    assert kite.exchange.accounts() == ()
