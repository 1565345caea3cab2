"""The way to IXC and back over real HTTP: addresses, credentials, TLS, redirects, sizes, and 100,000 rows."""

import ssl
import subprocess
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import requests

from tests.lab.invented import World, invent
from tests.lab.ixc_rows import PASSWORD
from tests.lab.ixc_server import TOKEN, IxcServer
from worker.erp import web
from worker.erp.ixc import Ixc
from worker.erp.ixc_http import IxcReader
from worker.erp.ixc_login import base_address
from worker.erp.ixc_map import CLIENTS
from worker.errors import SourceBroken, SourceRefused, SourceUnavailable
from worker.source_settings import IxcSource

TODAY = date(2026, 11, 20)


@pytest.fixture(scope="module")
def world() -> World:
    return invent(30, today=TODAY, seed=5)


@pytest.fixture
def server(world: World) -> Iterator[IxcServer]:
    with IxcServer(world.clients, world.bills) as running:
        yield running


def _settings(url: str, **more: object) -> IxcSource:
    return IxcSource.model_validate({"type": "ixc", "url": url, "token": TOKEN, "retries": 0, **more})


@pytest.mark.parametrize(
    ("pasted", "expected"),
    [
        ("https://erp.example", "https://erp.example/webservice/v1"),
        ("https://erp.example/", "https://erp.example/webservice/v1"),
        ("https://erp.example/webservice/v1", "https://erp.example/webservice/v1"),
        ("https://erp.example/Webservice/V1/", "https://erp.example/webservice/v1"),
        ("https://erp.example/webservice", "https://erp.example/webservice/v1"),
        ("http://10.0.0.5:8080/ixc/webservice/v1//", "http://10.0.0.5:8080/ixc/webservice/v1"),
        ("https://erp.example/?x=1#y", "https://erp.example/webservice/v1"),
        ("https://user:word@erp.example", "https://erp.example/webservice/v1"),
    ],
)
def test_addresses_are_taken_as_users_paste_them(pasted: str, expected: str) -> None:
    assert expected == base_address(pasted)


@pytest.mark.parametrize("tail", ["", "/", "/webservice/v1", "/webservice/v1/"])
def test_every_spelling_of_the_address_reaches_the_same_server(server: IxcServer, tail: str) -> None:
    assert "active natural persons" in Ixc(_settings(server.url + tail)).probe()


@pytest.mark.parametrize("token", ["onlyhash", ":hash", "7:", "7:ha\nsh"])
def test_a_token_that_cannot_be_right_is_refused_before_anything_is_sent(token: str) -> None:
    with pytest.raises(SourceRefused, match="id:hash"):
        Ixc(_settings("http://127.0.0.1:9", token=token))


def test_passwords_end_at_the_edge(server: IxcServer) -> None:
    reader = IxcReader(_settings(server.url))
    with reader.session() as session:
        raw = session.post(f"{server.url}/webservice/v1/cliente", json={"rp": "1"}, timeout=5).text
        answer = reader.rows(session, CLIENTS, (), after=0, count=100)
    assert PASSWORD in raw
    assert len(answer.rows) == answer.total > 20
    assert PASSWORD not in repr(answer)


def test_proxies_and_netrc_of_the_shell_do_not_count(
    server: IxcServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert "answers" in Ixc(_settings(server.url)).probe()


def test_the_stand_in_counts_a_post_without_the_list_header_as_an_insert(server: IxcServer) -> None:
    headers = {"Authorization": server.authorization}
    answer = requests.post(f"{server.url}/webservice/v1/cliente", json={"razao": "x"}, headers=headers, timeout=5)
    assert ("success", 1) == (answer.json()["type"], server.inserts)
    got = requests.get(f"{server.url}/webservice/v1/cliente", headers=headers, timeout=5)
    assert 404 == got.status_code


def test_a_certificate_nobody_vouches_for_is_refused_until_it_is_given(world: World, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    options = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", *options, *subject, *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with IxcServer(world.clients, world.bills, tls=context) as server:
        with pytest.raises(SourceRefused, match=r"source\.ca_file"):
            Ixc(_settings(server.url)).probe()
        assert "answers" in Ixc(_settings(server.url, ca_file=certificate)).probe()
        assert "answers" in Ixc(_settings(server.url, verify_tls=False)).probe()
    with pytest.raises(SourceRefused, match=r"source\.ca_file"):
        Ixc(_settings("https://127.0.0.1:9", ca_file=tmp_path / "missing.pem"))


def test_an_answer_beyond_all_measure_is_not_read_to_its_end(
    server: IxcServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "BODY_LIMIT", 5_000)
    with pytest.raises(SourceBroken, match=r"source\.page_size"):
        list(Ixc(_settings(server.url)).clients())


class _Nonsense(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.wfile.write(b"this is not HTTP\r\n\r\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
        """Silence."""


def test_what_does_not_speak_http_is_unavailable() -> None:
    with HTTPServer(("127.0.0.1", 0), _Nonsense) as http:
        thread = threading.Thread(target=http.handle_request)
        thread.start()
        with pytest.raises(SourceUnavailable):
            Ixc(_settings(f"http://127.0.0.1:{http.server_port}")).probe()
        thread.join()


def test_a_source_given_up_midway_leaves_no_connection_behind(server: IxcServer) -> None:
    pages = Ixc(_settings(server.url, page_size=5)).clients()
    next(pages)
    del pages  # ResourceWarning would fail the test


def test_many_rows_are_read_page_by_page() -> None:
    big = invent(4_000, today=TODAY, seed=2)
    span = (TODAY - timedelta(days=365), TODAY)
    with IxcServer(big.clients, big.bills) as server:
        pages = list(Ixc(_settings(server.url, page_size=1000, pause_seconds=0)).bills(*span))
        assert big.owed(*span) == [bill for page in pages for bill in page.rows]
        assert -(-(pages[0].expected or 0) // 1000) == len(server.requests)
