"""Shapes of the answers, for OpenAPI; `midcall.api.views` makes them."""

from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from midcall.domain.run_status import InvocationWord, RunWord
from midcall.domain.session_body import FIELDS

Item = TypeVar("Item")

VersionState = Literal["draft", "approved", "changes_requested", "pending_approval", "rejected"]
CredentialKind = Literal[
    "bearer",
    "basic",
    "header",
    "query",
    "digest",
    "custom",
    "oauth2_client_credentials",
    "airtable",
    "google_service_account",
    "google_api_key",
    "shopify",
    "slack",
    "whatsapp",
]
FlagShape = Literal["older_policy", "fails_current_policy"]
IsolationShape = Literal["container", "jail"]


#: What an item of a list says of its fields that are null because they are large.
BEGINNINGS = "fields that are null here since they are large, and how each begins"


class Listing(BaseModel, Generic[Item]):
    """One page of a list; `next_cursor` goes into the next request's `cursor`."""

    items: list[Item]
    next_cursor: str | None


class VersionBrief(BaseModel):
    """One version in brief. `flags`: approved under an older policy; refused when reviewed again under today's."""

    number: int
    status: VersionState
    flags: list[FlagShape]
    sha256: str
    author: str
    created_at: str


class CommentShape(BaseModel):
    """One comment of a review; lines and columns count from 1, `end_column` is exclusive."""

    rule: str
    severity: Literal["error", "warning", "info"]
    line: int
    column: int
    end_line: int
    end_column: int
    message: str
    suggestion: str


class DecisionShape(BaseModel):
    """What a person decided."""

    by: str
    text: str


class NewHostShape(BaseModel):
    """A credential and a host that it would be sent to, which it was not given for."""

    credential: str
    host: str


class ReviewShape(BaseModel):
    """A review."""

    status: VersionState
    policy: str
    sha256: str
    took_ms: float
    comments: list[CommentShape]
    new_hosts: list[NewHostShape] = Field(
        default=[], description="who approves the version lets these credentials go to these hosts"
    )
    decision: DecisionShape | None = None


class UsageShape(BaseModel):
    """What was spent; tokens as the model's endpoint counts them, 0 where it does not say."""

    requests: int
    input_tokens: int
    output_tokens: int


class AssistantShape(BaseModel):
    """How the Code Assistant's work ended; `source` and `review` are those of its last attempt that had any.

    `proposals` has the whole new values of `actions`, `egress` and `parameters` that the code needs, as far as they are
    others than there are: a person has to agree to each. The review is of the function with them. `test` is a proposal
    that was not run. Comments of the rule `document` say which proposals cannot be.
    """

    status: Literal["passed", "not_passed", "timed_out", "model_error", "unreadable"]
    message: str = Field(description="what to do, where it has not passed")
    source: str | None
    explanation: str
    review: ReviewShape | None
    diff: str = Field(description="unified, against the source that was sent; empty for more than 4,000 lines")
    proposals: dict[str, Any]
    test: dict[str, Any] | None
    rounds: int
    usage: UsageShape


class RereviewShape(BaseModel):
    """What came of reviewing an approved version again under today's policy; its approval stays as it is."""

    policy: str
    status: Literal["approved", "changes_requested"]
    comments: list[CommentShape]
    reviewed_at: str


class ActionEntryShape(BaseModel):
    """A group of actions, or one of them, with the credentials that its calls may use."""

    name: str
    credentials: list[str]


class OperationShape(BaseModel):
    """One operation that code may call; `options` is a JSON Schema, by their Python names."""

    name: str
    signature: str
    summary: str
    options: dict[str, Any]
    credentials: list[CredentialKind]
    needs_credential: bool
    returns: str
    example: str


class OperationsShape(BaseModel):
    """All operations that there are."""

    items: list[OperationShape]


class CodeShape(BaseModel):
    """Source, and what it may use."""

    source: str
    actions: list[str | ActionEntryShape]
    egress: list[str]


class WebhookShape(BaseModel):
    """A URL that midcall calls; secrets in headers, query and auth are masked, all other values are shown."""

    url: str
    method: str
    headers: dict[str, str]
    query: dict[str, str]
    body: Any
    payload: Literal["session", "call", "args", "template"]
    auth: dict[str, Any]
    follow_redirects: bool = Field(
        default=False, description="within its origin, and from http to https on the same host; others never are"
    )


class ConfigShape(BaseModel):
    """What a version is made of, `code` or `webhook` as its kind says; its digest is what gets approved."""

    name: str
    description: str
    kind: Literal["code", "webhook"]
    parameters: dict[str, Any]
    output_schema: dict[str, Any] | None
    strict_output: bool
    timeout: int
    attempt_timeout: int | None
    retries: int
    max_result_chars: int
    background: bool
    response_variables: dict[str, str]
    requires: list[dict[str, Any]]
    speak_during_execution: bool
    speak_after_execution: bool
    messages: dict[str, Any]
    isolation: IsolationShape = Field(
        default="container", description="what runs of its code are kept in; left out where it is a container"
    )
    code: CodeShape | None = None
    webhook: WebhookShape | None = None


class NoteShape(BaseModel):
    """What was not carried over, or means something else now; `loc` is the path in the vendor's config."""

    loc: str
    msg: str


class ImportedShape(ConfigShape):
    """A function that was, or would be, created from a vendor's config."""

    display_name: str


class ImportShape(BaseModel):
    """What became of a vendor's config; `function` is null where it is nothing that midcall has."""

    function: ImportedShape | None
    notes: list[NoteShape]
    review: ReviewShape | None
    created: bool


class VersionShape(VersionBrief, ConfigShape):
    """One version in full."""

    review: ReviewShape | None
    rereview: RereviewShape | None


class FunctionShape(ConfigShape):
    """A function with its latest version; `flags` are those of the versions that are published somewhere.

    `versions` are the 100 latest and those that are published; `GET …/versions` pages through all.
    """

    id: str
    display_name: str
    tags: list[str]
    published: dict[str, int]
    published_version: int | None
    flags: list[FlagShape]
    versions: list[VersionBrief]
    created_at: str
    updated_at: str


class FunctionListed(FunctionShape):
    """A function in a list, with its five latest versions and those that are published. What is large is null."""

    tags: list[str] | None  # type: ignore[assignment]
    published: dict[str, int] | None  # type: ignore[assignment]
    versions: list[VersionBrief] | None  # type: ignore[assignment]
    parameters: dict[str, Any] | None  # type: ignore[assignment]
    response_variables: dict[str, str] | None  # type: ignore[assignment]
    requires: list[dict[str, Any]] | None  # type: ignore[assignment]
    messages: dict[str, Any] | None  # type: ignore[assignment]
    preview: dict[str, str] = Field(default={}, description=BEGINNINGS)


class ErrorShape(BaseModel):
    """Why a run did not end well; `line` is the line of the function's source."""

    type: str
    message: str
    line: int | None
    traceback: str | None
    http_status: int | None
    body: str | None


class TimingsShape(BaseModel):
    """Milliseconds: waited for worker and sandbox, inside the sandbox, in all."""

    queued_ms: float
    sandbox_ms: float
    total_ms: float


class ActionShape(BaseModel):
    """One action that the code called. `outcome`: ok, a stable word for what failed, or abandoned with its run."""

    action: str
    outcome: str
    method: str | None
    host: str | None
    status: int | None
    requests: int
    ms: float
    at_ms: float
    mocked: bool


class RaisesShape(BaseModel):
    """An action's recorded failure."""

    message: str
    code: str
    status: int | None
    body: Any


class MockShape(BaseModel):
    """One recorded answer, ready to be sent as a mock: it has one of `returns`, `raises` and `not_recorded`."""

    action: str
    when: dict[str, Any] = Field(default={})
    returns: Any = None
    raises: RaisesShape | None = None
    not_recorded: Literal["too_large", "abandoned"] | None = None
    times: int | None = None


class ReportShape(BaseModel):
    """What a test run came to, raw. `status` adds midcall's own `refused` and `not_run` to the sandbox's words.

    `recording` is null unless the test asked to `record`.
    """

    invocation_id: str
    version: int
    status: RunWord | Literal["refused", "not_run"]
    result: Any
    dynamicVariables: dict[str, Any]  # noqa: N815 (the session body's own name)
    terminateAgent: bool | None  # noqa: N815 (the same)
    reason: str | None
    logs: str
    logs_truncated: bool
    error: ErrorShape | None
    warnings: list[str]
    flags: list[FlagShape]
    request: dict[str, Any] | None
    response: dict[str, Any] | None
    actions: list[ActionShape]
    recording: list[MockShape] | None
    isolation: IsolationShape | None = Field(
        description="what its last attempt was kept in; null for webhooks, and where nothing ran"
    )
    isolation_note: str | None = Field(description="why that was a container, though its function asks for a jail")
    timings: TimingsShape
    sha256: str


class ReplayShape(ReportShape):
    """What a dry replay came to; `replay_of` is the invocation that was replayed."""

    replay_of: str


class ExpectShape(BaseModel):
    """What is expected of a run: one of `exact`, `subset`, `schema` and `status`, and what goes with it."""

    model_config = ConfigDict(populate_by_name=True)

    exact: Any = None
    subset: Any = None
    schema_: dict[str, Any] = Field(default={}, alias="schema")
    status: RunWord | Literal["refused"] | None = None
    variables: dict[str, Any] = Field(default={})
    terminateAgent: bool | None = None  # noqa: N815 (the session body's own name)


class CaseShape(BaseModel):
    """A test case; values of sensitive parameters are masked. `dry`: what no mock answers fails."""

    name: str
    session: dict[str, Any]
    params: dict[str, Any]
    mocks: list[MockShape]
    dry: bool
    expect: ExpectShape
    updated_by: str
    updated_at: str


class CaseListed(CaseShape):
    """A test case in a list. What is large is null."""

    session: dict[str, Any] | None  # type: ignore[assignment]
    params: dict[str, Any] | None  # type: ignore[assignment]
    mocks: list[MockShape] | None  # type: ignore[assignment]
    expect: ExpectShape | None  # type: ignore[assignment]
    preview: dict[str, str] = Field(default={}, description=BEGINNINGS)


class CaseResultShape(BaseModel):
    """What came of one test case; `why` names the first difference. Without `invocation_id` it was not run."""

    case: str
    passed: bool
    why: str | None
    invocation_id: str | None
    status: RunWord | Literal["refused", "not_run"]
    ms: float


class SuiteShape(BaseModel):
    """What came of test cases, by name; `sha256` is the digest of the version that was run."""

    version: int
    sha256: str
    passed: int
    failed: int
    results: list[CaseResultShape]


class OutcomeErrorShape(BaseModel):
    """Why a call did not succeed; of a webhook whose target answered, with its status and body."""

    type: str
    message: str
    http_status: int | None = None
    body: str | None = None


class OutcomeShape(BaseModel):
    """What a call came to, as the agent sees it."""

    invocation_id: str
    function: str
    version: int
    status: InvocationWord | Literal["accepted"]
    result: Any
    truncated: bool
    content: Any = Field(description="what the LLM is to be told, never empty; a cut result says so")
    is_error: bool
    retry: Literal["fix_params", "ask_caller", "later", "no"] = Field(
        description="what would make another call worth it: other values of its parameters, the caller, time"
    )
    message: str | None = Field(description="what the agent should say")
    dynamicVariables: dict[str, Any]  # noqa: N815 (the session body's own name)
    changed: list[str]
    error: OutcomeErrorShape | None
    warnings: list[str]
    timings: TimingsShape


class InvocationShape(BaseModel):
    """One invocation on record; `flags` are those its version had when it ran."""

    id: str
    session: str | None
    function: str
    version: int
    sha256: str
    purpose: Literal["live", "test", "background"]
    phase: Literal["pre_session", "during_session", "post_session"]
    environment: str
    principal: str
    status: InvocationWord
    attempt: int
    params: dict[str, Any]
    result: Any
    error: ErrorShape | None
    logs: str
    request: dict[str, Any] | None
    response: dict[str, Any] | None
    actions: list[ActionShape]
    changed: list[str]
    preview: dict[str, str] = Field(default={}, description="how large parameters began, of a call that was refused")
    flags: list[FlagShape]
    sandbox_id: str | None
    isolation: IsolationShape | None = Field(
        description="what its last attempt was kept in; null for webhooks, and where nothing ran"
    )
    isolation_note: str | None = Field(description="why that was a container, though its function asks for a jail")
    idempotency_key: str | None
    due_at: str | None
    trace_id: str | None
    created_at: str
    started_at: str | None
    ended_at: str | None
    timings: TimingsShape


class InvocationListed(InvocationShape):
    """One invocation in a list. What is large is null; `preview` has its name and how it begins."""

    params: dict[str, Any] | None  # type: ignore[assignment]
    logs: str | None  # type: ignore[assignment]
    actions: list[ActionShape] | None  # type: ignore[assignment]
    changed: list[str] | None  # type: ignore[assignment]


class KeyShape(BaseModel):
    """A key without its secret."""

    id: str
    principal: str
    scopes: list[str]
    agents: list[str]
    created_at: str
    revoked_at: str | None


class KeyListed(KeyShape):
    """A key in a list. What is large is null."""

    agents: list[str] | None  # type: ignore[assignment]
    preview: dict[str, str] = Field(default={}, description=BEGINNINGS)


class NewKeyShape(KeyShape):
    """A key with its secret, which is shown this once."""

    secret: str


class AttachmentShape(BaseModel):
    """A function attached to an agent."""

    function: str
    phase: Literal["pre_session", "during_session", "post_session"]
    order: int
    version: int | None
    on_failure: Literal["continue", "terminate"]
    messages: dict[str, Any] | None
    timeout: int | None


class AgentShape(BaseModel):
    """An agent with its attachments."""

    id: str
    name: str
    version: str
    number: str
    functions: list[AttachmentShape]
    warnings: list[str]
    created_at: str
    updated_at: str


class AgentListed(AgentShape):
    """An agent in a list. What is large is null."""

    functions: list[AttachmentShape] | None  # type: ignore[assignment]
    warnings: list[str] | None  # type: ignore[assignment]
    preview: dict[str, str] = Field(default={}, description=BEGINNINGS)


class ToolProblemShape(BaseModel):
    """What a format cannot say of one function (null: of all); `exported` tells whether the tool is there all the same.

    `loc` is the path in the function: `parameters.properties.size.not`, `timeout`.
    """

    function: str | None
    loc: str
    msg: str
    exported: bool


class ExecutionShape(BaseModel):
    """What whoever carries out a function's calls needs to know; no LLM is shown it."""

    timeout: int = Field(description="seconds after which midcall gives up, and answers so")
    client_timeout: int = Field(description="seconds to wait for the answer, which is on its way by then")
    background: bool = Field(description="whether the call is answered at once, and its result comes later")
    started: list[str] = Field(description="what to say at once: one of them")
    speak_during_execution: bool
    speak_after_execution: bool


class ToolsShape(BaseModel):
    """The tools of an agent, each as the vendor's own types have it, in the order of their attachments."""

    agent: str
    environment: str
    format: Literal[
        "openai",
        "openai_strict",
        "openai_responses",
        "openai_realtime",
        "anthropic",
        "gemini",
        "mcp",
        "retell",
        "vapi",
        "elevenlabs",
    ]
    tools: list[dict[str, Any]]
    execution: dict[str, ExecutionShape] = Field(description="how each function's calls are carried out, by its name")
    problems: list[ToolProblemShape]


class AdapterShape(BaseModel):
    """An adapter; its secrets are masked."""

    id: str
    vendor: Literal["retell", "vapi", "elevenlabs"]
    agent: str
    environment: str
    secret: str
    signing_secret: str | None
    vendor_agent: str | None
    paths: dict[str, str] = Field(description="where the vendor calls, below this server's public address")
    created_at: str
    updated_at: str


class VariableShape(BaseModel):
    """A dynamic variable and where it came from: system, caller, llm or function:<name>."""

    value: Any
    source: str
    at: str


class InvocationBrief(BaseModel):
    """An invocation of a session in brief."""

    id: str
    function: str
    version: int
    phase: Literal["pre_session", "during_session", "post_session"]
    status: InvocationWord
    attempt: int
    error: OutcomeErrorShape | None
    changed: list[str] | None
    due_at: str | None
    timings: TimingsShape


class SessionBrief(BaseModel):
    """A session in a list; small fields of its body stand beside these. What is large is null, or left out.

    `preview` names it, and says how it begins.
    """

    model_config = ConfigDict(extra="allow")

    sessionId: str  # noqa: N815 (the session body's own names)
    agent: str
    environment: str
    status: Literal["active", "terminated", "ended"]
    terminateAgent: bool  # noqa: N815
    reason: str | None
    dynamicVariables: dict[str, Any] | None  # noqa: N815
    variables: dict[str, VariableShape] | None
    createdAt: str  # noqa: N815
    time: str
    endedAt: str | None  # noqa: N815
    preview: dict[str, str] = Field(default={}, description=BEGINNINGS)


class SessionShape(SessionBrief):
    """A session with its body and its 500 latest invocations.

    The answer to a change leaves out what is large: a body of more than 64 KiB, and `variables` of so many.
    """

    dynamicVariables: dict[str, Any]  # noqa: N815
    invocations: list[InvocationBrief]

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Describe the fields of its body."""
        found = handler(core_schema)
        properties = handler.resolve_ref_schema(found)["properties"]
        for field in FIELDS:
            if not field.own:
                properties[field.name] = field.schema
        return found


class StartedShape(SessionShape):
    """A session that starts, or had started before; with `?tools=FORMAT` with its functions as tools."""

    tools: list[dict[str, Any]] = Field(default=[], description="as the vendor's own types have them")
    tools_execution: dict[str, ExecutionShape] = Field(default={}, description="as `execution` of an agent's tools")
    tools_problems: list[ToolProblemShape] = Field(default=[], description="as `problems` of an agent's tools")


class CredentialShape(BaseModel):
    """A credential; secret values are masked, names and addresses shown."""

    name: str
    type: CredentialKind
    values: dict[str, Any] | None = Field(description="for every environment that has no values of its own")
    hosts: list[str] = Field(description="where webhooks and http actions may send these values")
    environments: dict[str, dict[str, Any] | None] = Field(description="values of single environments")
    environment_hosts: dict[str, list[str]] = Field(description="where the values of single environments may be sent")
    readable: bool = Field(description="false: no key opens some of the values, which are null; save them again")
    used_by: list[str] = Field(description="functions whose latest version, or one that runs, names it")
    created_at: str
    updated_at: str
    last_used_at: str | None = Field(description="to the minute")


class CredentialListed(CredentialShape):
    """A credential in a list. What is large is null."""

    environments: dict[str, dict[str, Any] | None] | None  # type: ignore[assignment]
    used_by: list[str] | None  # type: ignore[assignment]
    preview: dict[str, str] = Field(default={}, description=BEGINNINGS)


class CredentialTestShape(BaseModel):
    """What the test of a credential came to; no secret is in it."""

    ok: bool
    asked: str = Field(description="the service, `token endpoint`, or the URL's host")
    message: str
    status: int | None
    ms: float


class LimitsShape(BaseModel):
    """Limits of a workspace."""

    max_in_flight: int
    max_webhooks_in_flight: int


class CeilingsShape(BaseModel):
    """What the operator allows a workspace; its limits cannot exceed it."""

    weight: int = Field(description="counts for so many where workspaces share workers and places in the queue")
    max_in_flight: int
    max_webhooks_in_flight: int
    max_background: int = Field(description="background calls that may be queued or running at once")


class WorkspaceShape(BaseModel):
    """A workspace and its settings."""

    id: str
    name: str
    approval: Literal["auto", "human"]
    enforce_current_policy: bool
    allow_jail: bool = Field(description="whether its functions may have their runs kept in jails")
    limits: LimitsShape
    ceilings: CeilingsShape
    session_idle_s: int
    session_max_age_s: int
    pre_session_timeout_ms: int
    post_session_wait_s: int
    callback_url: str | None
    retention_days: int | None
    refused_retention_days: int | None
    event_retention_days: int | None
    audit_retention_days: int | None
    record_actions: bool
    default_region: str | None
    time_zone: str
    signing_previous_until: str | None = Field(
        description="until when the signing secret before is used; null: it is not"
    )
    retell_previous_for: list[str]
    created_at: str


class AuditShape(BaseModel):
    """Who did what, when, to which bytes. `key_id` null: midcall itself, or the operator's command line."""

    id: str
    at: str
    principal: str
    key_id: str | None
    kind: str
    subject: str
    function: str | None
    version: int | None
    sha256: str | None
    detail: dict[str, Any]


class AuditListed(AuditShape):
    """A line of the trail in a list. What is large is null."""

    detail: dict[str, Any] | None  # type: ignore[assignment]
    preview: dict[str, str] = Field(default={}, description=BEGINNINGS)


class SigningSecretShape(BaseModel):
    """A workspace's new signing secret, shown this once; the one before is used beside it until `previous_until`."""

    current: str
    standard: str = Field(description="the same as receivers by Standard Webhooks take it: whsec_ and base64")
    previous_until: str


class HealthShape(BaseModel):
    """A sign of life."""

    status: Literal["ok"]
    version: str


class ReadinessShape(BaseModel):
    """Whether each part answers, and how fast."""

    status: Literal["ready", "not_ready"]
    checks: dict[str, dict[str, Any]]
