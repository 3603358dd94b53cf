"""What to write instead of what Python cannot read: by the character, the line, or the message, in this order."""

import re
import unicodedata
from collections.abc import Iterator, Sequence

#: Characters that word processors, chats and other keyboards put in the place of those that Python knows.
_QUOTES = "\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u00ab\u00bb\u2032\u2033\u00b4\uff02\uff07\u300c\u300d"
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d"
_INSTEAD = {
    **dict.fromkeys("\u00d7\u22c5\u2217", "*"),
    "\u00f7": "/",
    "\u2264": "<=",
    "\u2265": ">=",
    "\u2260": "!=",
    "\u2026": "...",
    "\u3001": ",",
    "\u3002": ".",
    "\u2192": "->",
}
_WIDE = re.compile("[\uff01-\uff5e]")
_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_NAMES = {
    "\u00a0": "no-break space",
    "\u200b": "zero-width space",
    "\u200c": "zero-width non-joiner",
    "\u200d": "zero-width joiner",
    "\u200e": "left-to-right mark",
    "\u200f": "right-to-left mark",
    "\u2060": "word joiner",
    "\u00ad": "soft hyphen",
    "\ufeff": "byte order mark",
}
_FENCE = re.compile(r"\s*(?:```|~~~)")
_FENCES = "Delete the lines of ``` (Markdown's marks around code) and any text around the code."
#: What a line holds that Python cannot read -> what to write. The first that fits counts.
_LINES: tuple[tuple[str, str], ...] = (
    (r"\s*(?:>>>|\.\.\.) ", "Delete the prompts (`>>>`, `...`) at the beginnings of the lines."),
    (r"\s*[%!]?\s*pip3?\s+install\b", "Delete the line: nothing is installed here; docs/review-rules.md has a list."),
    (r"\s*type\s+\w+(?:\[.*\])?\s*=", "Write a plain assignment without `type`: `Prices = dict[str, float]`."),
    (
        r"\s*(?:async\s+)?(?:def|class)\s+\w+\s*\[",
        'Write `T = TypeVar("T")` above, without the brackets (a class inherits from `Generic[T]`), or use `Any`.',
    ),
    (
        r"\s*(?:class|def|from|import|pass|return|global|lambda|in|is|with|as|raise|yield|del|try|not|or|and)\s*=[^=]",
        "This word is Python's own: choose another name, such as `kind` or `class_`.",
    ),
    (r"\s*[A-Za-z_]\w*(?:-[A-Za-z_]\w*)+\s*=[^=]", "Names have no `-`: write `_`, as in `user_name`."),
    (r"\s*(?:export\b|import\s.*\sfrom\s+[\"']|.*\brequire\()", "This is JavaScript; write it in Python."),
    (r"\s*(?:public|private|package|func|fn|using|<\?php|interface)\b", "This is another language; write Python."),
    (r"\s*elif\s*:", "Write the condition after `elif`, or `else:`."),
    (r"\s*(?:const|let|var)\s+\w", "This is JavaScript. In Python: `name = value`."),
    (r"\s*(?:async\s+)?function\b|.*=>", "This is JavaScript. In Python: `def name(value):`, what it does indented."),
    (r"\s*//", "Comments begin with `#` in Python."),
    (r"\s*/\*", "Comments begin with `#` in Python, on each line."),
    (r".*&&", "Write `and` instead of `&&`."),
    (r".*\|\|", "Write `or` instead of `||`."),
    (r".*[!=]==", "Compare with `==` and `!=`."),
    (r".*<>", "Write `!=` instead of `<>`."),
    (r".*\w\s*(?:\+\+|--)\s*;?\s*$", "Write `x += 1` or `x -= 1`."),
    (r"\s*(?:else\s+if|elseif)\b", "Write `elif`."),
    (r"\s*\}?\s*catch\b|.*\bnew\s+[A-Z]", "In Python: `except ValueError as error:`, `Kind(...)`."),
    (r".*(?:\(|\b(?:if|while|and|or|return)\s)\s*![\w(]", "Write `not` instead of `!`."),
    (r".*\S\s\?\s.*:", "Write `a if condition else b`."),
    (r"\s*(?:if|for|while|def|else|elif|try|with|class)\b.*\{\s*$", "Write `:` and indent, without braces."),
    (r"\s*raise\s+[\w.]+\s*,", 'Write `raise Kind("text")`.'),
    (r"\s*exec\s", "There is no `exec` here: write the code itself."),
    (r".*\b\d+[lL]\b", "Write the number without `L`."),
    (r""".*\b[uU][rR]["']""", 'Write r"..." for a raw text.'),
    (r".*`", "Backticks mean nothing in Python: use quotes for a text, `str(x)` for a value."),
    (r"\s*</?\w", "This is HTML or XML. As a text in Python it stands in three quotes."),
    (
        r"\s*[A-Z][\w']*,?(?:\s+[\w',-]+){2,}\s*[.!?:]?\s*$",
        "This line is no code: delete it, or put `#` in front.",
    ),
    (r"\s*\$\w", "Names have no `$` in Python."),
)  # fmt: skip
_COMPILED = tuple((re.compile(pattern), advice) for pattern, advice in _LINES)
#: Words of the parser's message -> what to write.
_MESSAGES: tuple[tuple[str, str], ...] = (
    ("leading zeros", "Write the number without zeros in front; as a text, such as a postcode, put it in quotes."),
    ("exception types must be parenthesized", "Write `except Kind as error:`; several kinds stand in parentheses."),
    ("parameters cannot be parenthesized", "Take one parameter, and unpack it inside: `a, b = pair`."),
    ("call to 'exec'", "There is no `exec` here: write the code itself."),
    ("call to 'print'", "Write `print(...)` with parentheses."),
    ("assign to function call", "Only a name, `thing.name` or `thing[key]` can be given a value."),
    ("indented block after", "Indent what belongs below by four spaces; where there is nothing, write `pass`."),
    ("positional argument follows", "Give the arguments without names first, then those with names."),
    ("not properly in loop", "`break` and `continue` stand inside a loop; a function ends with `return`."),
    ("outside loop", "`break` and `continue` stand inside a loop; a function ends with `return`."),
    ("duplicate argument", "Give each parameter a name of its own."),
    ("at module level", "Leave the line out: at the top level a name is just given its value."),
    ("instead of '='", "Compare with `==`; one `=` gives a value to a name."),
    ("expected ':'", "End the line with `:`."),
    ("indent", "Use four spaces for each level, and the same for all lines of a block."),
    ("tab", "Use four spaces for each level, and the same for all lines of a block."),
    ("async function", "Write `async def` for a function that uses `await`, `async for` or `async with`."),
    ("forgot a comma", "Separate the entries by commas."),
    ("never closed", "Every opening bracket and quote needs its closing one."),
    ("unmatched", "Every opening bracket and quote needs its closing one."),
    ("unterminated", "Every opening quote needs its closing one; a quote inside of a text needs a backslash."),
    ("outside function", "Indent the line so that it stands inside the function, `def handler(session):`."),
    ("cannot assign", "Only a name, `thing.name` or `thing[key]` can be given a value; compare with `==`."),
)  # fmt: skip
_FSTRING = (
    "Use the other kind of quotes inside the braces, or work the value out in a line before: f\"{order['id']}\". "
    "(Python 3.12 reads the same kind, a backslash and a comment there; this Python does not.)"
)
_ELSE = "Look at this place and just before it: a bracket, colon, comma, quote or value is often missing there."
#: Texts and comments of a line: what stands in them is not what Python stumbles over.
_TEXTS = re.compile(r"""\"[^"\\]*\"|'[^'\\]*'|\#.*""")
#: Of a longer line its beginning is looked at.
_LONGEST = 1_000
_CHARACTER = re.compile(r"\(?U\+([0-9A-F]{4,6})\)?")
#: An f-string in which a brace is still open where its own quote comes again, or where the line ends.
_REUSED = re.compile(r"""\b[fF][rR]?(["'])(?!\1)[^"'\\{]*\{[^"'{}]*(?:\1|$)""")


def instead(lines: Sequence[str], line: int, message: str) -> tuple[str, str]:
    """Return the parser's message, made plainer where that is possible, and what to write. `line` counts from 1."""
    found = _CHARACTER.search(message)
    if found and "invalid" in message:
        return character(chr(int(found[1], 16)))
    text = lines[line - 1][:_LONGEST] if 0 < line <= len(lines) else ""
    if any(_FENCE.match(each) for each in _around(lines, line)):
        return message, _FENCES
    if "f-string" in message or (_REUSED.search(text) and "outside" not in message):
        return message, _FSTRING
    if "call to '" not in message:
        bare = _TEXTS.sub('""', text)
        for pattern, advice in _COMPILED:
            if pattern.match(bare):
                return message, advice
    lowered = message.lower()
    return message, next((advice for words, advice in _MESSAGES if words in lowered), _ELSE)


def _around(lines: Sequence[str], line: int) -> Iterator[str]:
    """Yield the line in question, and those at which text around the code would begin it: fences stand there."""
    yield from lines[max(line - 1, 0) : line + 1]
    yield from lines[:5]


def named(character: str) -> str:
    """Return what an invisible character is called, with its number: `U+00A0 (no-break space)`."""
    name = _NAMES.get(character) or unicodedata.name(character, "").lower()
    return f"U+{ord(character):04X}" + (f" ({name})" if name else "")


def character(found: str) -> tuple[str, str]:
    """Say what a character is that Python does not take, and what to write for it."""
    if _SPACES.fullmatch(found):
        kind = "the no-break spaces" if found == "\u00a0" else "these spaces"
        message = f"{named(found)} stands here for a space; it looks the same and is none to Python"
        return message, f"Replace {kind} by spaces, in the whole text: copied code often has more of them."
    if found in _NAMES:
        return f"there is an invisible {named(found)} here", "Delete the character; nothing shows where it stands."
    shown = f"`{found}` (U+{ord(found):04X})"
    if found in _QUOTES:
        return f"{shown} is no quote to Python", "Replace the curly quotes by straight ones: \" or '."
    if found in _DASHES:
        return f"{shown} is no minus to Python", "Replace the dash by a plain `-`."
    plain = _INSTEAD.get(found) or (unicodedata.normalize("NFKC", found) if _WIDE.fullmatch(found) else "")
    if plain:
        return f"{shown} is not the sign that Python knows", f"Write `{plain}` instead."
    return f"{shown} may only stand in texts and comments", "Remove it, or put it in quotes."
