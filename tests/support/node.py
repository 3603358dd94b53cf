"""Node, asked line by line: what JavaScript itself makes of a text."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def asking_node(expression: str) -> Iterator[Callable[[str], str]]:
    """Start one Node; the function given out evaluates `expression` on `text` and returns the JSON text of the result.

    A thrown error is the text `thrown`.
    """
    program = shutil.which("node")
    assert program, "these tests need Node: run `make setup`, or install nodejs"
    # Texts go in as JSON strings of ASCII, one a line, so that lone surrogates and line breaks arrive as they are.
    script = f"""
    const answer = (text) => {{ try {{ return JSON.stringify({expression}) }} catch (error) {{ return "thrown" }} }};
    require("readline").createInterface({{ input: process.stdin }}).on("line", (line) => {{
      process.stdout.write(answer(JSON.parse(line)) + "\\n");
    }});
    """
    with subprocess.Popen([program, "-e", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        asked, answers = process.stdin, process.stdout

        def ask(text: str) -> str:
            asked.write(json.dumps(text).encode("ascii") + b"\n")
            asked.flush()
            answer = answers.readline()
            assert answer.endswith(b"\n"), "Node ended"
            return answer[:-1].decode()

        yield ask
        asked.close()
