"""Models behind an endpoint that speaks OpenAI's chat completions."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from openai import AsyncOpenAI
from pydantic_ai.models import Model
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider

from midcall.assistant.bounded import ModelEndpoint, client, timeout

OPENAI_URL = "https://api.openai.com/v1"


@asynccontextmanager
async def openai_chat(name: str, reach: ModelEndpoint, *, own: bool) -> AsyncIterator[Model]:
    """Open a model, OpenAI's `own` or another's; endpoints on one's own machines often want no key."""
    async with client(reach.context) as http:
        sdk = AsyncOpenAI(
            base_url=reach.base_url or OPENAI_URL,
            api_key=reach.api_key or "none",
            http_client=http,
            timeout=timeout(),
            max_retries=1,
        )
        if own:
            yield OpenAIChatModel(name, provider=OpenAIProvider(openai_client=sdk))
        else:
            yield OpenAIChatModel(name, provider=OpenAICompatibleProvider("compatible", openai_client=sdk))
