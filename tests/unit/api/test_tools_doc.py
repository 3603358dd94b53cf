"""docs/tools.md shows what midcall answers."""

import json
import re
from pathlib import Path

from midcall.api.examples import PARAMETERS, tools_answer
from midcall.vendors.tools.export import Format

PAGE = Path(__file__).parents[3] / "docs/tools.md"


def test_each_format_is_shown_as_it_is_answered() -> None:
    """The same function in all of them; the constant that it hides is in none."""
    sections = re.split(r"^### ", PAGE.read_text(), flags=re.MULTILINE)
    shown = {}
    for section in sections[1:]:
        name = re.match(r".*`(\w+)`\n", section)
        block = re.search(r"```json\n(.*?)```", section, re.DOTALL)
        assert name
        assert block
        shown[name[1]] = json.loads(block[1])
        assert "tenant" not in block[1]
    assert shown == {wanted.value: tools_answer(wanted)["tools"] for wanted in Format}


def test_the_function_is_shown_as_its_author_wrote_it() -> None:
    """With the constant."""
    block = re.search(r"with these parameters:\n\n```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert block
    assert json.loads(block[1]) == PARAMETERS
