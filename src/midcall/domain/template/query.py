"""Query templates, and how values become a query."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from midcall.domain.template.text import TextTemplate, all_of, fault, parse_text
from midcall.domain.template.url import MAX_URL_CHARS
from midcall.domain.template.values import NoValue, TemplateValues, as_text, refused

MAX_QUERY = 50
MAX_NAME_CHARS = 128

QueryPairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class QueryTemplate:
    """One name of the query; `name` is literal."""

    name: str
    value: TextTemplate

    def fill(self, values: TemplateValues, loc: str = "webhook.query") -> QueryPairs:
        """Return the pairs of this name, not yet percent-encoded; raises TemplateUnfilled.

        A value that is one placeholder gives what `query_pairs` says; any other text gives one pair, and none where a
        placeholder was left out of the call.
        """
        loc = f"{loc}.{self.name}"
        if self.value.left_out(values):
            return ()
        if self.value.whole is None:
            return ((self.name, self.value.fill(values, loc, max_chars=MAX_URL_CHARS)),)
        try:
            return query_pairs(self.name, self.value.whole.value(values))
        except NoValue as error:
            raise refused(loc, str(error)) from None
        except ValueError as error:
            raise refused(loc, f"the value of {self.value.whole} cannot be written here: {error}") from None


def parse_query(sources: Mapping[str, str], loc: str = "webhook.query") -> tuple[QueryTemplate, ...]:
    """Take a query's names and values apart; raises InvalidInput with a fault for each that is wrong."""
    if len(sources) > MAX_QUERY:
        raise fault(loc, f"more than {MAX_QUERY} names; remove some")
    return all_of(partial(_parse, name, source, loc) for name, source in sources.items())


def query_pairs(name: str, value: Any, *, max_chars: int = MAX_URL_CHARS) -> QueryPairs:
    """Write a value as a query has it: null not at all, an array once for each of its values, all else once.

    Texts stand as they are, numbers and booleans as JSON has them, objects and inner arrays as JSON texts. Raises
    ValueError over `max_chars` in one of them.
    """
    items = value if isinstance(value, list | tuple) else [value]
    return tuple((name, as_text(item, max_chars=max_chars)) for item in items if item is not None)


def _parse(name: str, source: str, loc: str) -> QueryTemplate:
    loc = f"{loc}.{name[:MAX_NAME_CHARS]}"
    if not 0 < len(name) <= MAX_NAME_CHARS:
        raise fault(loc, f"a name in the query has 1-{MAX_NAME_CHARS} characters")
    if "{{" in name:
        raise fault(loc, "a placeholder stands for a value, not for a name: write the name out")
    return QueryTemplate(name, parse_text(source, loc, max_chars=MAX_URL_CHARS))
