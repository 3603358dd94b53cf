"""Models behind an endpoint that speaks Anthropic's messages."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anthropic import AsyncAnthropic
from pydantic_ai.models import Model
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.providers.anthropic import AnthropicProvider

from midcall.assistant.bounded import ModelEndpoint, client, timeout

ANTHROPIC_URL = "https://api.anthropic.com"


@asynccontextmanager
async def anthropic_messages(name: str, reach: ModelEndpoint) -> AsyncIterator[Model]:
    """Open a model behind Anthropic's Messages API, and close its connections in the end."""
    async with client(reach.context) as http:
        sdk = AsyncAnthropic(
            base_url=reach.base_url or ANTHROPIC_URL,
            api_key=reach.api_key or "none",
            http_client=http,
            timeout=timeout(),
            max_retries=1,
        )
        yield AnthropicModel(name, provider=AnthropicProvider(anthropic_client=sdk))
