import http.server
import socket
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from infrastructure.simulator.proof import far_side_is_our_simulator, proof, simulator_key

NONCE = "00112233445566778899aabbccddeeff"


@contextmanager
def answering(handle):
    """A loopback server that answers every GET with what `handle(path, headers)` gives."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            status, headers, body = handle(self.path, self.headers)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def test_our_simulator_proves_itself_under_its_own_address(kite):
    assert far_side_is_our_simulator(kite.url, "kite", kite.keys_dir)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.2"])
def test_nothing_is_proven_under_a_name_or_an_address_that_somebody_else_may_answer(kite, host):
    elsewhere = kite.url.replace("127.0.0.1", host)
    port = elsewhere.rpartition(":")[2]

    relayed = kite.http.get(
        f"/simulator/proof?broker=kite&nonce={'ab' * 32}", headers={"Host": f"{host}:{port}"}
    )

    assert relayed.status_code == 403
    assert not far_side_is_our_simulator(elsewhere, "kite", kite.keys_dir)


def test_a_simulator_of_another_installation_does_not(kite, tmp_path):
    simulator_key(tmp_path / "other keys")

    assert not far_side_is_our_simulator(kite.url, "kite", tmp_path / "other keys")


def test_without_a_key_nothing_is_ours_and_none_is_made(kite, tmp_path):
    assert not far_side_is_our_simulator(kite.url, "kite", tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


def test_a_key_of_the_wrong_length_proves_nothing(kite):
    (kite.keys_dir / "simulator.key").write_bytes(b"short")

    assert not far_side_is_our_simulator(kite.url, "kite", kite.keys_dir)
    with pytest.raises(ValueError, match="not a key"):
        simulator_key(kite.keys_dir)


def test_the_simulator_proves_nothing_under_an_address_that_is_not_its_own(kite):
    def ask(host):
        return kite.http.get(
            "/simulator/proof", params={"broker": "kite", "nonce": NONCE}, headers={"Host": host}
        ).status_code

    own = kite.url.removeprefix("http://")
    assert ask(own) == 200
    assert [ask("127.0.0.1:1"), ask("api.kite.trade"), ask("evil.example:80")] == [403, 403, 403]


def test_a_relay_in_front_of_our_simulator_proves_nothing(kite):
    def relay(path, headers):
        answer = kite.http.get(path)  # under the simulator's own address, as a proxy would ask
        return answer.status_code, {"Content-Type": "application/json"}, answer.content

    with answering(relay) as url:
        assert not far_side_is_our_simulator(url, "kite", kite.keys_dir)


def test_a_redirect_to_our_simulator_is_not_followed(kite):
    with answering(lambda path, _: (302, {"Location": kite.url + path}, b"")) as url:
        assert not far_side_is_our_simulator(url, "kite", kite.keys_dir)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"proof": 1}', b'{"proof": "00"}', b'{"proof": "\xc3\xa9"}']
)
def test_nonsense_is_not_a_proof(kite, body):
    with answering(lambda *_: (200, {}, body)) as url:
        assert not far_side_is_our_simulator(url, "kite", kite.keys_dir)


def test_an_earlier_proof_cannot_be_repeated(kite):
    key = simulator_key(kite.keys_dir)

    def repeat(_, headers):
        old = proof(key, "kite", NONCE, headers["Host"])
        return 200, {}, b'{"proof": "%s"}' % old.encode()

    with answering(repeat) as url:
        assert not far_side_is_our_simulator(url, "kite", kite.keys_dir)


@pytest.mark.parametrize(
    "url",
    ["https://api.kite.trade", "http://192.0.2.1:9100", "ftp://127.0.0.1", "nonsense", ""],
)
def test_another_machine_is_not_even_asked(kite, url, monkeypatch):
    def connect(*_: object) -> None:
        pytest.fail("a connection was tried")

    monkeypatch.setattr(socket, "create_connection", connect)

    assert not far_side_is_our_simulator(url, "kite", kite.keys_dir)


def test_nobody_listening_is_a_no(kite):
    assert not far_side_is_our_simulator("http://127.0.0.1:9", "kite", kite.keys_dir)


def test_the_proxies_of_the_environment_are_not_asked(kite, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    assert far_side_is_our_simulator(kite.url, "kite", kite.keys_dir)


def test_a_proof_is_for_one_broker_one_nonce_and_one_host():
    key = bytes(32)
    other_nonce = NONCE.replace("0", "1")

    proofs = {
        proof(key, "kite", NONCE, "127.0.0.1:9100"),
        proof(key, "dhan", NONCE, "127.0.0.1:9100"),
        proof(key, "kite", other_nonce, "127.0.0.1:9100"),
        proof(key, "kite", NONCE, "127.0.0.1:9101"),
    }

    assert len(proofs) == 4


def test_many_makers_make_one_key_that_only_the_owner_reads(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: simulator_key(tmp_path / "keys"), range(32)))

    assert len(keys) == 1
    assert [file.name for file in (tmp_path / "keys").iterdir()] == ["simulator.key"]
    assert stat.S_IMODE((tmp_path / "keys" / "simulator.key").stat().st_mode) == 0o600
