"""The page of a comparison stands alone: it escapes what it shows, and asks nobody for anything."""

import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from labeling import Task
from tasks.comparing.page import comparison_page
from tasks.comparing.text_map import MAX_TEXTS, map_texts
from tests.comparisons import comparison

ELSEWHERE = "http://elsewhere.example/seen.png"
HOSTILE = (
    "<script>document.title='run'</script>",
    f"'\"><img src={ELSEWHERE}>",
    "$\\frac{1}$",
    "{{ 7 * 7 }}",
    "a label of\nmore lines " * 20,
    "_hidden",
    "\u6d77\u6d0b",
)
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--window-size=1200,2400",
)
SIZE_LIMIT_BYTES = 2_000_000
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed here")


@pytest.mark.parametrize("task", ["single_label", "multi_label"])
def test_a_page_loads_nothing_but_what_it_brings(task: Task) -> None:
    page = comparison_page(comparison(HOSTILE, task))

    loaded = re.findall(r"<[^>]*\b(?:src|href|action|data)=\"([^\"]*)\"", page)
    assert loaded
    assert [each for each in loaded if not each.startswith("data:image/svg+xml;base64,")] == []
    assert "default-src 'none'" in page


def test_labels_are_shown_as_they_are_and_never_obeyed() -> None:
    page = comparison_page(comparison(HOSTILE))

    assert "<script" not in page
    assert "&lt;script&gt;document.title=" in page
    assert "{{ 7 * 7 }}" in page


def test_a_page_of_many_labels_and_texts_is_below_two_megabytes() -> None:
    labels = [f"label {n}" for n in range(200)]
    vectors = np.random.default_rng(0).normal(size=(3 * MAX_TEXTS, 8)).astype(np.float32)
    indicator = np.eye(200, dtype=bool)[np.arange(len(vectors)) % 200]
    text_map = map_texts("mean", vectors, indicator)

    page = comparison_page(comparison(labels, text_map=text_map))

    assert len(text_map.x) == MAX_TEXTS
    assert len(page.encode()) < SIZE_LIMIT_BYTES


def test_the_page_says_what_is_recommended_and_how_to_name_it() -> None:
    page = comparison_page(comparison())

    assert "Use stack: 85.0 % of the test documents right" in page
    assert "own_stack-00000000" in page


def test_equal_comparisons_give_equal_pages() -> None:
    assert comparison_page(comparison()) == comparison_page(comparison())


def test_a_text_of_several_labels_has_the_commonest_on_the_map_and_one_of_none_has_none() -> None:
    indicator = np.array([[1, 1], [0, 1], [0, 0]], dtype=bool)

    assert map_texts("mean", np.eye(3, dtype=np.float32), indicator).label == (1, 1, -1)


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str]]]:
    """A proxy's address, and what it was asked for."""
    seen: list[str] = []

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            self.send_error(404)

        do_CONNECT = do_GET

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Proxy)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", seen
    server.shutdown()
    thread.join()
    server.server_close()


def shoot(page: Path, proxy: str) -> np.ndarray:
    """Float [height, width, 3 or 4]: what a reader sees."""
    assert CHROMIUM is not None
    picture = page.with_suffix(".png")
    profile = page.with_suffix(".profile")
    subprocess.run(
        [
            CHROMIUM,
            *QUIET,
            f"--proxy-server={proxy}",
            f"--user-data-dir={profile}",
            f"--screenshot={picture}",
            page.as_uri(),
        ],
        check=True,
        capture_output=True,
        timeout=120,
    )
    return np.asarray(imread(picture))


@needs_chromium
def test_a_browser_draws_the_page_and_asks_nobody(
    tmp_path: Path, asked: tuple[str, list[str]]
) -> None:
    proxy, seen = asked
    page = tmp_path / "page.html"
    page.write_text(comparison_page(comparison(HOSTILE)), encoding="utf-8")

    drawn = shoot(page, proxy)

    assert [each for each in seen if "elsewhere" in each] == []
    assert has_colour(drawn, "#0072B2")  # poolings in the chart of F1
    assert has_colour(drawn, "#009E73")  # ensembles there


@needs_chromium
def test_a_page_that_did_ask_would_be_noticed(tmp_path: Path, asked: tuple[str, list[str]]) -> None:
    proxy, seen = asked
    page = tmp_path / "page.html"
    page.write_text(f"<img src={ELSEWHERE}>", encoding="utf-8")

    shoot(page, proxy)

    assert ELSEWHERE in seen


def has_colour(picture: np.ndarray, colour: str) -> bool:
    wanted = np.array([int(colour[n : n + 2], 16) for n in (1, 3, 5)]) / 255
    return bool((np.abs(picture[..., :3] - wanted) < 0.02).all(axis=2).any())
