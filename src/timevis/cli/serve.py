"""Start the HTTP service: timevis serve [web|worker|beat|token] [options]

    timevis serve                                   web, workers and a private Redis on this machine
    timevis serve --runs outputs                    shows the runs of the command line as models, too
    timevis serve web --port 8000                   only the HTTP server
    timevis serve worker --queues cpu               only a worker
    timevis serve beat                              only the clock of the monitors
    timevis serve token add NAME [--user USER]      a further token; also: token list, token remove NAME

Settings are environment variables: TIMEVIS_HOME, TIMEVIS_BROKER_URL, TIMEVIS_DATABASE_URL, TIMEVIS_TOKEN and more;
docs/service.md lists them. The service needs the optional dependencies: pip install 'timevis[service]'.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path

from timevis.errors import ConfigError
from timevis.messages import Text
from timevis.utils.stdout import print_error, run_script

PACKAGES = ("alembic", "apiflask", "celery", "prometheus_client", "redis", "sqlalchemy", "structlog", "waitress")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if arguments[:1] == ["token"]:
        return _token_main(arguments[1:])
    parser = argparse.ArgumentParser(
        prog="timevis serve", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "part", nargs="?", choices=("all", "web", "worker", "beat"), default="all", help="default: all"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=5000, help="(default: %(default)s)")
    parser.add_argument("--runs", type=Path, metavar="FOLDER", help="show the finished runs below this folder, too")
    parser.add_argument("--queues", default="cpu,interactive", help="queues of a worker (default: %(default)s)")
    parser.add_argument("--loglevel", default="info", choices=("debug", "info", "warning", "error"))
    args = parser.parse_args(arguments)
    return run_script(lambda: serve(args) if args.part == "all" else _serve_part(args))


def _serve_part(args: argparse.Namespace) -> int:
    """Run one part; `timevis serve` does not start it again after an error of the configuration."""
    from timevis.service.settings import PERMANENT_ERROR

    try:
        return serve(args)
    except ConfigError as error:
        print_error(error)
        return PERMANENT_ERROR


def require_packages() -> None:
    """Check that the optional dependencies of the service are installed.

    Raises
    ------
    ConfigError
    """
    absent = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if absent:
        message = Text("the service needs {packages}", packages=absent)
        raise ConfigError(message, Text("install them: pip install 'timevis[service]'"))


def _token_main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="timevis serve token", description="Named tokens of the service.")
    parser.add_argument("action", choices=("add", "list", "remove"))
    parser.add_argument("name", nargs="?", help="name of the token")
    parser.add_argument("--user", help="whose rights it has; by default a user with the name of the token, an editor")
    parser.add_argument("--read-only", action="store_true", help="make this user a viewer")
    args = parser.parse_args(arguments)
    if (args.name is None) != (args.action == "list"):
        parser.error("add and remove need a NAME, and list has none")
    return run_script(lambda: change_tokens(args.action, args.name, args.user, args.read_only))


def change_tokens(action: str, name: str, user: str | None, read_only: bool) -> int:
    """Add, list or remove named tokens. A token without a user gets one of its own."""
    require_packages()
    from timevis.service.db.database import open_database
    from timevis.service.db.tables import EDITOR, VIEWER, Token, User
    from timevis.service.security.audit import record_command
    from timevis.service.security.users import add_token, add_user, remove_token
    from timevis.service.settings import Settings

    with open_database(Settings.from_environment().database_url).begin() as session:
        if action == "add":
            known = session.get(User, name) if user is None else None
            if user is None and (known is None or (read_only and known.role != VIEWER)):
                add_user(session, name, VIEWER if read_only else EDITOR)
            print(add_token(session, name, user or name))
        elif action == "remove":
            remove_token(session, name)
        else:
            rows = session.query(Token.name, User.name, User.role).join(User, User.name == Token.user_name)
            for row in rows.order_by(Token.name):
                print("\t".join(row))
        if action != "list":
            record_command(session, f"timevis serve token {action}", name)
    return 0


def serve(args: argparse.Namespace) -> int:
    """Run all parts of the service, or one of them."""
    require_packages()
    from timevis.service.operations.logs import configure_logs
    from timevis.service.settings import Settings
    from timevis.service.tasks.queue import QUEUES

    queues = tuple(args.queues.split(","))
    for queue in queues:
        if queue not in QUEUES:
            message = Text("--queues: there is no queue {queue!r}", queue=queue)
            raise ConfigError(message, Text("the queues are {queues}", queues=QUEUES))
    settings = Settings.from_environment()
    if "gpu" in queues and not settings.gpus:
        message = Text("--queues gpu: this machine has no GPU that can be used")
        raise ConfigError(message, Text("see CUDA_VISIBLE_DEVICES"))
    part = args.part if args.part != "worker" else f"worker-{'-'.join(queues)}"
    configure_logs(settings.home / "logs", part, args.loglevel)
    runs = None if args.runs is None else args.runs.absolute()
    if runs is not None and not (runs.is_dir() and args.part in ("all", "web")):
        reason = Text("a worker shows no runs") if runs.is_dir() else Text("no such folder")
        raise ConfigError(Text("--runs {path}: {reason}", path=str(args.runs), reason=reason))
    if args.part == "all":
        from timevis.service.processes import run_all

        return run_all(settings, args.host, args.port, runs)
    if not settings.broker_url:
        advice = Text(
            "for example TIMEVIS_BROKER_URL=redis://localhost:6379/0; timevis serve alone starts a private Redis"
        )
        raise ConfigError(Text("timevis serve {part} needs TIMEVIS_BROKER_URL", part=args.part), advice)
    if args.part == "web":
        from timevis.service.processes import run_web

        return run_web(settings, args.host, args.port, runs)
    if args.part == "beat":
        from timevis.service.monitoring.loop import run_beat

        return run_beat(settings)
    from timevis.service.monitoring.loop import register_look
    from timevis.service.tasks.worker import run_worker

    run_worker(settings, queues, register_look)
    return 0
