"""Users, sessions, tokens, shared links and the audit log."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from timevis.service.db.tables import AUDIT_KINDS, MAX_PASSWORD_CHARACTERS, ROLES, USER_NAME_PATTERN
from timevis.service.schemas.common import EXAMPLE_MODELS, Id, Page, PageQuery, StrictModel
from timevis.service.settings import Secret

Role = Literal[ROLES]  # type: ignore[valid-type]  # a tuple, which pydantic accepts, so that the roles are listed once
AuditKind = Literal[AUDIT_KINDS]  # type: ignore[valid-type]  # a tuple, as above
ShareKind = Literal["model", "report", "comparison"]
UserName = Annotated[str, Field(max_length=100, pattern=f"^{USER_NAME_PATTERN}$")]
Password = Annotated[Secret, Field(min_length=1, max_length=MAX_PASSWORD_CHARACTERS)]


class SignIn(StrictModel):
    name: Annotated[str, Field(min_length=1, max_length=100)]
    password: Password


class SharedObject(BaseModel):
    kind: ShareKind
    object: Id


class SessionView(BaseModel):
    """Who sends the request, and how a browser can sign in."""

    name: str | None = Field(description="null: not signed in.")
    role: Role | None
    way: Literal["token", "session", "proxy", "link"] | None = Field(description="How the request says who sends it.")
    users: bool = Field(description="Whether there are users besides the owner.")
    passwords: bool = Field(description="Whether a user has a password.")
    shared: SharedObject | None = Field(description="What the shared link opens, of a request below its path.")


class PasswordChange(StrictModel):
    old: Password
    new: Password


class UserRequest(StrictModel):
    name: UserName
    role: Role = "viewer"
    password: Password | None = Field(None, description="null: signs in by a token or the proxy.")


class UserChange(StrictModel):
    role: Role | None = None
    password: Password | None = None


class UserView(BaseModel):
    name: str
    role: Role
    has_password: bool
    tokens: list[str] = Field(description="Names of its tokens.")
    created: float


class UserList(BaseModel):
    items: list[UserView]


class TokenRequest(StrictModel):
    name: UserName
    user: UserName | None = Field(None, description="Only an owner may name another user; null: the own one.")


class TokenView(BaseModel):
    name: str
    user: str
    created: float


class NewToken(TokenView):
    secret: str = Field(description="The token itself, which cannot be read again.")


class TokenList(BaseModel):
    items: list[TokenView]


class ShareRequest(StrictModel):
    kind: ShareKind = Field(description="The results of a model with its report, its report only, or a comparison.")
    object: Id = Field(description="Identifier of the model, or of the task of the comparison.")
    days: Annotated[float, Field(gt=0, le=3650)] | None = Field(
        None, description="The link expires after so many days; null: never."
    )


class ShareView(SharedObject):
    id: Id
    created_by: str | None
    created: float
    expires: float | None


class NewShare(ShareView):
    path: str = Field(description="The path of the link at this host, with its secret, which cannot be read again.")


class ShareQuery(BaseModel):
    object: Id | None = Field(None, description="Identifier of a model or a task.")


class ShareList(BaseModel):
    items: list[ShareView]


class AuditQuery(PageQuery):
    user: Annotated[str, Field(max_length=100, pattern=r"^[^\x00]*$")] | None = None
    kind: AuditKind | None = None
    object: Annotated[str, Field(max_length=100, pattern=r"^[^\x00]*$")] | None = Field(
        None, description="An identifier, or the name of a user."
    )
    start: float | None = Field(None, description="First time, in seconds since 1970.")
    end: float | None = Field(None, description="Last time.")
    refused: bool = Field(False, description="Only what was refused or failed.")
    format: Literal["json", "csv"] = Field("json", description="csv: all entries, not only one page.")


class AuditView(BaseModel):
    id: Id
    time: float
    user: str
    role: str | None
    kind: AuditKind
    operation: str = Field(description="A method and a path of the API, or a command.")
    object: str | None
    object_name: str | None
    address: str | None
    status: int
    request_id: str | None


class AuditPage(Page):
    items: list[AuditView]


SIGN_IN_EXAMPLE: dict[str, Any] = {"name": "anna", "password": "three quiet words"}
PASSWORD_CHANGE_EXAMPLE: dict[str, Any] = {"old": "three quiet words", "new": "four other quiet words"}
USER_EXAMPLE: dict[str, Any] = {"name": "anna", "role": "editor", "password": "three quiet words"}
USER_CHANGE_EXAMPLE: dict[str, Any] = {"role": "viewer"}
TOKEN_EXAMPLE: dict[str, Any] = {"name": "anna-laptop"}
SHARE_EXAMPLE: dict[str, Any] = {"kind": "model", "object": EXAMPLE_MODELS[0], "days": 30}
