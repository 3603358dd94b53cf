"""Google's token endpoint for service accounts and the Sheets API v4 as documented, on loopback.

Sources: developers.google.com/identity/protocols/oauth2/service-account and
developers.google.com/workspace/sheets/api/reference/rest/v4/spreadsheets.values.
"""

import base64
import json
import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NoReturn
from urllib.parse import parse_qsl, unquote, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from tests.support.credentials import key_file
from tests.support.target import Received, Reply, Target, replying, target

WRITE, READ = "https://www.googleapis.com/auth/spreadsheets", "https://www.googleapis.com/auth/spreadsheets.readonly"
#: What google-auth names as the audience, wherever the endpoint is.
GOOGLE_AUDIENCE = "https://oauth2.googleapis.com/token"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
#: Seconds that an assertion may be good for.
MAX_LIFE_S = 3_600

_CELL = re.compile(r"\$?([A-Z]+)?\$?([0-9]+)?", re.IGNORECASE)
_STATUSES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}


class Refused(Exception):
    """A request that is answered with an error."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.body)
        self.reply = reply


def _refuse(status: int, message: str) -> NoReturn:
    raise Refused(replying({"error": {"code": status, "message": message, "status": _STATUSES[status]}}, status))


def _refuse_token(error: str, description: str) -> NoReturn:
    raise Refused(replying({"error": error, "error_description": description}, 400))


def throttled(retry_after: int | None = None) -> Reply:
    """Make the answer to one request too many; Google itself names no time."""
    waits = {} if retry_after is None else {"retry-after": str(retry_after)}
    message = (
        "Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute per user' of service "
        "'sheets.googleapis.com' for consumer 'project_number:117'."
    )
    return replying({"error": {"code": 429, "message": message, "status": "RESOURCE_EXHAUSTED"}}, 429, **waits)


@dataclass
class Sheet:
    """A grid: values by row and column, from 1."""

    title: str
    rows: int = 1_000
    columns: int = 26
    cells: dict[tuple[int, int], Any] = field(default_factory=dict)

    def write(self, rows: list[list[Any]]) -> None:
        """Set values from A1 on."""
        for row, values in enumerate(rows, start=1):
            for column, value in enumerate(values, start=1):
                self.cells[row, column] = value

    def read(self, area: "Area") -> list[list[str]]:
        """Return the formatted values of an area, without what is empty at the ends of rows and at its end."""
        rows = [
            [_formatted(self.cells.get((row, column))) for column in range(area.left, area.right + 1)]
            for row in range(area.top, area.bottom + 1)
        ]
        return _trimmed([_trimmed(row, "") for row in rows], [])

    def filled(self, row: int) -> list[int]:
        """Return the columns of a row that hold something."""
        return sorted(column for (at, column), value in self.cells.items() if at == row and value not in (None, ""))


@dataclass(frozen=True)
class Area:
    """A part of a sheet, its edges within it."""

    sheet: Sheet
    top: int
    left: int
    bottom: int
    right: int
    #: A single cell: where values begin.
    point: bool = False

    def __str__(self) -> str:
        title = self.sheet.title
        title = title if re.fullmatch(r"\w+", title) else "'" + title.replace("'", "''") + "'"
        begin, end = f"{_letters(self.left)}{self.top}", f"{_letters(self.right)}{self.bottom}"
        return f"{title}!{begin}" if begin == end else f"{title}!{begin}:{end}"


@dataclass
class Spreadsheet:
    """A spreadsheet: who may see and edit it."""

    sheets: list[Sheet]
    public: bool = False
    editors: set[str] = field(default_factory=set)
    viewers: set[str] = field(default_factory=set)


@dataclass
class Token:
    """An access token that was handed out."""

    email: str
    scopes: frozenset[str]
    expires_at: float


@dataclass
class Google:
    """Both APIs: `planned` answers come first, None lets a request through."""

    target: Target
    clock: Callable[[], float] = time.time
    api_key: str = "AIzaGood1"
    planned: deque[Reply | None] = field(default_factory=deque)
    accounts: dict[str, RSAPublicKey] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    spreadsheets: dict[str, Spreadsheet] = field(default_factory=dict)
    #: Seconds that a token is good for.
    token_life_s: int = 3_599

    @property
    def url(self) -> str:
        """Where it is served."""
        return self.target.url

    @property
    def token_url(self) -> str:
        """Where tokens are handed out, which is what assertions must name as their audience."""
        return f"{self.url}/token"

    @property
    def asked(self) -> list[str]:
        """Method and path of every request so far."""
        return [f"{one.method} {urlsplit(one.path).path}" for one in self.target.received]

    def key_file(self) -> dict[str, Any]:
        """Make the key file of a service account that this server knows."""
        file = {**key_file(), "token_uri": self.token_url}
        key = load_pem_private_key(file["private_key"].encode(), None).public_key()
        assert isinstance(key, RSAPublicKey)
        self.accounts[file["client_email"]] = key
        return file

    def token(self, email: str, *scopes: str) -> str:
        """Hand out an access token without any assertion."""
        name = f"ya29.{len(self.tokens)}"
        self.tokens[name] = Token(email, frozenset(scopes or (WRITE,)), self.clock() + self.token_life_s)
        return name

    def answer(self, received: Received) -> Reply:
        """Answer a request."""
        planned = self.planned.popleft() if self.planned else None
        try:
            return planned or replying(self._answer(received))
        except Refused as refused:
            return refused.reply

    def _answer(self, received: Received) -> Any:
        split = urlsplit(received.path)
        if (received.method, split.path) == ("POST", "/token"):
            return self._token(received)
        query = dict(parse_qsl(split.query, keep_blank_values=True))
        match = re.fullmatch(r"/v4/spreadsheets/([^/]+)/values/([^/:]+)(:append)?", split.path)
        method = (received.method, bool(match and match[3]))
        if match is None or method not in {("GET", False), ("PUT", False), ("POST", True)}:
            _refuse(404, "Requested entity was not found.")
        editing = received.method != "GET"
        who = self._who(received.headers.get("authorization"), query, editing=editing)
        spreadsheet = self._spreadsheet(unquote(match[1]), who, editing=editing)
        area = _area(spreadsheet, unquote(match[2]))
        if not editing:
            values = area.sheet.read(area)
            return {"range": str(area), "majorDimension": "ROWS", **({"values": values} if values else {})}
        rows = _rows(received, query, unquote(match[2]))
        raw = query["valueInputOption"] == "RAW"
        if received.method == "PUT":
            return {"spreadsheetId": unquote(match[1]), **_update(area, rows, raw=raw)}
        return {"spreadsheetId": unquote(match[1]), **_append(area, rows, unquote(match[1]), raw=raw)}

    def _token(self, received: Received) -> Any:
        form = dict(parse_qsl(received.body.decode()))
        if not received.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            _refuse_token("invalid_request", "Bad Request")
        if form.get("grant_type") != JWT_BEARER:
            _refuse_token("unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type', '')}")
        claims = self._verified(form.get("assertion", ""))
        now, scopes = self.clock(), frozenset(str(claims.get("scope", "")).split())
        if claims.get("aud") not in {self.token_url, GOOGLE_AUDIENCE}:
            _refuse_token("invalid_grant", f"Failed audience check. The right audience is {self.token_url}")
        if not _timely(claims.get("iat"), claims.get("exp"), now):
            _refuse_token(
                "invalid_grant",
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your "
                "iat and exp values in the JWT claim.",
            )
        if not scopes or not scopes <= {WRITE, READ}:
            _refuse_token("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        token = self.token(claims["iss"], *scopes)
        return {"access_token": token, "expires_in": self.token_life_s, "token_type": "Bearer"}

    def _verified(self, assertion: str) -> dict[str, Any]:
        """Return the claims of an assertion that is signed with its issuer's key."""
        try:
            head, body, signature = assertion.split(".")
            header, claims = json.loads(_decoded(head)), json.loads(_decoded(body))
            signed = _decoded(signature)
        except ValueError:
            _refuse_token("invalid_grant", "Bad Request")
        if header.get("alg") != "RS256" or header.get("typ", "JWT") != "JWT":
            _refuse_token("invalid_grant", "Invalid JWT: unsupported algorithm.")
        key = self.accounts.get(claims.get("iss"))
        if key is None:
            _refuse_token("invalid_grant", "Invalid grant: account not found")
        try:
            key.verify(signed, f"{head}.{body}".encode(), PKCS1v15(), SHA256())
        except InvalidSignature:
            _refuse_token("invalid_grant", "Invalid JWT Signature.")
        return dict(claims)

    def _who(self, header: str | None, query: Mapping[str, str], *, editing: bool) -> str | None:
        """Return the address of who calls, or None for whoever has an API key."""
        if header is not None:
            token = self.tokens.get(header.removeprefix("Bearer "))
            if token is None or token.expires_at <= self.clock():
                _refuse(
                    401,
                    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or "
                    "other valid authentication credential. See "
                    "https://developers.google.com/identity/sign-in/web/devconsole-project.",
                )
            if WRITE not in token.scopes and editing:
                _refuse(403, "Request had insufficient authentication scopes.")
            return token.email
        if "key" not in query:
            _refuse(
                403,
                "Method doesn't allow unregistered callers (callers without established identity). Please use API Key "
                "or other form of API consumer identity to call this API.",
            )
        if query["key"] != self.api_key:
            _refuse(400, "API key not valid. Please pass a valid API key.")
        if editing:
            _refuse(
                401,
                "API keys are not supported by this API. Expected OAuth2 access token or other authentication "
                "credentials that assert a principal. See https://cloud.google.com/docs/authentication",
            )
        return None

    def _spreadsheet(self, name: str, who: str | None, *, editing: bool) -> Spreadsheet:
        found = self.spreadsheets.get(name)
        if found is None:
            _refuse(404, "Requested entity was not found.")
        if who not in found.editors and (editing or not (found.public or who in found.viewers)):
            _refuse(403, "The caller does not have permission")
        return found


def _timely(issued: Any, expires: Any, now: float) -> bool:
    if not isinstance(issued, int) or not isinstance(expires, int):
        return False
    return issued <= now + 300 and now < expires <= issued + MAX_LIFE_S


def _decoded(part: str) -> bytes:
    if "=" in part:
        raise ValueError("padded")
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)


def _rows(received: Received, query: Mapping[str, str], cell_range: str) -> list[list[Any]]:
    option = query.get("valueInputOption")
    if option is None:
        _refuse(400, "'valueInputOption' is required but not specified")
    if option not in {"RAW", "USER_ENTERED"}:
        _refuse(400, f"Invalid value at 'value_input_option' (type.googleapis.com/...), \"{option}\"")
    body = received.json
    if body.get("range", cell_range) != cell_range:
        _refuse(400, f"Requested writing within range [{cell_range}], but body has [{body['range']}]")
    rows: list[list[Any]] = body.get("values", [])
    for at, row in enumerate(rows):
        for number, cell in enumerate(row):
            if isinstance(cell, list | dict):
                kind = "list_value" if isinstance(cell, list) else "struct_value"
                _refuse(400, f"Invalid values[{at}][{number}]: {kind} {{}}")
    return rows


def _update(area: Area, rows: list[list[Any]], *, raw: bool) -> dict[str, Any]:
    sheet, width = area.sheet, max((len(row) for row in rows), default=0)
    bottom, right = (sheet.rows, sheet.columns) if area.point else (area.bottom, area.right)
    if area.top + len(rows) - 1 > bottom:
        _refuse(400, f"Requested writing within range [{area}], but tried writing to row [{bottom + 1}]")
    if area.left + width - 1 > right:
        _refuse(400, f"Requested writing within range [{area}], but tried writing to column [{_letters(right + 1)}]")
    for row, values in enumerate(rows, start=area.top):
        for column, value in enumerate(values, start=area.left):
            if value is not None:
                sheet.cells[row, column] = value if raw else _entered(value)
    written = Area(sheet, area.top, area.left, area.top + len(rows) - 1, area.left + width - 1)
    return {
        "updatedRange": str(written),
        "updatedRows": len(rows),
        "updatedColumns": width,
        "updatedCells": sum(len(row) for row in rows),
    }


def _append(area: Area, rows: list[list[Any]], name: str, *, raw: bool) -> dict[str, Any]:
    """Write below the table that begins in an area: rows that hold something, up to the first that holds nothing."""
    sheet, top = area.sheet, next((row for row in range(area.top, area.bottom + 1) if area.sheet.filled(row)), None)
    if top is None:
        begin = Area(sheet, area.top, area.left, sheet.rows, sheet.columns)
        return {"updates": {"spreadsheetId": name, **_update(begin, rows, raw=raw)}}
    bottom = top
    while sheet.filled(bottom + 1):
        bottom += 1
    columns = [column for row in range(top, bottom + 1) for column in sheet.filled(row)]
    table = Area(sheet, top, min(columns), bottom, max(columns))
    below = Area(sheet, bottom + 1, table.left, sheet.rows, sheet.columns)
    return {"tableRange": str(table), "updates": {"spreadsheetId": name, **_update(below, rows, raw=raw)}}


def _area(spreadsheet: Spreadsheet, text: str) -> Area:
    title, bang, cells = text.rpartition("!")
    if not bang:
        whole = _named(spreadsheet, text)
        title, cells = (text, "") if whole else ("", text)
    sheet = _named(spreadsheet, title) if title else spreadsheet.sheets[0]
    corners = [_CELL.fullmatch(part) for part in cells.split(":")] if cells else []
    if sheet is None or not all(corners) or len(corners) > 2 or not all(one[1] or one[2] for one in corners if one):
        _refuse(400, f"Unable to parse range: {text}")
    found = [(int(one[2]) if one[2] else None, _number(one[1]) if one[1] else None) for one in corners if one]
    if len(found) == 1:
        (row, column), *_ = found
        if row is None or column is None:
            _refuse(400, f"Unable to parse range: {text}")
        return Area(sheet, row, column, row, column, point=True)
    rows, columns = [row for row, _ in found if row], [column for _, column in found if column]
    top, left = min(rows, default=1), min(columns, default=1)
    bottom = max(rows) if len(rows) == 2 else sheet.rows
    right = max(columns) if len(columns) == 2 else sheet.columns
    if top > sheet.rows or left > sheet.columns:
        _refuse(400, f"Range ({text}) exceeds grid limits. Max rows: {sheet.rows}, max columns: {sheet.columns}")
    return Area(sheet, top, left, min(bottom, sheet.rows), min(right, sheet.columns))


def _named(spreadsheet: Spreadsheet, title: str) -> Sheet | None:
    if len(title) > 1 and title[0] == title[-1] == "'":
        title = title[1:-1].replace("''", "'")
    return next((sheet for sheet in spreadsheet.sheets if sheet.title == title), None)


def _number(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


def _letters(number: int) -> str:
    letters = ""
    while number:
        number, letter = divmod(number - 1, 26)
        letters = chr(65 + letter) + letters
    return letters


def _entered(value: Any) -> Any:
    """Read a value as if it were typed in."""
    if not isinstance(value, str):
        return value
    if value.upper() in {"TRUE", "FALSE"}:
        return value.upper() == "TRUE"
    try:
        return float(value) if "." in value else int(value)
    except ValueError:
        return value.removeprefix("'")


def _formatted(value: Any) -> str:
    if value is None:
        return ""
    return str(value).upper() if isinstance(value, bool) else str(value)


def _trimmed(items: list[Any], empty: Any) -> list[Any]:
    while items and items[-1] == empty:
        items = items[:-1]
    return items


def google_on(it: Target) -> Google:
    """Serve both APIs anew on a target that is there already."""
    it.received.clear()
    api = Google(it)
    it.answer = api.answer
    return api


@contextmanager
def google() -> Iterator[Google]:
    """Serve both APIs."""
    with target() as it:
        yield google_on(it)
