"""Wiring of the Code Assistant's model."""

import ssl
from functools import partial

from midcall.bootstrap.settings import Settings
from midcall.service.ports import CodeWriter


def wire_writer(settings: Settings) -> CodeWriter | None:
    """Wire what asks the model, or nothing where none is named.

    The libraries take 0.7 to 1.7 s and up to 60 MB to load, so no process loads them that does not use them.
    """
    name = settings.assistant_model
    if name is None:
        return None
    from midcall.assistant.bounded import ModelEndpoint  # noqa: PLC0415 (see above)
    from midcall.assistant.writer import ModelWriter  # noqa: PLC0415 (see above)

    reach = ModelEndpoint(settings.assistant_base_url, settings.assistant_api_key, ssl.create_default_context())
    vendor, _, model = name.partition(":")
    if vendor == "anthropic":
        from midcall.assistant.anthropic_messages import anthropic_messages  # noqa: PLC0415 (see above)

        return ModelWriter(name, partial(anthropic_messages, model, reach), settings.assistant_max_tokens)
    from midcall.assistant.openai_chat import openai_chat  # noqa: PLC0415 (see above)

    own = vendor == "openai"
    connect = partial(openai_chat, model if own else name, reach, own=own)
    return ModelWriter(name, connect, settings.assistant_max_tokens)
