"""URL templates: placeholders in path segments and query values; scheme, host and port are what was written."""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, unquote_plus

from midcall.domain.errors import ParametersWanted
from midcall.domain.template.text import Placeholder, TextTemplate, fault, parse_text
from midcall.domain.template.values import TemplateValues, refused

#: Of the template, and of what becomes of it: as much as the guarded client takes.
MAX_URL_CHARS = 2_048

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_URL = re.compile(
    r"(?P<origin>[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*)"
    r"(?:/(?P<path>[^?#]*))?(?:\?(?P<query>[^#]*))?(?:#(?P<fragment>.*))?",
    re.DOTALL,
)
# No empty host, no backslash: some readers look further along for the host then, and find a value.
_HOST = re.compile(r"[^\x00-\x20\x7f\\@{}]+")
# What would complete an escape is taken from a value: `%2{{n}}` with "F" would be a slash.
_CUT_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_INSIDE = re.compile(r"\{\{([^{}]*)\}\}")
_SEPARATORS = frozenset("/?#&")
_DOTS = frozenset({".", ".."})


@dataclass(frozen=True, slots=True)
class UrlTemplate:
    """A URL taken apart: `origin` is literal; `path` has one text a segment, None where there is no path at all.

    `query` is the URL's own, without the question mark, one text a pair; `query_names` are the names in it, decoded. A
    fragment is dropped: it never reaches a server.
    """

    origin: str
    path: tuple[TextTemplate, ...] | None = None
    query: tuple[TextTemplate, ...] | None = None
    query_names: frozenset[str] = frozenset()

    @property
    def names(self) -> frozenset[str]:
        """The names that it uses."""
        return frozenset[str]().union(*(text.names for text in self.texts))

    @property
    def texts(self) -> tuple[TextTemplate, ...]:
        """The texts that it is made of."""
        return (*(self.path or ()), *(self.query or ()))

    @property
    def sample(self) -> str:
        """The URL with `x` for every placeholder: what is wrong with it is wrong with every URL of this template."""
        path = "" if self.path is None else "/" + "/".join(segment.sample() for segment in self.path)
        query = "" if self.query is None else "?" + "&".join(pair.sample() for pair in self.query)
        return self.origin + path + query

    def fill(self, values: TemplateValues, loc: str = "webhook.url") -> str:
        """Return the URL with every value percent-encoded; raises TemplateUnfilled.

        A pair of the query is left out where its value was left out of the call. Raises ParametersWanted where a part
        of the path was, and refuses values that leave one empty, `.` or `..`: servers would read another path.
        """
        url = self.origin
        if self.path is not None:
            url += "/" + "/".join(_segment(segment, values, loc) for segment in self.path)
        pairs = [pair for pair in self.query or () if not pair.left_out(values)]
        if pairs:
            filled = (pair.fill(values, loc, max_chars=MAX_URL_CHARS, encode=percent_encoded) for pair in pairs)
            url += "?" + "&".join(filled)
        return within_bounds(url, loc)


def parse_url_template(source: str, loc: str = "webhook.url") -> UrlTemplate:
    """Take a URL apart, with https:// in front where it has no scheme; raises InvalidInput.

    Whether midcall may call the host is not judged here, nor every character of the literal parts: have the guarded
    client look at `sample`.
    """
    text = source if _ABSOLUTE.match(source) else f"https://{source}"
    if len(text) <= MAX_URL_CHARS and any(_SEPARATORS & set(inside) for inside in _INSIDE.findall(text)):
        raise fault(
            loc, "a default in a URL holds none of / ? # &, which part it: give the parameter a default instead"
        )
    match = _URL.fullmatch(text) if len(text) <= MAX_URL_CHARS else None
    if match is None:
        raise fault(loc, f"longer than {MAX_URL_CHARS:,} characters; shorten it")
    origin = match["origin"]
    if not _HOST.fullmatch(origin.partition("://")[2]):
        raise fault(
            loc,
            "scheme, host and port are literal, with no user before them (that is for auth): write them out, as in"
            " https://api.example.com/{{name}}",
        )
    if "{{" in (match["fragment"] or ""):
        raise fault(loc, "what follows # never reaches a server: move the placeholder into the path or the query")
    path = None if match["path"] is None else tuple(_literal(part, loc) for part in match["path"].split("/"))
    query = None if match["query"] is None else tuple(_literal(pair, loc) for pair in match["query"].split("&"))
    return UrlTemplate(origin, path, query, _query_names(match["query"] or "", loc))


def percent_encoded(text: str) -> str:
    """Percent-encode all but letters, digits and `-._~`; raises UnicodeEncodeError for half a surrogate pair."""
    return quote(text, safe="")


def with_query(url: str, pairs: tuple[tuple[str, str], ...], loc: str = "webhook.query") -> str:
    """Add names and values to a URL's query, both percent-encoded; raises TemplateUnfilled where it grows too long."""
    if not pairs:
        return url
    try:
        added = "&".join(f"{percent_encoded(name)}={percent_encoded(value)}" for name, value in pairs)
    except UnicodeEncodeError:
        raise refused(loc, "a name or value holds half of a surrogate pair, which no UTF-8 has") from None
    before, mark, own = url.partition("?")
    return within_bounds(f"{before}?{own}&{added}" if mark and own else f"{before}?{added}", loc)


def within_bounds(url: str, loc: str) -> str:
    """Return a URL that is short enough; raises TemplateUnfilled for the others."""
    if len(url) > MAX_URL_CHARS:
        raise refused(loc, f"the URL is longer than {MAX_URL_CHARS:,} characters with the values of this call")
    return url


def _literal(source: str, loc: str) -> TextTemplate:
    text = parse_text(source, loc, max_chars=MAX_URL_CHARS)
    for part in text.parts:
        if isinstance(part, str):
            if _CUT_ESCAPE.search(part):
                raise fault(loc, "% begins an escape of two hex digits: write %25 for the character itself")
            if "{" in part or "}" in part:
                raise fault(loc, "a placeholder has two braces on either side: write {{name}}")
    return text


def _query_names(query: str, loc: str) -> frozenset[str]:
    names = [piece.partition("=")[0] for piece in query.split("&") if piece]
    if any("{{" in name for name in names):
        raise fault(loc, "a placeholder stands for a value of the query, not for a name: write name={{name}}")
    return frozenset(unquote_plus(name) for name in names)


def _segment(segment: TextTemplate, values: TemplateValues, loc: str) -> str:
    wanted = [part.name for part in segment.parts if isinstance(part, Placeholder) and _is_wanted(part, values)]
    if wanted:
        raise ParametersWanted.of(wanted)
    filled = segment.fill(values, loc, max_chars=MAX_URL_CHARS, encode=percent_encoded)
    if not segment.names:
        return filled
    decoded = unquote(filled)
    # Some servers cut path parameters (`..;v=1`) before they look for dots.
    if not decoded or decoded in _DOTS or decoded.partition(";")[0] in _DOTS:
        names = ", ".join(f"{{{{{name}}}}}" for name in sorted(segment.names))
        raise refused(
            loc, f"{names} leaves a part of the path empty, . or .., which leads elsewhere; send another value"
        )
    return filled


def _is_wanted(part: Placeholder, values: TemplateValues) -> bool:
    """Tell whether a parameter that a path needs was left out, or sent as nothing."""
    if part.is_left_out(values):
        return True
    return part.name in values.optional and part.value(values) in (None, "")
