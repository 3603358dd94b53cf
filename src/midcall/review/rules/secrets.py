"""Rules on secrets in the source: they belong into credentials. No comment ever repeats what it found."""

import ast
import re
from collections.abc import Iterator

from midcall.domain.review import Severity
from midcall.review.module import Module
from midcall.review.rule import Hit, Rule, example

#: Shapes that the issuers document. Repetitions are bounded where more follows: the text is not to be trusted.
_SHAPES = {
    "an AWS access key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "a GitHub token": r"\b(?:gh[pousr]_[0-9A-Za-z]{30,}|github_pat_[0-9A-Za-z_]{30,})",
    "a GitLab token": r"\bglpat-[0-9A-Za-z_-]{20,}",
    "a Slack token": r"\bxox[abeoprs]-[0-9A-Za-z-]{10,}|hooks\.slack\.com/services/T[0-9A-Za-z]{1,30}/B",
    "a private key": r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----",
    "an API key": r"\b(?:sk|pk|rk)[-_](?:live|test|proj|ant|or|svcacct)[-_][0-9A-Za-z_-]{12,}|\bsk-[0-9A-Za-z]{20,}",
    "a Google API key": r"\bAIza[0-9A-Za-z_-]{35}",
    "a JSON web token": r"\beyJ[0-9A-Za-z_-]{8,300}\.eyJ[0-9A-Za-z_-]{8,}",
    "a Twilio or SendGrid key": r"\bSG\.[0-9A-Za-z_-]{16,40}\.[0-9A-Za-z_-]{16,}|\b(?:AC|SK)[0-9a-f]{32}\b",
    "an npm or PyPI token": r"\bnpm_[0-9A-Za-z]{30,}|\bpypi-[0-9A-Za-z_-]{30,}",
    "a Shopify token": r"\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}",
    "an Airtable token": r"\bpat[0-9A-Za-z]{14}\.[0-9a-f]{64}|\bkey[0-9A-Za-z]{14}\b",
    "a midcall key": r"\bmc_[0-9A-Za-z]{6,}_[0-9A-Za-z_-]{16,}|\bwhsec_[0-9A-Za-z+/=]{24,}",
    "a password in an address": r"\b[a-z][a-z0-9+.-]{0,20}://[^/\s:@{}<>]{1,100}:[^/\s:@{}<>]{3,100}@",
    "a bearer token": r"\b[Bb]earer +[0-9A-Za-z._~+/-]{16,}|\bBasic +[0-9A-Za-z+/]{16,}=*",
}
_PATTERNS = {kind: re.compile(pattern) for kind, pattern in _SHAPES.items()}
_NAME = re.compile(
    r"(?:^|_)(?:password|passwd|pwd|passphrase|secret|api_?key|apikey|access_?key|private_?key|secret_?key|auth_?token|"
    r"access_?token|refresh_?token|bearer|token|credentials?|client_?secret|signing_?key)"
    r"(?:$|_(?:key|value|prod|live|v?\d+)$)",
    re.IGNORECASE,
)
_PASSWORD = re.compile(r"passw|pwd|passphrase", re.IGNORECASE)
#: Texts that stand for a value: a placeholder, the name of a field, an environment variable.
_PLACEHOLDER = re.compile(
    r"^(?:x+|\*+|\.+|<.*>|\{.*\}|\$.*|your[-_ ].*|none|null|test)$",
    re.IGNORECASE,
)
#: The same among other words; one pattern of both would try each place of the word against each end.
_STANDS_FOR = re.compile("example|placeholder|changeme|redacted|dummy|todo", re.IGNORECASE)
_WORDS = re.compile(r"[a-z_-]+", re.IGNORECASE)
_FIELD_NAME = re.compile(r"^[A-Za-z][A-Za-z]*(?:[_\-. ][A-Za-z]+)*$")
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^-]{0,20000}(?:-----END [A-Z ]{0,30}KEY-----)?")
#: A name that is given a text in quotes: an assignment, an entry of an object, a keyword, a comparison.
_GIVEN = re.compile(
    r"(?P<name>\b[A-Za-z_][A-Za-z0-9_-]{0,80})[\"']?\]?[ \t]{0,8}"
    r"(?::[ \t]{0,8}\w{1,20}[ \t]{0,8})?(?:=|:|==|!=)[ \t]{0,8}[rbRB]?[\"'](?P<value>[^\"'\n]{6,1000})"
)
_ADVICE = (
    "Delete it here and make it invalid where it came from; store the new one as a credential and call through an "
    "enabled action, which adds it."
)


def kind_of_secret(text: str) -> str | None:
    """Say what a text looks like that has the shape of a known service's key, token or password."""
    if len(text) < 12:  # noqa: PLR2004 (no token is shorter)
        return None
    return next((kind for kind, pattern in _PATTERNS.items() if pattern.search(text)), None)


def without_secrets(text: str, mask: str) -> str:
    """Return a text with what looks like a secret masked, in code or in prose: for readers who are strangers.

    Works on the text alone, and rather masks too much: what a rule would find in the tree, and whole private keys.
    """
    text = _PRIVATE_KEY.sub(mask, text)
    for pattern in _PATTERNS.values():
        text = pattern.sub(mask, text)
    return _GIVEN.sub(lambda found: _hidden(found, mask), text)


def _hidden(found: re.Match[str], mask: str) -> str:
    name, value = found["name"].replace("-", "_"), found["value"]
    if not _NAME.search(name) or not _looks_secret(name, value):
        return found[0]
    start = found.start("value") - found.start()
    return found[0][:start] + mask + found[0][start + len(value) :]


def _shapes(module: Module) -> Iterator[Hit]:
    for node in module.nodes(ast.Constant):
        text = node.value
        if isinstance(text, bytes):
            text = text.decode("latin-1")
        if not isinstance(text, str):
            continue
        kind = kind_of_secret(text)
        if kind:
            yield Hit(node, f"This looks like {kind}: everyone who may read the function can read it.", _ADVICE)


def _named(module: Module) -> Iterator[Hit]:
    for name, node in _named_values(module):
        value = node.value if isinstance(node, ast.Constant) else None
        if isinstance(value, bytes):
            value = value.decode("latin-1")
        if isinstance(value, str) and _NAME.search(name) and _looks_secret(name, value):
            yield Hit(node, f"`{name[:40]}` is given a fixed value here that looks like a secret.", _ADVICE)


def _looks_secret(name: str, value: str) -> bool:
    if len(value) < 6 or any(space in value for space in " \n\t") or _PLACEHOLDER.match(value):  # noqa: PLR2004
        return False
    if _STANDS_FOR.search(value) and _WORDS.fullmatch(value):
        return False
    # `token = "session_token"` names a field; a password may well be letters only.
    return not _FIELD_NAME.match(value) or bool(_PASSWORD.search(name) and value.isalpha() and value.islower() is False)


def _named_values(module: Module) -> Iterator[tuple[str, ast.expr]]:
    """Yield each value that is given or compared under a name, with the name."""
    for node in module.nodes(ast.Assign):
        yield from ((_target_name(target), node.value) for target in node.targets)
    for annotated in module.nodes(ast.AnnAssign):
        if annotated.value is not None:
            yield _target_name(annotated.target), annotated.value
    for keyword in module.nodes(ast.keyword):
        yield keyword.arg or "", keyword.value
    for mapping in module.nodes(ast.Dict):
        yield from ((_text(key), value) for key, value in zip(mapping.keys, mapping.values, strict=True))
    for comparison in module.nodes(ast.Compare):
        yield _target_name(comparison.left), comparison.comparators[0]
    yield from _defaults(module)


def _defaults(module: Module) -> Iterator[tuple[str, ast.expr]]:
    for arguments in module.nodes(ast.arguments):
        positional = [*arguments.posonlyargs, *arguments.args]
        for argument, default in zip(reversed(positional), reversed(arguments.defaults), strict=False):
            yield argument.arg, default
        for argument, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            if value is not None:
                yield argument.arg, value


def _target_name(target: ast.expr) -> str:
    if isinstance(target, ast.Name):
        return target.id
    if isinstance(target, ast.Attribute):
        return target.attr
    return _text(target.slice) if isinstance(target, ast.Subscript) else ""


def _text(node: ast.AST | None) -> str:
    text = node.value if isinstance(node, ast.Constant) else None
    return text.replace("-", "_") if isinstance(text, str) else ""


_FINE = example("def handler(session):\n    token = session['dynamicVariables']['token']\n    return len(token)\n")
RULES: tuple[Rule[Module], ...] = (
    Rule(
        id="secret.shape",
        summary="No text has the shape of a key, token or password of a known service.",
        severity=Severity.WARNING,
        check=_shapes,
        good=_FINE,
        bad=example("KEY = 'AKIA" + "A" * 16 + "'\n\ndef handler(session):\n    return len(KEY)\n"),
    ),
    Rule(
        id="secret.name",
        summary="Nothing that is called a password, secret, key or token has a fixed value.",
        severity=Severity.WARNING,
        check=_named,
        good=_FINE,
        bad=example("password = 'hunter2-very-long'\n\ndef handler(session):\n    return len(password)\n"),
    ),
)
