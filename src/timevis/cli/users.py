"""Users of the service: timevis users add|list|set-role|set-password|remove

    timevis users list                              names, roles, and how they sign in
    timevis users add NAME --role editor            also asks for a password; without one: --no-password
    timevis users set-role NAME viewer              the user must sign in again
    timevis users set-password NAME                 asks for it, or reads a line from standard input
    timevis users remove NAME                       with its tokens, sessions and links; what it made stays

A viewer reads, an editor does the daily work and deletes what it made, an owner does everything. The token of the
home folder is always an owner's. TIMEVIS_HOME and TIMEVIS_DATABASE_URL name the service, as for timevis serve.
"""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Sequence
from typing import Any

from timevis.cli.serve import require_packages
from timevis.errors import ConfigError
from timevis.messages import Text
from timevis.utils.stdout import run_script


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="timevis users", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("list", help="list the users")
    add = actions.add_parser("add", help="add a user")
    add.add_argument("--role", default="viewer", help="viewer, editor or owner (default: %(default)s)")
    add.add_argument("--no-password", action="store_true", help="signs in by a token or the proxy only")
    role = actions.add_parser("set-role", help="change the role of a user")
    password = actions.add_parser("set-password", help="change the password of a user")
    remove = actions.add_parser("remove", help="remove a user")
    for action in (add, role, password, remove):
        action.add_argument("name")
    role.add_argument("role", help="viewer, editor or owner")
    args = parser.parse_args(arguments)
    return run_script(lambda: change_users(args))


def change_users(args: Any) -> int:
    """Add, list, change or remove users."""
    require_packages()
    from timevis.service.db.database import open_database
    from timevis.service.db.tables import CHANGE, DELETE
    from timevis.service.security import audit, users
    from timevis.service.settings import Settings

    sessions = open_database(Settings.from_environment().database_url)
    if args.action == "list":
        with sessions() as session:
            _print_users(session)
        return 0
    needs_password = args.action == "set-password" or (args.action == "add" and not args.no_password)
    password = _read_password() if needs_password else None
    with sessions.begin() as session:
        if args.action == "add":
            users.add_user(session, args.name, args.role, password)
        elif args.action == "set-role":
            users.set_role(session, args.name, args.role)
        elif args.action == "set-password":
            users.set_password(session, args.name, password or "")
        else:
            users.remove_user(session, args.name)
        kind = DELETE if args.action == "remove" else CHANGE
        audit.record_command(session, f"timevis users {args.action}", args.name, kind)
    return 0


def _print_users(session: Any) -> None:
    from timevis.service.db.tables import Token, User

    tokens = [token.user_name for token in session.query(Token)]
    for user in session.query(User).order_by(User.name):
        ways = ["password"] if user.password else []
        ways += [f"{count} token{'s' if count > 1 else ''}"] if (count := tokens.count(user.name)) else []
        print(f"{user.name}\t{user.role}\t{', '.join(ways) or 'no password or token'}")


def _read_password() -> str:
    """A password from a terminal, where it is asked for twice, or a line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != password:
        raise ConfigError(Text("the two passwords differ"), Text("run the command again"))
    return password
