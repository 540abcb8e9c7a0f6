"""A model hub on this machine: the endpoints of huggingface.co that a download needs, served slowly."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

from timevis.models.backbone.load import load_backbone

COMMIT = "0123456789abcdef0123456789abcdef01234567"
PIECE_BYTES = 2**16


def write_qwen(folder: Path) -> Path:
    """A Qwen2 of some megabytes with random weights, and the tokenizer of nano."""
    load_backbone("nano").tokenizer.save_pretrained(folder)
    sizes = {"hidden_size": 256, "intermediate_size": 768, "num_hidden_layers": 2, "num_attention_heads": 4}
    torch.manual_seed(0)
    Qwen2ForCausalLM(Qwen2Config(vocab_size=1104, num_key_value_heads=2, **sizes)).save_pretrained(folder)
    return folder


@dataclass
class Hub:
    """A running hub.

    Attributes
    ----------
    address : str
        For HF_ENDPOINT.
    seconds_per_piece : float
        Time between two pieces of a file of `PIECE_BYTES`.
    sent : int
        Bytes of files that were sent.
    requests : int
    """

    folder: Path
    address: str = ""
    seconds_per_piece: float = 0.0
    sent: int = 0
    requests: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


@contextmanager
def serve_hub(folder: Path, seconds_per_piece: float = 0.0) -> Iterator[Hub]:
    """Serve a folder under every name of a model."""
    hub = Hub(folder, seconds_per_piece=seconds_per_piece)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            with hub.lock:
                hub.requests += 1
            path = self.path.partition("?")[0]
            if "/tree/" in path:
                files = [
                    {"type": "file", "path": file.name, "size": file.stat().st_size, "oid": _oid(file)}
                    for file in sorted(folder.iterdir())
                ]
                self._answer(json.dumps(files).encode())
            elif path.startswith("/api/models/"):
                name = "/".join(path.split("/")[3:5])
                siblings = [{"rfilename": file.name} for file in folder.iterdir()]
                self._answer(json.dumps({"id": name, "modelId": name, "sha": COMMIT, "siblings": siblings}).encode())
            else:
                self._send_file(folder / Path(path).name)

        def _answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _send_file(self, file: Path) -> None:
            if not file.is_file():
                self.send_error(404)
                return
            content = file.read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("ETag", f'"{_oid(file)}"')
            self.send_header("X-Repo-Commit", COMMIT)
            self.end_headers()
            if self.command == "HEAD":
                return
            for position in range(0, len(content), PIECE_BYTES):
                piece = content[position : position + PIECE_BYTES]
                try:
                    self.wfile.write(piece)
                except OSError:  # the client has gone
                    self.close_connection = True
                    return
                with hub.lock:
                    hub.sent += len(piece)
                time.sleep(hub.seconds_per_piece)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hub.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield hub
    server.shutdown()
    server.server_close()


def _oid(file: Path) -> str:
    return hashlib.sha1(file.read_bytes()).hexdigest()
