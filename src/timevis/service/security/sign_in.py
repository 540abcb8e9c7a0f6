"""Sign in with a name and a password, or by the header of a proxy that has signed the user in."""

from __future__ import annotations

import ipaddress
import re

from flask import request
from sqlalchemy.exc import IntegrityError

from timevis.messages import Text
from timevis.service.db.tables import OWNER, USER_NAME_PATTERN, Sessions, User
from timevis.service.problems import Problem
from timevis.service.security import audit
from timevis.service.security.tokens import PROXY, Caller
from timevis.service.security.users import characters_of_name
from timevis.service.server import PEER_KEY
from timevis.service.settings import Settings


def proxy_caller(sessions: Sessions, settings: Settings) -> Caller | None:
    """The user whom the proxy names in its header, who is added at the first request; None without a header.

    Raises
    ------
    Problem
        The header came from elsewhere, or is no name.
    """
    if not settings.sso_header or (name := request.headers.get(settings.sso_header)) is None:
        return None
    peer = request.environ.get(PEER_KEY) or request.remote_addr or ""
    if not _is_trusted(peer, settings.sso_proxies):
        raise Problem(
            403,
            "forbidden",
            Text(
                "header-of-other-proxy",
                "the header {header} of the address {address} is not believed",
                header=settings.sso_header,
                address=peer,
            ),
            Text("set-sso-proxies", "TIMEVIS_SSO_PROXIES lists the addresses of the proxies that may send it"),
        )
    if not re.fullmatch(USER_NAME_PATTERN, name) or name.lower() == OWNER:
        raise Problem(
            403,
            "forbidden",
            Text("header-without-name", "the header {header} is not the name of a user", header=settings.sso_header),
            characters_of_name(),
        )
    with sessions() as session:
        user = session.get(User, name)
    if user is None:
        user = _added(sessions, name, settings.sso_role)
    return Caller(user.name, user.role, PROXY)


def _is_trusted(peer: str, proxies: tuple[str, ...]) -> bool:
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:  # a socket file
        return False
    return any(address in ipaddress.ip_network(proxy) for proxy in proxies)


def _added(sessions: Sessions, name: str, role: str) -> User:
    try:
        with sessions.begin() as session:
            user = User(name=name, role=role)
            session.add(user)
            audit.record_new_user(session, name, role)
    except IntegrityError:  # another request of this user came at the same time
        with sessions() as session:
            return session.get_one(User, name)
    return user
