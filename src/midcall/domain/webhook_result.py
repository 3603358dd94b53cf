"""From the bytes that a webhook answered to a JSON value, whatever they are: JSON, text or anything else."""

import base64
import re
from codecs import getincrementaldecoder
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from midcall.domain.jsonvalue import NotJson, parse_bytes, parse_text
from midcall.domain.lenient_json import read_json

#: Of text or JSON that is looked at; the guarded client keeps no more.
MAX_TEXT_BYTES = 256 * 1024
#: Of anything else: in base64 it is as long as the longest result.
MAX_BINARY_BYTES = 180 * 1024
#: Of a failed call's body that is kept.
MAX_FAILURE_CHARS = 4_000

#: What says that an answer was meant to set variables.
_VARIABLES = b"dynamicVariables"
_BLANKS = b" \t\r\n"
_UTF_8_MARK, _UTF_16_MARKS = b"\xef\xbb\xbf", (b"\xff\xfe", b"\xfe\xff")

_UTF_8 = getincrementaldecoder("utf-8-sig")

_NO_CONTENT = frozenset({204, 205, 304})
_UNKNOWN = "application/octet-stream"

_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,100}/[a-z0-9!#$&^_.+-]{1,100}")
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
_JSON = re.compile(r"(?:application|text)/json|[^/]+/[^/]+\+json")
_TEXT = re.compile(
    r"text/.*|[^/]+/[^/]+\+(?:xml|yaml)"
    r"|application/(?:xml|xhtml\+xml|javascript|ecmascript|yaml|x-yaml|toml|graphql|x-www-form-urlencoded"
    r"|x-ndjson|jsonl|json-seq|sql)"
)
#: Of many JSON texts, one a line: what it is does not depend on how many there are.
_SEQUENCE = re.compile(r"application/(?:x-)?(?:ndjson|jsonl|jsonlines|json-seq)")
#: Charsets by their names in lower case without - and _. Not Python's own list: that has codecs among them which take
#: time quadratic in the input, or are no charsets at all.
_CODECS: Mapping[str, str] = {
    "utf8": "utf-8-sig",
    "usascii": "utf-8-sig",
    "ascii": "utf-8-sig",
    "utf16": "utf-16",
    "utf16le": "utf-16-le",
    "utf16be": "utf-16-be",
    "latin1": "cp1252",
    "iso88591": "cp1252",  # as browsers read it: the same where latin-1 has letters
    **{f"iso8859{part}": f"iso8859-{part}" for part in (*range(2, 12), *range(13, 17))},
    **{f"windows{page}": f"cp{page}" for page in (874, *range(1250, 1259))},
    "koi8r": "koi8-r",
    "koi8u": "koi8-u",
    "shiftjis": "cp932",
    "sjis": "cp932",
    "eucjp": "euc_jp",
    "iso2022jp": "iso2022_jp",
    "euckr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "big5": "big5hkscs",
}


@dataclass(frozen=True, slots=True)
class WebhookAnswer:
    """A target's answer as a JSON value, and in plain words which parts of it could not be used."""

    value: Any
    warnings: tuple[str, ...] = ()


def read_answer(status: int, content_type: str | None, body: bytes, *, whole: bool = True) -> WebhookAnswer:
    """Read an answer; as `result_value`, but that JSON is JSON under whatever type, and read as far as it can be.

    - An object or a list is read as JSON where it is JSON, whatever its type; not so files of one JSON text a line.
    - What cannot be kept of JSON is left out (`midcall.domain.lenient_json`).
    - What says that it is JSON, or sets variables, and is not JSON stays text, with a warning that says where.
    - What is not the `whole` answer is no JSON.

    Raises nothing, whatever comes.
    """
    media_type, charset = _declared(content_type)
    declared = media_type is not None and _JSON.fullmatch(media_type) is not None
    if not whole and (declared or media_type is None):
        return WebhookAnswer(_text(body, charset, len(body)) if declared else _unlabelled(body, len(body)))
    if not whole or status in _NO_CONTENT:
        return WebhookAnswer(result_value(status, content_type, body))
    plain = body.removeprefix(_UTF_8_MARK).strip(_BLANKS)
    nests = plain[:1] in {b"{", b"["} or body.startswith(_UTF_16_MARKS)
    if (not plain and declared) or (not declared and (not nests or _SEQUENCE.fullmatch(media_type or ""))):
        return WebhookAnswer(result_value(status, content_type, plain and body))
    lossy = declared or media_type is None or _is_text(media_type)
    try:
        return _as_json(_readings(body, charset, lossy=lossy), any_value=declared)
    except NotJson as error:
        if declared:
            warning = f"the answer says that it is JSON, and was taken as text: {error}"
            return WebhookAnswer(_text(body, charset, len(body)), (warning,))
        warnings = (f"the answer was taken as text, and sets no variables: {error}",) if _VARIABLES in body else ()
    return WebhookAnswer(result_value(status, content_type, body), warnings)


def _as_json(readings: Iterator[tuple[str, tuple[str, ...]]], *, any_value: bool) -> WebhookAnswer:
    """Return the first reading that is JSON: an object, a list or, where it says that it is JSON, `any_value`."""
    problem: NotJson | None = None
    for text, remarks in readings:
        try:
            read = read_json(text)
        except NotJson as error:
            problem = problem or error
            continue
        if any_value or isinstance(read.value, dict | list):
            return WebhookAnswer(read.value, tuple(f"the answer: {remark}" for remark in (*remarks, *read.remarks)))
    raise problem or NotJson("it is no object and no list")


def _readings(body: bytes, codec: str, *, lossy: bool) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield what a body may be as text, the likeliest first: JSON is UTF-8, or else in the charset that it names."""
    wide = body.startswith(_UTF_16_MARKS)
    place = -1
    for each in dict.fromkeys((*(("utf-16",) if wide else ()), "utf-8-sig", codec)):
        try:
            yield body.decode(each).lstrip("\ufeff"), ()
        except UnicodeError as error:
            place = error.start if isinstance(error, UnicodeDecodeError) and each == "utf-8-sig" else place
    if place >= 0 and lossy and not wide:
        remark = f"it is not UTF-8 at byte {place:,}; what is none became \ufffd"
        yield body.decode("utf-8-sig", "replace"), (remark,)


def result_value(status: int, content_type: str | None, body: bytes, *, max_bytes: int = MAX_TEXT_BYTES) -> Any:
    """Return an answer as a JSON value; of text or JSON, `max_bytes` are looked at.

    - Nothing (an empty body, 204, 205, 304) is null.
    - JSON (`application/json`, `…+json`) is its value. What is not strict JSON stays text: NaN, 1e400, a key that
      stands twice, half of a surrogate pair, more than 64 levels.
    - Text is text, in its charset; bytes that are none of it become U+FFFD.
    - Anything else is `{"base64": …, "media_type": …}`, and `"truncated": true` if it is longer than MAX_BINARY_BYTES.
    - Without a media type it is the first of these that fits.

    Raises nothing, whatever comes.
    """
    if not body or status in _NO_CONTENT:
        return None
    media_type, charset = _declared(content_type)
    if media_type is None:
        return _guessed(body, max_bytes)
    if _JSON.fullmatch(media_type):
        found, value = _json(body, charset, max_bytes)
        return value if found else _text(body, charset, max_bytes)
    if _is_text(media_type):
        return _text(body, charset, max_bytes)
    return _binary(body, media_type)


def failure_text(content_type: str | None, body: bytes, *, max_chars: int = MAX_FAILURE_CHARS) -> str:
    """Return a failed call's body as text of at most `max_chars`; of bytes that are no text, their media type alone."""
    media_type, charset = _declared(content_type)
    if media_type is None or _JSON.fullmatch(media_type) or _TEXT.fullmatch(media_type):
        return _text(body, charset, 4 * max_chars)[:max_chars]
    return f"({len(body):,} bytes of {media_type})" if body else ""


def _declared(content_type: str | None) -> tuple[str | None, str]:
    """Return the media type in lower case, None where there is none to be read, and the codec of the charset."""
    given = (content_type or "")[:1_000]
    media_type = given.partition(";")[0].strip().lower()
    charset = _CHARSET.search(given)
    name = charset[1].lower().replace("-", "").replace("_", "") if charset else ""
    return (media_type if _MEDIA_TYPE.fullmatch(media_type) else None), _CODECS.get(name, "utf-8-sig")


def _guessed(body: bytes, max_bytes: int) -> Any:
    found, value = _json(body, "utf-8-sig", max_bytes)
    return value if found else _unlabelled(body, max_bytes)


def _unlabelled(body: bytes, max_bytes: int) -> Any:
    """Take a body for text where it is UTF-8."""
    try:
        # Of a body that was cut, the last character may be cut too.
        return _UTF_8().decode(body[:max_bytes], final=len(body) < max_bytes)
    except UnicodeDecodeError:
        return _binary(body, _UNKNOWN)


def _json(body: bytes, codec: str, max_bytes: int) -> tuple[bool, Any]:
    """Return whether a body is strict JSON, and its value."""
    if len(body) > max_bytes:
        return False, None
    try:
        # JSON is UTF-8; where it is not, the charset that came with it is tried.
        return True, parse_bytes(body.removeprefix(b"\xef\xbb\xbf"))
    except NotJson:
        pass
    if codec == "utf-8-sig":
        return False, None
    try:
        return True, parse_text(body.decode(codec).lstrip("\ufeff"))
    except (NotJson, UnicodeError):
        return False, None


def _is_text(media_type: str) -> bool:
    return _TEXT.fullmatch(media_type) is not None


def _text(body: bytes, codec: str, max_bytes: int) -> str:
    return body[:max_bytes].decode(codec, "replace").removeprefix("\ufeff")


def _binary(body: bytes, media_type: str) -> dict[str, Any]:
    value: dict[str, Any] = {
        "base64": base64.b64encode(body[:MAX_BINARY_BYTES]).decode("ascii"),
        "media_type": media_type,
    }
    return value | {"truncated": True} if len(body) > MAX_BINARY_BYTES else value
