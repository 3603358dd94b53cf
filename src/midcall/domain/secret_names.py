"""Names under which nothing but a secret stands: the one list of them, for headers and for parameters of a query.

What a value looks like is not asked: nobody can tell a key from a customer's number. A secret under another name is
marked by who writes it.
"""

import re

#: The last word of such a name: `X-Api-Key`, `access_token`, `clientSecret`, `Cookie`.
_LAST_WORDS = frozenset(
    {
        *("auth", "authentication", "authorization", "bearer", "cookie", "credential", "credentials", "hmac", "jwt"),
        *("key", "otp", "pass", "passcode", "passphrase", "passwd", "password", "pin", "pwd", "secret", "sig"),
        *("signature", "token"),
    }
)
#: How such a word ends where it is written together with the one before it: `apikey`, `authtoken`.
_ENDS = ("apikey", "appkey", "accesskey", "authkey", "privatekey", "secretkey", "passwd", "password", "secret", "token")

#: More than any name has that says something; what follows does not count.
_MAX_CHARS = 200
#: `APIKey` is two words, `apiKey` as well.
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def is_secret_name(name: str) -> bool:
    """Tell whether a header or a parameter of a query is a secret by its name."""
    words = [word.lower() for word in _WORD.findall(name[-_MAX_CHARS:])]
    if not words:
        return False
    return words[-1] in _LAST_WORDS or words[-1].endswith(_ENDS)
