"""Start the HTTP service: timevis serve [web|worker] [options]

    timevis serve                                   web, workers and a private Redis on this machine
    timevis serve web --port 8000                   only the HTTP server
    timevis serve worker --queues cpu               only a worker

Settings are environment variables: TIMEVIS_HOME, TIMEVIS_BROKER_URL, TIMEVIS_DATABASE_URL, TIMEVIS_TOKEN and more;
docs/service.md lists them. The service needs the optional dependencies: pip install 'timevis[service]'.
"""

from __future__ import annotations

import argparse
import importlib.util
import logging
from collections.abc import Sequence

from timevis.errors import ConfigError
from timevis.utils.stdout import run_script

PACKAGES = ("apiflask", "celery", "redis", "sqlalchemy", "waitress")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="timevis serve", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", nargs="?", choices=("all", "web", "worker"), default="all", help="default: all")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=5000, help="(default: %(default)s)")
    parser.add_argument("--queues", default="cpu,interactive", help="queues of a worker (default: %(default)s)")
    parser.add_argument("--loglevel", default="info", choices=("debug", "info", "warning", "error"))
    args = parser.parse_args(arguments)
    logging.basicConfig(level=args.loglevel.upper(), format="%(asctime)s %(levelname)s %(message)s")
    return run_script(lambda: serve(args))


def serve(args: argparse.Namespace) -> int:
    """Run all parts of the service, or one of them."""
    absent = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if absent:
        raise ConfigError(f"the service needs {', '.join(absent)}", "install them: pip install 'timevis[service]'")
    from timevis.service.settings import Settings

    settings = Settings.from_environment()
    if args.part == "all":
        from timevis.service.processes import run_all

        return run_all(settings, args.host, args.port)
    if not settings.broker_url:
        advice = "for example TIMEVIS_BROKER_URL=redis://localhost:6379/0; timevis serve alone starts a private Redis"
        raise ConfigError(f"timevis serve {args.part} needs TIMEVIS_BROKER_URL", advice)
    if args.part == "web":
        from timevis.service.processes import run_web

        return run_web(settings, args.host, args.port)
    from timevis.service.tasks.queue import QUEUES
    from timevis.service.tasks.worker import run_worker

    queues = tuple(args.queues.split(","))
    for queue in queues:
        if queue not in QUEUES:
            raise ConfigError(f"--queues: there is no queue {queue!r}", f"the queues are {', '.join(QUEUES)}")
    run_worker(settings, queues, args.loglevel)
    return 0
