"""Check signatures with the vendors' own code. Runs in `.venv-vendors`, which has that and not midcall.

Reads a JSON list of `{headers, body, retell_secret, standard_secret}` from standard input, `body` as text; writes the
list of `{retell, standard}`: whether Retell's SDK and the Standard Webhooks library take the message as genuine.
"""

import json
import sys
from typing import Any

from retell import Retell
from standardwebhooks.webhooks import Webhook, WebhookVerificationError


def judged(message: dict[str, Any]) -> dict[str, bool]:
    """Ask both."""
    headers, body = message["headers"], message["body"]
    client = Retell(api_key="unused")
    genuine = client.verify(body, message["retell_secret"], headers.get("x-retell-signature", ""))
    try:
        # What it returns is the parsed body, which an empty one has none of; that comes after the signature.
        Webhook(message["standard_secret"]).verify(body, headers)
        standard = True
    except WebhookVerificationError:
        standard = False
    except json.JSONDecodeError:
        standard = body == ""
    return {"retell": bool(genuine), "standard": standard}


if __name__ == "__main__":
    json.dump([judged(message) for message in json.load(sys.stdin)], sys.stdout)
