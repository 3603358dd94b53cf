"""What never runs is not judged by what it would do, and nothing that does run passes for it."""

import ast
from pathlib import Path

import pytest

from midcall.domain.review import Severity, Subject
from midcall.review import review
from midcall.review.allowlist import packaged
from midcall.review.extension import extended
from midcall.review.vocabulary import RUNNER
from midcall.sandbox.image import sandbox_files

HANDLER = "\n\ndef handler(session):\n    return 1\n"
_TRY = "try:\n    {}\nexcept {}:\n    {}\n"

PASSES = [
    HANDLER + "\nif __name__ == '__main__':\n    import sys\n    print(handler({}), sys.argv)\n",
    HANDLER + "\nif '__main__' == __name__:\n    import os, argparse\n    print(os.environ['X'], open('f').read())\n",
    HANDLER + "\nif __name__ == '__main__':\n    import unittest\n    class T(unittest.TestCase):\n        pass\n",
    "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pandas as pd\n    from os import PathLike\n"
    + HANDLER,
    "import typing\nif typing.TYPE_CHECKING:\n    from requests import Response\n"
    "def f(r: 'Response') -> 'Response':\n    return r\n" + HANDLER,
    _TRY.format("import ujson as json", "ImportError", "import json")
    + "def handler(session):\n    return json.dumps(1)\n",
    _TRY.format("import numpy as np\n    HAS = True", "ImportError", "HAS = False")
    + "def handler(session):\n    return float(np.mean([1])) if HAS else 1\n",
    _TRY.format("from loguru import logger", "ModuleNotFoundError", "import logging\n    logger = logging.getLogger()")
    + "def handler(session):\n    logger.info('x')\n    return 1\n",
    _TRY.format("import requests", "(ImportError, ValueError)", "requests = None") + HANDLER,
    _TRY.format("import requests", "Exception as e", "requests = None") + HANDLER,
    _TRY.format("from zoneinfo import ZoneInfo", "ImportError", "from backports.zoneinfo import ZoneInfo")
    + "def handler(session):\n    return str(ZoneInfo('UTC'))\n",
    (
        "def handler(session):\n    try:\n        import orjson\n        return orjson.dumps(1)\n"
        "    except ImportError:\n        return 1\n"
    ),
    "def handler(session):\n    r: requests.Response = None\n    return r\n",
    "def f(x: 'pd.DataFrame') -> 'Order':\n    return x\n" + HANDLER,
    "from __future__ import annotations\ndef f(x: pd.DataFrame, *, y: Order | None = None) -> Order:\n    return x, y\n"
    + HANDLER,
    "from __future__ import annotations\nclass A:\n    x: Decimal\n" + HANDLER,
]
REFUSED = [
    "if __name__ == 'function':\n    import os" + HANDLER,
    "if __name__ != '__main__':\n    import os" + HANDLER,
    "if __name__ == '__main__' or 1:\n    import os" + HANDLER,
    "if __name__ == '__main__':\n    pass\nelse:\n    import os" + HANDLER,
    "if __name__ == '__main__':\n    pass\nimport os" + HANDLER,
    "__name__ = '__main__'\nif __name__ == '__main__':\n    import os" + HANDLER,
    "def f(__name__):\n    if __name__ == '__main__':\n        import os\n        os.abort()\nf('__main__')" + HANDLER,
    "def f():\n    if __name__ == '__main__':\n        import os\n    return 1" + HANDLER,
    "TYPE_CHECKING = True\nif TYPE_CHECKING:\n    import os" + HANDLER,
    "from typing import TYPE_CHECKING\nTYPE_CHECKING = 1\nif TYPE_CHECKING:\n    import os" + HANDLER,
    "from typing import TYPE_CHECKING\ndef f():\n    global TYPE_CHECKING\n    TYPE_CHECKING = 1\nf()\n"
    "if TYPE_CHECKING:\n    import os" + HANDLER,
    "from typing import TYPE_CHECKING\nif not TYPE_CHECKING:\n    import os" + HANDLER,
    "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    pass\nelse:\n    import os" + HANDLER,
    "import typing\ntyping.TYPE_CHECKING = True\nif typing.TYPE_CHECKING:\n    import os" + HANDLER,
    "from typing import Any as TYPE_CHECKING\nif TYPE_CHECKING:\n    import os" + HANDLER,
    _TRY.format("import os", "ImportError", "os = None") + HANDLER,
    _TRY.format("import _io", "ImportError", "_io = None") + HANDLER,
    _TRY.format("import os.path as p", "ImportError", "p = None") + HANDLER,
    _TRY.format("from sys import modules", "ImportError", "modules = None") + HANDLER,
    _TRY.format("from json import codecs", "ImportError", "codecs = None") + HANDLER,
    _TRY.format("import frames", "ImportError", "frames = None") + HANDLER,
    _TRY.format("import function", "ImportError", "function = None") + HANDLER,
    _TRY.format("from urllib import request", "ImportError", "request = None") + HANDLER,
    _TRY.format("raise ImportError", "ImportError", "import os") + HANDLER,
    _TRY.format("raise ImportError", "ImportError", "import requests") + HANDLER,
    _TRY.format("import requests", "KeyError", "requests = None") + HANDLER,
    _TRY.format("import requests", "ImportError", "import os as requests") + HANDLER,
    "try:\n    pass\nfinally:\n    import requests" + HANDLER,
    "try:\n    pass\nexcept ImportError:\n    pass\nelse:\n    import requests" + HANDLER,
    "class ImportError(Exception):\n    pass\n" + _TRY.format("import requests", "ImportError", "pass") + HANDLER,
    "def f(x: Undefined):\n    return x" + HANDLER,
    "x: Undefined = 1" + HANDLER,
    "class A:\n    x: Undefined" + HANDLER,
    "def handler(session):\n    class A:\n        x: Undefined\n    return A and 1\n",
    "from __future__ import annotations\ndef f(x=Undefined):\n    return x" + HANDLER,
    "from __future__ import annotations\ndef f(x: eval('1')):\n    return x" + HANDLER,
    "def f(x: __import__('os')):\n    return x" + HANDLER,
]


def errors(source: str) -> list[str]:
    """Return the messages that refuse a source."""
    return [comment.message for comment in review(Subject(source)) if comment.severity is Severity.ERROR]


@pytest.mark.parametrize("source", PASSES)
def test_what_never_runs_passes(source: str) -> None:
    """As it was brought along."""
    assert errors(source) == []


@pytest.mark.parametrize("source", REFUSED)
def test_what_runs_does_not_pass_for_it(source: str) -> None:
    """However like it looks."""
    assert errors(source)


def test_secrets_are_told_of_where_nothing_runs_too() -> None:
    """They are in the source, whoever reads it."""
    source = HANDLER + "\nif __name__ == '__main__':\n    API_KEY = 'AKIA" + "ABCDEFGHIJKLMNOP'\n"
    assert any(comment.rule.startswith("secret.") for comment in review(Subject(source)))


def test_with_an_operators_packages_nothing_counts_as_plainly_not_there() -> None:
    """What a package brings along is not known to the review."""
    source = _TRY.format("import six", "ImportError", "six = None") + HANDLER
    more = extended(packaged(), '[modules]\n"stdnum" = ["validate"]\n')
    assert errors(source) == []
    assert any(comment.severity is Severity.ERROR for comment in review(Subject(source), allowed=more))


def test_all_modules_of_the_runner_are_known() -> None:
    """Whatever lies beside the author's module in the image, an import of it would succeed."""
    text = Path(sandbox_files(), "assemble.py").read_text()
    (names,) = [
        ast.literal_eval(node.value)
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "RUNNER"
    ]
    assert {name.removesuffix(".py") for name in names} <= RUNNER
