"""The one gate that every request passes: host, origin, who sends it, its rate, and headers of the response."""

from __future__ import annotations

import ipaddress
import logging
import re
import time
import uuid
from collections import OrderedDict
from threading import Lock
from typing import Any
from urllib.parse import urlencode

import structlog
from apiflask import APIFlask
from flask import Response, current_app, g, redirect, request
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response as BaseResponse

from timevis.messages import Text
from timevis.service.db.tables import ACTOR, OWNER, USER_NAME_PATTERN, Sessions, User
from timevis.service.problems import Problem
from timevis.service.problems import too_many_requests as _too_many
from timevis.service.request_limits import MAX_BODY_MEGABYTES, check_address
from timevis.service.security import audit, roles
from timevis.service.security.roles import LOWEST_ROLE, PUBLIC, READING_METHODS, access_of, forbidden, require
from timevis.service.security.users import (
    LINK,
    PROXY,
    SESSION_SECONDS,
    Caller,
    RecentTokens,
    characters_of_name,
    identify,
    session_caller,
    start_session,
)
from timevis.service.server import PEER_KEY
from timevis.service.settings import Settings
from timevis.service.web.openapi import ASSETS
from timevis.service.web.page import is_page_path

log = logging.getLogger(__name__)

SESSION_PATH = "/api/session"
PUBLIC_PATHS = ("/api/", "/api/live", "/api/health", "/api/docs", "/api/openapi.json", SESSION_PATH)
PUBLIC_FOLDERS = (ASSETS,)
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]", "testserver")
SESSION_COOKIE = "timevis_session"
OWN_SITES = (None, "same-origin", "none")
"""Values of Sec-Fetch-Site of a page of this address, of a program that is no browser, and of what a user typed."""
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",  # charts set the style of elements
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "worker-src 'self' blob:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
CORS_HEADERS = {
    "Access-Control-Allow-Methods": "GET, POST, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, Prefer",
    "Access-Control-Expose-Headers": "Location, Retry-After, X-Request-Id",
    "Access-Control-Max-Age": "600",
}
MAX_CALLERS = 10_000


class Gate:
    """Decides about each request before any route sees it."""

    def __init__(self, settings: Settings, sessions: Sessions) -> None:
        self.settings, self.sessions = settings, sessions
        self.hosts = {*LOCAL_HOSTS, *settings.allowed_hosts}
        self.requests = RateLimiter(settings.requests_per_minute)
        self.failures = RateLimiter(settings.failed_tokens_per_minute)
        self.sign_ins = RateLimiter(settings.sign_ins_per_minute)
        self.accepted = RecentTokens()

    def register(self, app: APIFlask) -> None:
        app.extensions["timevis_gate"] = self
        app.before_request(self.check)
        app.after_request(self.finish)

    def check(self) -> Any:
        """Answer the request at once, let it through (None), or raise a Problem."""
        ACTOR.set(None)
        g.request_id, g.started = _request_id(), time.perf_counter()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id)
        if request.mimetype != "multipart/form-data":
            request.max_content_length = MAX_BODY_MEGABYTES * 2**20
        self._check_host()
        check_address(request)
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            return Response(status=204)
        is_public = (
            is_page_path(request.path) or request.path in PUBLIC_PATHS or request.path.startswith(PUBLIC_FOLDERS)
        )
        is_shared = roles.LINK_KEY in request.environ
        self._check_origin()
        link_token = request.args.get("token") if request.method == "GET" and not is_shared else None
        caller = self._identify(link_token, is_required=not is_public)
        self._limit(self.requests, caller.name if caller else _address())
        if caller is None:
            return None
        if link_token and identify(self.sessions, self.settings.token, link_token):
            rest = [(key, value) for key, value in request.args.items(multi=True) if key != "token"]
            query = f"?{urlencode(rest)}" if rest else ""
            response = redirect(f"{request.script_root}{request.path}{query}")
            set_session_cookie(response, start_session(self.sessions, link_token))
            return response
        g.caller = caller
        ACTOR.set(caller.name)
        structlog.contextvars.bind_contextvars(token=caller.name)
        self._require_access(caller, is_public)
        return None

    def _require_access(self, caller: Caller, is_public: bool) -> None:
        arguments = request.view_args or {}
        if caller.way == LINK:
            is_opened = is_public or roles.is_opened(caller, request.endpoint, arguments)
            if not (is_opened and request.method in READING_METHODS):
                raise forbidden(Text("this link opens one result and nothing else"))
            return
        view = current_app.view_functions.get(request.endpoint or "")
        with self.sessions() as session:
            require(session, caller.name, caller.role, access_of(view, request.method), arguments)

    def finish(self, response: Response) -> Response:
        """Add headers to a response, and record who changed what."""
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response.headers.update(SECURITY_HEADERS)
        response.headers["X-Request-Id"] = g.request_id
        if request.path.startswith("/api/") and not request.path.startswith(PUBLIC_FOLDERS):
            response.headers.setdefault("Cache-Control", "no-store")
        if (origin := request.headers.get("Origin")) in self.settings.cors_origins:
            response.headers.update({"Access-Control-Allow-Origin": origin, **CORS_HEADERS})
            response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        if self.settings.cors_origins:
            response.headers.add("Vary", "Origin")
        if response.status_code == 401:
            response.headers["WWW-Authenticate"] = "Bearer"
            if SESSION_COOKIE in request.cookies and roles.LINK_KEY not in request.environ:
                response.delete_cookie(SESSION_COOKIE, path=request.script_root or "/")
        audit.record(self.sessions, response)
        level = logging.DEBUG if request.method in READING_METHODS and response.status_code < 400 else logging.INFO
        milliseconds = round(1000 * (time.perf_counter() - g.started))
        log.log(
            level,
            "%s %s %d in %d ms from %s",
            request.method,
            request.path,
            response.status_code,
            milliseconds,
            request.remote_addr,
        )
        return response

    def _check_host(self) -> None:
        """Refuse requests for another host, which defends against DNS rebinding."""
        if request.host.rpartition(":")[0] not in self.hosts and request.host not in self.hosts:
            raise Problem(
                400, "bad-host", Text("the host {host!r} is not one of this service", host=request.host[:100])
            )

    def _identify(self, link_token: str | None, is_required: bool) -> Caller | None:
        if (secret := request.environ.get(roles.LINK_KEY)) is not None:
            return self._visitor(secret, is_required)
        has_token = "Authorization" in request.headers or link_token is not None
        if not has_token and (signed_in := _proxy_caller(self.sessions, self.settings)) is not None:
            return signed_in
        cookie = request.cookies.get(SESSION_COOKIE)
        token = _bearer() or link_token or None
        given = token or cookie or None
        counts = given is not None and (is_required or given == link_token)
        if counts and given not in self.accepted and not self.failures.has_capacity(_address()):
            raise _too_many(60 / self.failures.per_minute, Text("this address has sent too many wrong tokens"))
        if token is None and cookie:
            caller = session_caller(self.sessions, self.settings.token, cookie)
        else:
            caller = identify(self.sessions, self.settings.token, token)
        if given is not None and caller is not None:
            self.accepted.add(given)
        elif counts:
            self.failures.seconds_to_wait(_address())
        if caller is None and is_required:
            self._limit(self.requests, _address())
            raise Problem(
                401,
                "unauthorized",
                Text("the request has no valid token"),
                Text("send the header Authorization: Bearer TOKEN, or open the link that timevis serve printed"),
            )
        return caller

    def _visitor(self, secret: str, is_required: bool) -> Caller | None:
        """Who opens a shared link."""
        if secret not in self.accepted and not self.failures.has_capacity(_address()):
            raise _too_many(60 / self.failures.per_minute, Text("this address has opened too many wrong links"))
        caller = roles.share_caller(self.sessions, secret)
        if caller is not None:
            self.accepted.add(secret)
            return caller
        if is_page_path(request.path):  # the page says that the link has ended
            return None
        self.failures.seconds_to_wait(_address())
        if is_required or request.path == SESSION_PATH:
            raise Problem(
                401,
                "unauthorized",
                Text("this link has expired, was revoked, or never existed"),
                Text("ask for a new one"),
            )
        return None

    def _check_origin(self) -> None:
        """Refuse a change that a page of another address asks for, whoever sends the request.

        A browser sends its cookie also for pages of other ports of this host, and signs in for a page of any address.
        It names the page in the header Origin, which is ``null`` for some, or its relation in Sec-Fetch-Site; other
        programs send neither. A page cannot send a token without a permission, which only `cors_origins` get.
        """
        if request.method in READING_METHODS or _bearer() is not None:
            return
        origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
        is_own_site = site in OWN_SITES and (origin is None or origin.partition("://")[2] == request.host)
        if not (is_own_site or origin in self.settings.cors_origins):
            page = (origin or f"Sec-Fetch-Site: {site}")[:100]
            raise Problem(
                403,
                "forbidden",
                Text("the page {page!r} may not change anything here", page=page),
                Text("an operator can allow the address of the page in TIMEVIS_CORS_ORIGINS"),
            )

    def _limit(self, limiter: RateLimiter, caller: str) -> None:
        if wait := limiter.seconds_to_wait(caller):
            raise _too_many(wait, Text("this caller has sent too many requests"))


def _bearer() -> str | None:
    """The token in the header Authorization."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return (token or None) if scheme.lower() == "bearer" else None


def lowest_role(path: str, method: str, view: Any) -> str | None:
    """The role that an operation needs at least; None if nobody needs to sign in."""
    needed = access_of(view, method).kind
    return None if needed == PUBLIC or path in PUBLIC_PATHS else LOWEST_ROLE[needed]


def require_sign_ins(name: str) -> None:
    """Count an attempt to give the password of a user; too many of one name or one address are refused.

    Attempts are counted before the password is checked, so that many at the same time are no way around.
    """
    gate: Gate = current_app.extensions["timevis_gate"]
    waits = [gate.sign_ins.seconds_to_wait(key) for key in (_address(), f"name {name.lower()}")]
    if wait := max(waits):
        raise _too_many(wait, Text("too many passwords were tried for this name or from this address"))


def set_session_cookie(response: BaseResponse, secret: str) -> None:
    """Give a browser the cookie of its session."""
    response.set_cookie(
        SESSION_COOKIE,
        secret,
        max_age=SESSION_SECONDS,
        path=request.script_root or "/",
        httponly=True,
        samesite="Strict",
        secure=request.is_secure,
    )


def _request_id() -> str:
    """The identifier that a proxy or client gave, or a new one; it stands in the log lines of the request."""
    given = request.headers.get("X-Request-Id", "")
    return given if re.fullmatch(r"[\w.-]{1,64}", given, re.ASCII) else uuid.uuid4().hex


def _address() -> str:
    return f"address {request.remote_addr}"


class RateLimiter:
    """A token bucket for each caller: `per_minute` requests on average, and as many at once.

    The buckets are in the memory of the process; several web servers limit their own requests.
    """

    def __init__(self, per_minute: float) -> None:
        self.per_minute = per_minute
        self._buckets: OrderedDict[str, tuple[float, float]] = (
            OrderedDict()
        )  # caller: allowed requests, at which time
        self._lock = Lock()

    def seconds_to_wait(self, caller: str, now: float | None = None) -> float:
        """Count a request of a caller; 0 if it is allowed, otherwise the time until the next one is."""
        now = time.monotonic() if now is None else now
        with self._lock:
            allowed, since = self._buckets.pop(caller, (self.per_minute, now))
            allowed = min(self.per_minute, allowed + (now - since) * self.per_minute / 60)
            wait = 0.0 if allowed >= 1 else (1 - allowed) * 60 / self.per_minute
            self._buckets[caller] = (allowed if wait else allowed - 1, now)
            while len(self._buckets) > MAX_CALLERS:
                self._buckets.popitem(last=False)
        return wait

    def has_capacity(self, caller: str) -> bool:
        """Whether a request of a caller would be allowed; counts nothing."""
        with self._lock:
            allowed, since = self._buckets.get(caller, (self.per_minute, time.monotonic()))
        return allowed + (time.monotonic() - since) * self.per_minute / 60 >= 1


def _proxy_caller(sessions: Sessions, settings: Settings) -> Caller | None:
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
                "the header {header} of the address {address} is not believed",
                header=settings.sso_header,
                address=peer,
            ),
            Text("TIMEVIS_SSO_PROXIES lists the addresses of the proxies that may send it"),
        )
    if not re.fullmatch(USER_NAME_PATTERN, name) or name.lower() == OWNER:
        raise Problem(
            403,
            "forbidden",
            Text("the header {header} is not the name of a user", header=settings.sso_header),
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
