"""Which names of headers and of a query's parameters are plainly those of secrets, in both directions."""

import pytest

from midcall.domain.secret_names import is_secret_name

SECRET = [
    *("Authorization", "authorization", "Proxy-Authorization", "Cookie", "X-Api-Key", "X-API-KEY", "Api-Key", "apikey"),
    *("Ocp-Apim-Subscription-Key", "X-Functions-Key", "X-Key", "X-Auth-Token", "PRIVATE-TOKEN"),
    *("X-CSRF-Token", "X-Vapi-Secret", "X-Midcall-Secret", "X-Auth", "X-Hub-Signature", "X-Signature", "X-Password"),
    *("api_key", "apiKey", "APIKey", "hapikey", "appkey", "key", "KEY", "token", "access_token", "accessToken"),
    *("auth_token", "authtoken", "id_token", "client_secret", "clientSecret", "sig", "signature", "password", "passwd"),
    *("pwd", "pass", "pin", "X-Amz-Signature", "X-Amz-Credential", "X-Amz-Security-Token", "jwt", "token1"),
    *("api_key_2", "X-Shopify-Access-Token", "auth", "my.secret", "x-credentials", "key[]", "filter[token]"),
]
PLAIN = [
    *("Accept", "Content-Type", "X-Region", "X-Status", "X-Tenant", "X-Auth-Email", "X-Auth-User", "X-Token-Type"),
    *("Accept-Language", "User-Agent", "X-Request-Source", "X-Api-Version", "X-Key-Id", "Notion-Version", "Referer"),
    *("include", "limit", "status", "country", "q", "page", "monkey", "turkey", "keyboard", "keyword", "keywords"),
    *("token_type", "tokens", "max_tokens", "api_version", "key_id", "author", "authors", "passengers", "compass"),
    *("secretary", "pins", "pincode", "bypass_cache", "design", "sign", "signal", "", "-", "123", "ключ", "fields"),
]


@pytest.mark.parametrize("name", SECRET)
def test_these_names_are_plainly_those_of_secrets(name: str) -> None:
    """What stands under them is kept secret unasked."""
    assert is_secret_name(name)


@pytest.mark.parametrize("name", PLAIN)
def test_these_names_say_nothing_of_a_secret(name: str) -> None:
    """What stands under them is shown, unless it is marked."""
    assert not is_secret_name(name)


def test_a_long_name_is_judged_by_its_end_at_once() -> None:
    """Names of a query have no letters they may not have."""
    assert is_secret_name("aB" * 100_000 + "_token")
    assert not is_secret_name("_token" * 100_000 + "x_")
