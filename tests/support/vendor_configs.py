"""The examples in the vendors' documents as configs, their hosts replaced by one's own."""

from typing import Any

Json = dict[str, Any]

TOKEN = "tok-6f1d9c2b7a"  # noqa: S105 (made up)

#: As SubVerse's document has its actions, in JavaScript.
SUBVERSE_CODE = """\
async function handler(body) {
  const { customer_email } = body.params;
  const order = await subverseActions.http.sendRequest({
    credentialId: "cred-1",
    options: { method: "GET", url: `https://shop.example/orders?email=${customer_email}` },
  });
  return { dynamicVariables: { order_status: order.data.status } };
}
"""


def retell_user_details(base: str) -> Json:
    """Retell's get_user_details, whose answer sets user_name."""
    return {
        "type": "custom",
        "name": "get_user_details",
        "description": "Get user details based on name and age",
        "url": f"{base}/users",
        "method": "POST",
        "headers": {"X-Source": "retell"},
        "parameters": {
            "type": "object",
            "properties": {
                "name": {"type": "string", "description": "The user's name"},
                "age": {"type": "integer", "description": "The user's age"},
            },
            "required": ["name"],
        },
        "response_variables": {"user_name": "properties.users[0].name"},
        "args_at_root": True,
        "timeout_ms": 2_000,
        "max_retry": 1,
        "speak_during_execution": True,
        "speak_after_execution": True,
        "execution_message_type": "static_text",
        "execution_message_description": "Let me check that for you.",
        "enable_typing_sound": True,
    }


def retell_weather(base: str) -> Json:
    """Retell's GET whose header and query hold `{{user_name}}`."""
    return {
        "type": "custom",
        "name": "get_weather",
        "description": "Get the weather for the user that was found before",
        "url": f"{base}/weather",
        "method": "GET",
        "headers": {"X-User": "{{user_name}}"},
        "query_params": {"user": "{{user_name}}", "units": "metric"},
    }


def uponai_check_order_status(base: str) -> Json:
    """UponAI's check_order_status with the wrapper around the arguments."""
    return {
        "name": "check_order_status",
        "description": "Check the status of an order by its number",
        "method": "POST",
        "url": f"{base}/orders/status",
        "parameters": {
            "type": "object",
            "properties": {"order_number": {"type": "string"}},
            "required": ["order_number"],
        },
        "args_at_root": False,
        "timeout_ms": 120_000,
    }


def vocobase_get_weather(base: str) -> Json:
    """Return the body of the curl in Vocobase's document."""
    return {
        "name": "get_weather",
        "description": "Retrieve current weather for a city. Call this when the user asks about weather conditions.",
        "url": f"{base}/v1/current",
        "headers": [{"key": "Authorization", "value": f"Bearer {TOKEN}"}],
        "input_schema": [{"name": "city", "type": "string", "description": "City name", "required": True}],
        "output_schema": [
            {"name": "temperature", "type": "number", "description": "Temperature in Celsius", "required": True},
            {
                "name": "condition",
                "type": "string",
                "description": "Weather condition (e.g., Sunny, Rainy)",
                "required": True,
            },
        ],
        "timeout": 10,
        "started_messages": ["Checking the weather...", "Let me look that up..."],
        "error_message": "Sorry, I could not get the weather right now.",
    }


def itellico_salesforce(base: str) -> Json:
    """Look up customer in Salesforce."""
    return {
        "name": "Lookup Customer",
        "description": "Look up a customer's account in Salesforce by the customer ID.",
        "method": "GET",
        "url": f"{base}/customers/{{{{customer_id}}}}",
        "auth": {"type": "bearer", "token": TOKEN},
        "variables": [
            {"name": "customer_id", "type": "string", "description": "The customer's ID", "required": True},
        ],
    }


def itellico_zendesk(base: str) -> Json:
    """Create ticket in Zendesk."""
    return {
        "name": "Create Ticket",
        "description": "Create a ticket in Zendesk when an issue cannot be resolved.",
        "method": "POST",
        "url": f"{base}/api/v2/tickets",
        "auth": {"type": "basic", "username": "agent@company.com/token", "password": TOKEN},
        "headers": {"Content-Type": "application/json"},
        "body": (
            '{"ticket": {"subject": "Call with {{contact.first_name}}", "description": "{{issue_description}}",'
            ' "priority": "{{priority_level}}"}}'
        ),
        "variables": [
            {"name": "issue_description", "type": "string", "description": "What is wrong", "required": True},
            {"name": "priority_level", "type": "string", "description": "normal, high, urgent", "default": "normal"},
        ],
    }


def itellico_inventory(base: str) -> Json:
    """Check product availability."""
    return {
        "name": "Check Inventory",
        "description": "Check whether a product is in stock, by its SKU.",
        "method": "GET",
        "url": f"{base}/products/{{{{sku}}}}/availability",
        "auth": {"type": "header", "header_name": "X-API-Key", "header_value": TOKEN},
        "variables": [
            {"name": "sku", "type": "string", "description": "SKU", "example": "PROD-12345", "required": True},
        ],
    }


def itellico_update_customer(base: str) -> Json:
    """Return the request body in itellicoAI's document, with a credential in it and typed variables."""
    return {
        "name": "Update Customer",
        "description": "Mark a customer as contacted after the call.",
        "method": "PUT",
        "url": f"{base}/customers",
        "auth": {"type": "body", "parameter_name": "api_key", "parameter_value": TOKEN},
        "body": '{"customer_id": "{{customer_id}}", "status": "contacted", "calls": {{calls}}, "by": "{{direction}}"}',
        "variables": [
            {"name": "customer_id", "type": "string", "description": "ID", "required": True},
            {"name": "calls", "type": "integer", "description": "How many calls", "default": "1"},
        ],
    }


def subverse_webhook(base: str) -> Json:
    """SubVerse's fetch_order_status with a webhook."""
    return {
        "functionName": "fetch_order_status",
        "description": "Looks up the customer's latest order by email address.",
        "phase": "During-Session",
        "parameters": [{"dataType": "string", "identifier": "customer_email", "description": "The customer's email"}],
        "webhookUrl": f"{base}/subverse",
        "errorMessage": "I wasn't able to retrieve that — I'll follow up after the call.",
        "returnMessage": "I've sent that request — you'll hear back shortly.",
        "backgroundTask": False,
    }


def subverse_code() -> Json:
    """SubVerse's fetch_order_status as code."""
    config = subverse_webhook("")
    return {**config, "webhookUrl": "", "code": SUBVERSE_CODE, "actions": ["http"]}


def vapi_tool(base: str) -> Json:
    """Return a function tool of Vapi's."""
    return {
        "type": "function",
        "async": True,
        "function": {
            "name": "get-weather",
            "description": "Gets the weather of a city.",
            "strict": True,
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
        "server": {"url": f"{base}/vapi", "timeoutSeconds": 5, "secret": TOKEN, "headers": {"X-Team": "one"}},
        "messages": [
            {"type": "request-start", "content": "One moment."},
            {"type": "request-failed", "content": "That did not work."},
            {"type": "request-complete", "content": "Done.", "endCallAfterSpokenEnabled": False},
            {"type": "request-response-delayed", "content": "Still at it.", "timingMilliseconds": 2000},
        ],
    }
