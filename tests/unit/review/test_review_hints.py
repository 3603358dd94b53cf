# ruff: noqa: E501  (sources, one per line)
"""A refusal has a way out: what is refused is named together with what to use here."""

import pytest

from midcall.domain.review import Severity, Subject
from midcall.review import review
from midcall.review.allowlist import packaged


def advice(source: str) -> str:
    """Return what is suggested for the one error of a source."""
    (comment,) = [comment for comment in review(Subject(source)) if comment.severity is Severity.ERROR]
    return comment.suggestion


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        *((f"import {name}", "actions.http.get(url)") for name in ("requests", "httpx", "aiohttp", "urllib3", "http.client")),
        ("from urllib.request import urlopen", "actions.http.get(url)"),
        ("from requests.exceptions import HTTPError", "ActionError"),
        ("import os", "credential="),
        ("from dotenv import load_dotenv", "credential="),
        ("import wmill", "credential="),
        ("from pydantic import BaseModel, Field", "`@dataclass`"),
        ("from loguru import logger", "logging.getLogger"),
        ("import dateparser", "dateutil.parser.parse"),
        ("from dateutil.tz import gettz", "zoneinfo"),
        ("from phonenumbers import geocoder", "region_code_for_number"),
        ("import email", "email.utils"),
        ("from email.mime.text import MIMEText", "email.utils"),
        ("import smtplib", "mail service"),
        ("from bs4 import BeautifulSoup", "HTMLParser"),
        ("import pandas as pd", "statistics"),
        ("import numpy as np", "operator can add"),
        ("import openai", "actions.http.post"),
        ("from langchain_core.tools import tool", "return the data"),
        ("import boto3", "actions.http.post"),
        ("import psycopg2", "HTTP API"),
        ("import tempfile", "io.StringIO"),
        ("import threading", "asyncio.gather"),
        ("from concurrent.futures import ThreadPoolExecutor", "asyncio.gather"),
        ("import orjson", "`import json`"),
        ("from typing_extensions import TypedDict", "`typing`"),
        ("import yaml", "json.loads"),
        ("from tenacity import retry", "`retries`"),
        ("import jwt", "`hmac`"),
        ("from fastapi import FastAPI", "`def handler(session):`"),
        ("import argparse", "session['params']"),
        ("import nobody_knows_it", "ask your operator"),
        ("import _ctypes", "docs/review-rules.md"),
        ("from operator import attrgetter", "lambda"),
        ("from collections import Mapping", "from collections.abc import Mapping"),
        ("from traceback import format_exception", "format_exc()"),
        ("from asyncio import get_event_loop", "async def handler"),
        ("from logging import StreamHandler", "logging.basicConfig"),
        ("from math import sqr", "Did you mean `sqrt`?"),
    ],
)  # fmt: skip
def test_an_import_that_is_refused_says_what_to_use_here(statement: str, words: str) -> None:
    """The action and what it returns, the standard library's way, a credential, or who can add it."""
    assert words in advice(f"{statement}\n\ndef handler(session):\n    return 1\n")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def lambda_handler(event, context):\n    return {'statusCode': 200}\n", "Rename `lambda_handler`"),
        ("def main(zip_code, days=3):\n    return zip_code\n", "session['params']"),
        ("async def run(session):\n    return 1\n", "Rename `run`"),
        ("def weather(session):\n    return 1\n", "Rename `weather`"),
        ("class Tool:\n    def run(self):\n        return 1\n", "below the class"),
        ("handler = lambda session: 1\n", "what the lambda gives"),
        ("x = 1\n", "def handler(session):"),
    ],
)
def test_a_missing_handler_says_what_to_rename(source: str, words: str) -> None:
    """What another platform calls has another name there."""
    assert words in advice(source)


def test_no_advice_is_for_what_is_listed_anyway() -> None:
    """A name that may be used needs none."""
    assert [name for name in packaged().hints if packaged().has(name)] == []


@pytest.mark.parametrize(
    "source",
    [
        "import logging\n\nlog: logging.Logger = logging.getLogger('a')\n\ndef handler(session):\n    log.info('x')\n    return 1\n",
        ("from logging import Logger, getLogger\n\ndef say(log: Logger | None) -> None:\n    print(isinstance(log, Logger))\n\n"
        "def handler(session):\n    say(getLogger('a'))\n    return 1\n"),
        ("import traceback\n\ndef handler(session):\n    try:\n        return 1 / 0\n    except Exception:\n"
        "        traceback.print_exc()\n        return 2\n"),
        ("from html.parser import HTMLParser\n\nclass P(HTMLParser):\n    def handle_data(self, data):\n        print(data)\n\n"
        "def handler(session):\n    P().feed('<b>x</b>')\n    return 1\n"),
    ],
)  # fmt: skip
def test_names_that_people_reach_for_are_there(source: str) -> None:
    """As types, with the arguments that do no harm, or to inherit from."""
    assert [comment for comment in review(Subject(source)) if comment.severity is Severity.ERROR] == []


@pytest.mark.parametrize(
    "source",
    [
        "import logging\n\ndef handler(session):\n    return logging.Logger('a').handlers\n",
        "from logging import Logger as L\n\nmake = L\n\ndef handler(session):\n    return 1\n",
        "import traceback\n\ndef handler(session):\n    traceback.print_exc(file=session)\n    return 1\n",
        "import traceback\n\ndef handler(session):\n    traceback.print_exc(1, session)\n    return 1\n",
        "from traceback import print_exc as p\n\ndef handler(session):\n    return list(map(p, [1]))\n",
    ],
)
def test_what_they_could_do_besides_stays_refused(source: str) -> None:
    """Loggers that nobody follows, and streams of one's own."""
    assert [comment for comment in review(Subject(source)) if comment.severity is Severity.ERROR]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("class A:\n    def __getattr__(self, name):\n        return name\n", "in a dict"),
        ("class A:\n    def __setattr__(self, name, value):\n        print(name, value)\n", "`@property`"),
        ("class A:\n    def __del__(self):\n        print(1)\n", "`__exit__`"),
        ("def f(e):\n    return e.__cause__\n", "in a variable"),
        ("def f(e):\n    return e.__traceback__\n", "format_exc()"),
        ("def f(e):\n    return vars(e)\n", "asdict"),
        ("def f():\n    return globals()['f']()\n", "{'a': f, 'b': g}[name]"),
        ("def f(self, name):\n    return getattr(self, f'do_{name}')()\n", "{'a': self.do_a}[name]()"),
        (
            "import traceback\ndef f(e):\n    return traceback.format_exception(type(e), e, e.__traceback__)\n",
            "format_exc()",
        ),
    ],
)
def test_other_refusals_name_the_cure_once(source: str, words: str) -> None:
    """What a refused call is given draws no comments of its own."""
    assert words in advice(f"{source}\ndef handler(session):\n    return 1\n")
