"""Header templates: the one place where secrets may stand."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from midcall.domain.http_headers import is_name, is_reserved, is_value
from midcall.domain.template.text import TextTemplate, all_of, fault, parse_text, shown
from midcall.domain.template.values import TemplateValues, refused

MAX_HEADERS = 50
MAX_NAME_CHARS = 128
#: Of a template, and in UTF-8 of what becomes of it: servers commonly take 8 KiB for all headers together.
MAX_VALUE_BYTES = 4_096

_BLANKS = " \t"


@dataclass(frozen=True, slots=True)
class HeaderTemplate:
    """One header; `name` is literal."""

    name: str
    value: TextTemplate

    def fill(self, values: TemplateValues, loc: str = "webhook.headers") -> tuple[str, str]:
        """Return name and value, without blanks at the value's ends; raises TemplateUnfilled.

        Refuses control characters, so that no value begins another header, and values over MAX_VALUE_BYTES.
        """
        loc = f"{loc}.{self.name}"
        value = self.value.fill(values, loc, max_chars=MAX_VALUE_BYTES).strip(_BLANKS)
        if not is_value(value):
            raise refused(loc, f"{_named(self.value)} holds a control character, such as a line break; send it without")
        try:
            size = len(value.encode())
        except UnicodeEncodeError:
            raise refused(loc, f"{_named(self.value)} holds half of a surrogate pair, which no UTF-8 has") from None
        if size > MAX_VALUE_BYTES:
            raise refused(loc, f"longer than {MAX_VALUE_BYTES:,} bytes with the values of this call; shorten them")
        return self.name, value


def parse_header(name: str, source: str, loc: str = "webhook.headers") -> HeaderTemplate:
    """Take one header apart; raises InvalidInput."""
    loc = f"{loc}.{name[:MAX_NAME_CHARS]}"
    if len(name) > MAX_NAME_CHARS or not is_name(name):
        wanted = f"1-{MAX_NAME_CHARS} letters, digits and !#$%&'*+-.^_`|~"
        raise fault(loc, f"{shown(name)} is no header's name: write {wanted}, and no placeholder")
    if is_reserved(name):
        raise fault(loc, f"midcall sets {name} itself; remove it")
    text = parse_text(source, loc, max_chars=MAX_VALUE_BYTES, secrets=True)
    if not is_value(text.sample().strip(_BLANKS)):
        raise fault(loc, "holds a control character, such as a line break; write the value on one line")
    return HeaderTemplate(name, text)


def parse_headers(sources: Mapping[str, str], loc: str = "webhook.headers") -> tuple[HeaderTemplate, ...]:
    """Take all headers apart; raises InvalidInput with a fault for each that is wrong."""
    if len(sources) > MAX_HEADERS:
        raise fault(loc, f"more than {MAX_HEADERS} headers; remove some")
    seen = set()
    for name in sources:
        if name.lower() in seen:
            raise fault(f"{loc}.{name}", "stands there twice, in capitals and without; keep one of them")
        seen.add(name.lower())
    return all_of(partial(parse_header, name, source, loc) for name, source in sources.items())


def _named(text: TextTemplate) -> str:
    names = [f"{{{{{name}}}}}" for name in sorted(text.names)]
    return f"the value of {' or '.join(names)}" if names else "the value"
