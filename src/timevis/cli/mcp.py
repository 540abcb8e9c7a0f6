"""Tools for assistants over the Model Context Protocol: timevis mcp [--http HOST:PORT] [--service ADDRESS]

    timevis mcp                            over stdin and stdout, for an assistant on this machine
    timevis mcp --http 127.0.0.1:8765      over HTTP at /mcp; each request sends a token of the service as Bearer

The tools call a running service (timevis serve): inspect a file, forecast, train, compare, verdict. They may do what
the token may: make one that may only read with `timevis serve token add NAME --read-only`. Over stdio the token is
TIMEVIS_TOKEN, or the token in TIMEVIS_HOME. It needs the optional dependencies: pip install 'timevis[service,mcp]'.

An assistant that reads a JSON configuration starts it with
    {"mcpServers": {"timevis": {"command": "timevis", "args": ["mcp"]}}}
"""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Sequence

from timevis.errors import ConfigError
from timevis.messages import Text
from timevis.utils.stdout import run_script


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="timevis mcp", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--http", metavar="HOST:PORT", help="serve over HTTP in place of stdin and stdout")
    parser.add_argument("--service", default="http://localhost:5000", help="address of the service (%(default)s)")
    args = parser.parse_args(arguments)
    return run_script(lambda: serve(args.http, args.service))


def serve(http: str | None, service: str) -> int:
    """Answer until the client ends the connection, or until Ctrl-C."""
    if importlib.util.find_spec("mcp") is None:
        message = Text("timevis mcp needs the package mcp")
        raise ConfigError(message, Text("install it: pip install 'timevis[service,mcp]'"))
    from timevis.service.mcp_server import make_server
    from timevis.service.settings import Settings

    if http is None:
        make_server(service, Settings.from_environment().token.get_secret_value()).run()
        return 0
    host, _, port = http.rpartition(":")
    if not host or not port.isdigit():
        raise ConfigError(Text("--http {given!r} is not HOST:PORT", given=http))
    make_server(service, None).run("streamable-http", host=host, port=int(port), stateless_http=True)
    return 0
