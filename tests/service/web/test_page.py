"""The files of the page are served without a token; every address of the page shows it."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from timevis.service.web.page import is_page_path, register_page


@pytest.fixture
def built(tmp_path: Path) -> FlaskClient:
    (tmp_path / "page/assets").mkdir(parents=True)
    (tmp_path / "page/index.html").write_text("the page")
    (tmp_path / "page/assets/main-abc.js").write_text("1")
    (tmp_path / "secret").write_text("2")
    app = APIFlask("page")
    register_page(app, tmp_path / "page")
    return app.test_client()


@pytest.mark.parametrize("path", ["/", "/data", "/tasks/0123", "/a/b/c", f"/{'a' * 300}"])
def test_every_address_of_the_page_gets_its_index(built: FlaskClient, path: str) -> None:
    answer = built.get(path)
    assert (answer.status_code, answer.text, answer.headers["Cache-Control"]) == (200, "the page", "no-cache")


def test_the_index_names_the_folder_below_which_a_proxy_shows_the_page(built: FlaskClient, tmp_path: Path) -> None:
    (tmp_path / "page/index.html").write_text('<base href="/" />')
    assert built.get("/data").text == '<base href="/" />'
    assert built.get("/data", environ_overrides={"SCRIPT_NAME": "/a"}).text == '<base href="/a/" />'


def test_files_with_a_hash_in_their_name_are_cached_for_good(built: FlaskClient) -> None:
    assert "immutable" in built.get("/assets/main-abc.js").headers["Cache-Control"]
    assert built.get("/assets/main-old.js").status_code == 404
    assert built.get(f"/assets/{'a' * 300}.js").status_code == 404


def test_a_browser_gets_the_smallest_compressed_copy_that_it_accepts(built: FlaskClient, tmp_path: Path) -> None:
    for suffix, content in ((".gz", gzip.compress(b"1")), (".br", b"\x0b\x00\x80\x31\x03")):
        (tmp_path / f"page/assets/main-abc.js{suffix}").write_bytes(content)
    answer = built.get("/assets/main-abc.js", headers={"Accept-Encoding": "gzip"})
    assert (answer.headers["Content-Encoding"], gzip.decompress(answer.data)) == ("gzip", b"1")
    smaller = built.get("/assets/main-abc.js", headers={"Accept-Encoding": "gzip, deflate, br"})
    assert (smaller.headers["Content-Encoding"], smaller.data) == ("br", b"\x0b\x00\x80\x31\x03")
    assert answer.mimetype == smaller.mimetype == "text/javascript"
    assert answer.headers["Vary"] == smaller.headers["Vary"] == "Accept-Encoding"
    assert (built.get("/assets/main-abc.js").text, built.get("/assets/main-abc.js").content_encoding) == ("1", None)


@pytest.mark.parametrize("path", ["/../secret", "/assets/../../secret", "/%2e%2e/secret"])
def test_no_file_outside_the_page_is_served(built: FlaskClient, path: str) -> None:
    assert built.get(path).text != "2"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_unknown_paths_of_the_api_stay_errors_of_the_api(http: FlaskClient, method: str) -> None:
    answer = http.open("/api/nowhere", method=method)
    assert (answer.status_code, answer.json["code"]) == (404, "not-found")
    assert not is_page_path("/api")
    assert is_page_path("/apiary")


def test_without_the_built_page_the_service_says_how_to_get_it(tmp_path: Path) -> None:
    app = APIFlask("page")
    register_page(app, tmp_path)
    answer = app.test_client().get("/")
    assert answer.status_code == 200
    assert "make page" in answer.text
