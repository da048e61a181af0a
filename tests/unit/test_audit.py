"""The audit of dependencies asks one question, and is no obstacle where nobody answers."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

import tests.audit
from tests.audit import PINS, in_a_word, known_vulnerabilities, one_by_one, pins

PINNED = {"torch": "2.9.0", "jinja2": "3.1.0"}
KNOWN = {"results": [{}, {"vulns": [{"id": "GHSA-1"}, {"id": "PYSEC-2"}]}]}


class Osv(BaseHTTPRequestHandler):
    """Answers what its class was told to."""

    answer: Any = None
    asked: Any = None

    def do_POST(self) -> None:
        Osv.asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(Osv.answer).encode())

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Osv) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_every_pin_is_asked_about_with_its_version() -> None:
    pinned = pins(PINS.read_text())
    assert pinned["prefect"].startswith("3.")
    assert len(pinned) == len([li for li in PINS.read_text().splitlines() if "==" in li])
    assert not any("+" in version or " " in version for version in pinned.values())


def test_what_is_known_is_named_with_its_package_and_a_link(url: str) -> None:
    Osv.answer = KNOWN
    found = known_vulnerabilities(PINNED, url)
    assert Osv.asked["queries"][1] == {
        "package": {"name": "jinja2", "ecosystem": "PyPI"},
        "version": "3.1.0",
    }
    assert found == {"jinja2 3.1.0": ["GHSA-1", "PYSEC-2"]}
    assert "jinja2 3.1.0" in in_a_word(found)
    assert one_by_one(found) == ("jinja2 3.1.0: https://osv.dev/GHSA-1 https://osv.dev/PYSEC-2\n")


@pytest.mark.parametrize("answer", [{}, [], {"results": [{}]}, "sign in first"])
def test_an_answer_that_is_not_osv_s_is_none(url: str, answer: Any) -> None:
    Osv.answer = answer
    with pytest.raises(OSError, match="answer"):
        known_vulnerabilities(PINNED, url)


def test_without_a_network_the_check_goes_on_with_a_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tests.audit, "OSV", "http://127.0.0.1:9/")  # where nobody listens
    monkeypatch.setattr("sys.argv", ["audit", "--brief"])
    with pytest.raises(SystemExit) as ended:
        tests.audit.main()
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("Dependency audit skipped: 127.0.0.1:9 cannot be")
