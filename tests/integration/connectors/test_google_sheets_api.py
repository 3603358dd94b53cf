"""Google Sheets' operations against a server that speaks its API, and its token endpoint, over a real socket."""

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from tests.support.apis.google import JWT_BEARER, READ, WRITE, Google, Sheet, Spreadsheet, google_on, throttled
from tests.support.driving import check, drive
from tests.support.target import Target, target

from midcall.connectors.google_sheets import CONNECTOR
from midcall.domain.action import ActionFailed
from midcall.domain.credential import CredentialType
from midcall.domain.http import AssertionRequest

EDITOR = "editor@shop-1.iam.gserviceaccount.com"
Headers = tuple[tuple[str, str], ...]


@pytest.fixture(scope="module")
def server() -> Iterator[Target]:
    """Keep one socket for all tests."""
    with target() as it:
        yield it


@pytest.fixture
def api(server: Target) -> Google:
    """Serve both APIs, with one spreadsheet of two sheets."""
    it = google_on(server)
    orders, other = Sheet("Orders"), Sheet("Ann's sheet", rows=10, columns=4)
    orders.write([["Name", "Amount", "Paid"], ["Ann", 3, True], ["Bob", 4]])
    it.spreadsheets["1AbC"] = Spreadsheet([orders, other], public=True, editors={EDITOR})
    return it


def call(api: Google, operation: str, *, headers: Headers | None = None, query: Headers = (), **options: Any) -> Any:
    """Call an operation, as an editor unless told otherwise."""
    shown = headers if headers is not None else () if query else bearer(api.token(EDITOR))
    given = {"spreadsheetId": "1AbC", **options}
    return drive(CONNECTOR, operation, given, base_url=api.url, headers=shown, query=query)


def failing(api: Google, operation: str, **options: Any) -> ActionFailed:
    """Call an operation that fails."""
    with pytest.raises(ActionFailed) as caught:
        call(api, operation, **options)
    return caught.value


def bearer(token: str) -> Headers:
    """Show a token."""
    return (("Authorization", f"Bearer {token}"),)


def test_rows_are_read(api: Google) -> None:
    """As Google formats them: as texts, without what is empty at the ends."""
    assert call(api, "read_rows", range="Orders!A2:C") == {
        "range": "Orders!A2:C1000",
        "majorDimension": "ROWS",
        "values": [["Ann", "3", "TRUE"], ["Bob", "4"]],
    }
    assert call(api, "read_rows", range="B1")["values"] == [["Amount"]]


def test_an_empty_range_is_read_as_no_rows(api: Google) -> None:
    """Although Google says nothing of them."""
    assert call(api, "read_rows", range="'Ann''s sheet'") == {
        "range": "'Ann''s sheet'!A1:D10",
        "majorDimension": "ROWS",
        "values": [],
    }


def test_rows_are_appended_below_the_table(api: Google) -> None:
    """As if typed in, and the code is told where."""
    result = call(api, "append_rows", range="Orders!A:C", rows=[["Cy", "5", "true"], ["Di"]])
    assert result == {
        "spreadsheetId": "1AbC",
        "tableRange": "Orders!A1:C3",
        "updates": {
            "spreadsheetId": "1AbC",
            "updatedRange": "Orders!A4:C5",
            "updatedRows": 2,
            "updatedColumns": 3,
            "updatedCells": 4,
        },
    }
    cells = api.spreadsheets["1AbC"].sheets[0].cells
    assert [cells[4, column] for column in (1, 2, 3)] == ["Cy", 5, True]


def test_raw_values_stay_what_they_are(api: Google) -> None:
    """A text of digits is a text."""
    call(api, "append_rows", range="Orders!A:C", rows=[["5"]], valueInputOption="RAW")
    assert api.spreadsheets["1AbC"].sheets[0].cells[4, 1] == "5"


def test_rows_are_updated_in_place(api: Google) -> None:
    """A null leaves its cell; a single cell is where values begin."""
    result = call(api, "update_rows", range="Orders!A2:C3", rows=[["Ann", None, False], [None, 7, True]])
    assert (result["updatedRange"], result["updatedRows"]) == ("Orders!A2:C3", 2)
    assert call(api, "read_rows", range="A2:C3")["values"] == [["Ann", "3", "FALSE"], ["Bob", "7", "TRUE"]]
    assert call(api, "update_rows", range="'Ann''s sheet'!B2", rows=[[1, 2], [3]])["updatedRange"] == (
        "'Ann''s sheet'!B2:C3"
    )


def test_rows_that_do_not_fit_their_range_never_leave(api: Google) -> None:
    """Google would write what is too small without a word."""
    error = failing(api, "update_rows", range="Orders!A2:C3", rows=[["Ann", 1, True]])
    assert "has 2 rows of 3 columns, rows has 1 rows of 3 columns" in error.message
    assert api.asked == []


def test_what_only_google_can_measure_is_refused_by_google(api: Google) -> None:
    """A whole sheet's dimensions are not in its name."""
    error = failing(api, "update_rows", range="'Ann''s sheet'", rows=[[1]] * 11)
    assert error.status == 400
    assert "INVALID_ARGUMENT: Requested writing within range" in error.message


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        ({"headers": bearer("no")}, 401, "UNAUTHENTICATED: Request had invalid authentication credentials."),
        ({"headers": ()}, 403, "PERMISSION_DENIED: Method doesn't allow unregistered callers"),
        ({"query": (("key", "AIzaBad"),)}, 400, "INVALID_ARGUMENT: API key not valid."),
        ({"spreadsheetId": "none"}, 404, "NOT_FOUND: Requested entity was not found."),
        ({"range": "Nowhere!A1"}, 400, "INVALID_ARGUMENT: Unable to parse range: Nowhere!A1"),
    ],
)
def test_a_refusal_is_told_in_google_s_words(api: Google, options: Any, status: int, said: str) -> None:
    """With its status."""
    error = failing(api, "read_rows", **{"range": "A1", **options})
    assert error.status == status
    assert said in error.message


def test_whoever_may_only_look_does_not_write(api: Google) -> None:
    """Neither with a token of another account, nor with one for reading, nor with an API key."""
    for shown, status in (
        ({"headers": bearer(api.token("viewer@x.org"))}, 403),
        ({"headers": bearer(api.token(EDITOR, READ))}, 403),
        ({"query": (("key", api.api_key),)}, 401),
    ):
        assert call(api, "read_rows", range="A1", **shown)["values"] == [["Name"]]
        assert failing(api, "append_rows", range="A:C", rows=[["x"]], **shown).status == status


def test_an_api_key_reads_what_is_public(api: Google) -> None:
    """As the grant of such a credential shows it."""
    grant = CONNECTOR.credentials[CredentialType.GOOGLE_API_KEY]({"key": api.api_key})
    options = {"spreadsheetId": "1AbC", "range": "A1:B1"}
    found = drive(CONNECTOR, "read_rows", options, base_url=api.url, query=grant.query)
    assert found["values"] == [["Name", "Amount"]]
    api.spreadsheets["1AbC"].public = False
    assert failing(api, "read_rows", range="A1", query=grant.query).status == 403


def test_too_many_requests_are_a_429(api: Google) -> None:
    """With Google's words for it."""
    api.planned.append(throttled(1))
    error = failing(api, "read_rows", range="A1")
    assert error.status == 429
    assert "RESOURCE_EXHAUSTED: Quota exceeded" in error.message


def test_the_check_tells_good_credentials_from_bad_ones(api: Google) -> None:
    """Without a spreadsheet that they may see."""
    assert check(CONNECTOR, base_url=api.url, headers=bearer(api.token("anyone@x.org"))) is None
    assert check(CONNECTOR, base_url=api.url, query=(("key", api.api_key),)) is None
    for shown in ({"headers": bearer("no")}, {"query": (("key", "no"),)}, {}):
        with pytest.raises(ActionFailed):
            check(CONNECTOR, base_url=api.url, **shown)


def asking(api: Google) -> AssertionRequest:
    """Return what a service account's credential asks for."""
    token = CONNECTOR.credentials[CredentialType.GOOGLE_SERVICE_ACCOUNT](api.key_file()).token
    assert isinstance(token, AssertionRequest)
    return token


def assertion(asked: AssertionRequest, key: RSAPrivateKey | None = None, **changes: Any) -> str:
    """Sign what is asked for, as RFC 7523 and Google's document say."""
    now = int(time.time())
    claims = {"iss": asked.issuer, "scope": " ".join(asked.scopes), "aud": asked.token_url}
    parts = [{"alg": "RS256", "typ": "JWT", "kid": asked.key_id}, {**claims, "iat": now, "exp": now + 3600, **changes}]
    signed = b".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
    found = key or load_pem_private_key(asked.private_key.encode(), None)
    assert isinstance(found, RSAPrivateKey)
    signature = base64.urlsafe_b64encode(found.sign(signed, PKCS1v15(), SHA256())).rstrip(b"=")
    return f"{signed.decode()}.{signature.decode()}"


def fetch(url: str, signed: str, grant_type: str = JWT_BEARER) -> httpx.Response:
    """Send an assertion to the token endpoint."""
    with httpx.Client(trust_env=False) as http:
        return http.post(url, data={"grant_type": grant_type, "assertion": signed})


def test_a_service_account_s_assertion_is_good_for_a_token_that_writes(api: Google) -> None:
    """What the credential asks for, signed, is all that Google wants."""
    asked = asking(api)
    answer = fetch(asked.token_url, assertion(asked))
    assert answer.status_code == 200, answer.text
    assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("Bearer", 3_599)
    assert asked.scopes == (WRITE,)
    api.spreadsheets["1AbC"].editors.add(asked.issuer)
    shown = bearer(answer.json()["access_token"])
    assert call(api, "append_rows", headers=shown, range="A:C", rows=[["x"]])["updates"]["updatedRows"] == 1


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"aud": "https://elsewhere.example/token"}, "invalid_grant"),
        ({"iss": "nobody@x.org"}, "invalid_grant"),
        ({"scope": ""}, "invalid_scope"),
        ({"scope": "https://mail.google.com/"}, "invalid_scope"),
        ({"exp": 1_700_000_000}, "invalid_grant"),
        ({"exp": int(time.time()) + 7_200}, "invalid_grant"),
        ({"iat": int(time.time()) + 3_000}, "invalid_grant"),
        ({"iat": None}, "invalid_grant"),
    ],
)
def test_a_wrong_claim_gets_no_token(api: Google, changes: Any, error: str) -> None:
    """The server stands for Google's: it lets nothing through that Google would not."""
    asked = asking(api)
    answer = fetch(asked.token_url, assertion(asked, **changes))
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_another_key_s_signature_gets_no_token(api: Google) -> None:
    """Nor does what is no assertion, or another kind of grant."""
    asked = asking(api)
    stranger = generate_private_key(public_exponent=65537, key_size=2048)
    refused = fetch(asked.token_url, assertion(asked, stranger))
    assert refused.json() == {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
    assert fetch(asked.token_url, "a.b.c").status_code == 400
    assert fetch(asked.token_url, assertion(asked), "password").json()["error"] == "unsupported_grant_type"
