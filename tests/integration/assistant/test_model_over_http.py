"""What takes time, and Anthropic's protocol, over real sockets."""

import asyncio
from collections.abc import Iterator

import pytest
from tests.support.asking import DRAFT, answer_of, asked, assistant, in_thread
from tests.support.databases import Sqlite, opened
from tests.support.models import Endpoint, Says, Silence, endpoint, proposal
from tests.support.patience import wait_for
from tests.support.world import World

from midcall.bootstrap.assistant import wire_writer
from midcall.bootstrap.settings import Settings
from midcall.domain.assistant import Status, Usage
from midcall.domain.errors import AssistantBusy
from midcall.service.assistant.assist import QuestionLimit
from midcall.service.assistant.events import ExplanationWritten, Question, Thinking
from midcall.service.ports import CodeWriter

GOOD = "def handler(session):\n    return 2\n"
FAULTY = "def handler(session):\n    return 'fault'\n"
KEY = "key-of-the-endpoint"


@pytest.fixture
def model() -> Iterator[Endpoint]:
    """Serve a model's endpoint."""
    with endpoint() as it:
        yield it


@pytest.fixture
def world(sqlite: Sqlite) -> Iterator[World]:
    """Wire all use cases on SQLite: nothing here depends on the database."""
    with sqlite.migrated() as url, opened(url) as engine:
        yield World(engine)


def writer(url: str, name: str) -> CodeWriter:
    """Make a writer as the product does, which loads a vendor's SDK only then: that takes seconds.

    Each process of a run reads all tests, and few run these.
    """
    settings = Settings(assistant_model=name, assistant_base_url=url, assistant_api_key=KEY, assistant_max_tokens=1_000)
    made = wire_writer(settings)
    assert made is not None
    return made


def openai(model: Endpoint, *, own: bool = False) -> CodeWriter:
    """Make a writer for chat completions."""
    return writer(model.url, "openai:test-model" if own else "test-model")


def anthropic(model: Endpoint) -> CodeWriter:
    """Make a writer for Anthropic's messages; its SDK adds /v1 itself."""
    return writer(model.url.removesuffix("/v1"), "anthropic:claude-test")


def test_silent_model_is_left_at_the_deadline(world: World, model: Endpoint) -> None:
    """The answer says so in time, and the connection is closed."""
    model.answers(Silence())
    answer = answer_of(asked(assistant(world, openai(model), deadline_s=2), world))
    assert (answer.status, answer.rounds, answer.source) == (Status.TIMED_OUT, 1, None)
    assert wait_for(lambda: model.left == 1)


def test_what_came_before_the_deadline_is_kept(world: World, model: Endpoint) -> None:
    """A first attempt with its review is worth more than nothing."""
    model.answers(proposal(FAULTY), Silence())
    answer = answer_of(asked(assistant(world, openai(model), deadline_s=8), world))
    assert (answer.status, answer.rounds, answer.source) == (Status.TIMED_OUT, 2, FAULTY)
    assert answer.review is not None
    assert answer.review["status"] == "changes_requested"


def test_who_goes_away_stops_the_model(world: World, model: Endpoint) -> None:
    """Closing the events closes the connection, and gives the seat back."""
    model.answers(Silence())
    assist = assistant(world, openai(model), seats=QuestionLimit(in_all=1, each=1))

    async def run() -> None:
        events = assist.ask(world.caller, Question("x", DRAFT), in_thread)
        assert await anext(events) == Thinking(1)
        assert await in_thread(wait_for, lambda: bool(model.asked))
        with pytest.raises(AssistantBusy):
            await anext(assist.ask(world.caller, Question("x", DRAFT), in_thread))
        await events.aclose()

    asyncio.run(run())
    assert wait_for(lambda: model.left == 1)
    model.answers(proposal(GOOD))
    assert answer_of(asked(assist, world)).status is Status.PASSED


def test_nobody_there_is_an_error_of_the_model(world: World, model: Endpoint) -> None:
    """A closed port ends the question at once."""
    answer = answer_of(asked(assistant(world, writer("http://127.0.0.1:1/v1", "m")), world))
    assert answer.status is Status.MODEL_ERROR
    assert "MIDCALL_ASSISTANT_BASE_URL" in answer.message


def test_proxies_of_the_environment_are_not_used(
    world: World, model: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operator named an endpoint; what the shell says of proxies is for others."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    model.answers(proposal(GOOD))
    assert answer_of(asked(assistant(world, openai(model)), world)).status is Status.PASSED


def test_a_vendors_own_model_is_asked_in_the_same_way(world: World, model: Endpoint) -> None:
    """`openai:` with a base URL, such as a gateway's."""
    model.answers(proposal(GOOD))
    assert answer_of(asked(assistant(world, openai(model, own=True)), world)).status is Status.PASSED
    assert model.asked[0].json["max_completion_tokens"] == 1_000


def test_anthropic_mends_its_code_too(world: World, model: Endpoint) -> None:
    """The comments answer the tool's use, as its protocol has it; the explanation is streamed."""
    model.answers(proposal(FAULTY), Says("no"), proposal(GOOD, "It gives two."))
    events = asked(assistant(world, anthropic(model)), world)
    answer = answer_of(events)
    assert (answer.status, answer.rounds, answer.source) == (Status.PASSED, 3, GOOD)
    assert answer.usage == Usage(3, 3_000, 150)
    assert (
        "".join(event.text for event in events if isinstance(event, ExplanationWritten) and event.round == 3)
        == "It gives two."
    )
    asked_first, asked_again = model.asked[0], model.asked[1]
    assert asked_first.path == "/v1/messages"
    assert asked_first.headers["authorization"] == f"Bearer {KEY}"
    assert asked_first.json["max_tokens"] == 1_000
    result = asked_again.json["messages"][-1]["content"][0]
    assert (result["type"], result["tool_use_id"]) == ("tool_result", "toolu_1")
    assert "There is a fault." in str(result["content"])
