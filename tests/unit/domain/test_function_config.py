"""A function's document as a typed value."""

from tests.support.world import function

from midcall.domain.function_config import CodeConfig, FunctionConfig, Kind, MessagesConfig, WebhookConfig
from midcall.domain.isolation import Isolation
from midcall.domain.jsonvalue import digest
from midcall.service.functions.form import parse_function


def test_what_an_older_version_lacks_means_what_it_meant_then() -> None:
    """A document with nothing but its kind and source, as the first release could have stored it."""
    stored = {"name": "old", "kind": "code", "code": {"source": "x"}, "parameters": {"type": "object"}, "timeout": 9}
    config = FunctionConfig.from_stored(stored)
    assert (config.kind, config.code, config.webhook) == (Kind.CODE, CodeConfig("x"), WebhookConfig())
    assert (config.timeout, config.retries, config.background, config.strict_output) == (9, 0, False, False)
    assert (config.speak_during_execution, config.speak_after_execution) == (False, True)
    assert (config.messages, config.requires, config.response_variables) == (MessagesConfig(), (), {})
    assert config.isolation is Isolation.CONTAINER
    assert (config.output_schema, config.attempt_timeout, config.max_result_chars) == (None, None, 15_000)


def test_what_was_stored_is_given_back_as_it_is() -> None:
    """The very mapping: with fields that nobody knows, and without those that came later."""
    stored = {"kind": "code", "code": {"source": "x", "later": 1}, "unknown": [None]}
    config = FunctionConfig.from_stored(stored)
    assert config.to_stored() is stored
    form = parse_function(function(messages={"started": ["One moment."]}))
    again = FunctionConfig.from_stored(dict(form.config().to_stored()))
    assert digest(again.to_stored()) == digest(form.config().to_stored())
    assert again == form.config()


def test_an_attachments_messages_stand_for_those_that_they_name() -> None:
    """One that it takes away is gone; those that it does not name stay."""
    own = MessagesConfig(("Hold on.",), {"404": "Not there.", "default": "Sorry."}, "Done.")
    assert own.overridden(None) == own
    assert own.overridden({"started": [], "error": None}) == MessagesConfig((), None, "Done.")
    assert (own.failed, own.overridden({"error": "Oh."}).failed) == ("Sorry.", "Oh.")
