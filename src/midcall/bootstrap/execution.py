"""Wiring of what carries invocations out: workers run code and webhooks, api processes the webhooks that are live."""

import os
import socket
import time

from midcall.bootstrap.settings import Settings, approval_key
from midcall.bootstrap.store import wire_credentials, wire_phases, wire_secrets, wire_tokens
from midcall.domain.function_config import Kind
from midcall.domain.ids import LeaseOwner
from midcall.domain.times import now_ms
from midcall.domain.turnstile import Turnstile
from midcall.outbound.breakers import CircuitBreakers
from midcall.outbound.poster import Poster
from midcall.sandbox.client import PoolClient
from midcall.service.actions.action_executor import Means
from midcall.service.actions.action_gateway import ActionGateways
from midcall.service.claimed_run import ClaimedRuns
from midcall.service.credentials.signing import Signing
from midcall.service.ports import Queue
from midcall.service.runs.execute import Executor
from midcall.service.runs.finish import Finish
from midcall.service.runs.leases import Leases
from midcall.service.runs.progress import Progress
from midcall.service.runs.run_code import CodeAttempts
from midcall.service.runs.turns import Turns
from midcall.service.webhooks.request import WebhookRequests
from midcall.service.webhooks.run_webhook import WebhookAttempts
from midcall.storage.database import SqlStorage


def wire_gateways(settings: Settings, storage: SqlStorage, outbound: Poster) -> ActionGateways:
    """Wire what carries out actions in one process, and with it credentials and tokens."""
    means = Means(outbound=outbound, tokens=wire_tokens(settings, storage, outbound), clock=now_ms)
    credentials = wire_credentials(settings, storage, outbound)
    return ActionGateways(storage=storage, credentials=credentials, means=means, base_urls=settings.connector_urls)


def wire_executor(
    settings: Settings,
    storage: SqlStorage,
    queue: Queue,
    gateways: ActionGateways,
    *,
    policy: str,
    turns: Turns | None = None,
    at_a_time: int = 1,
) -> Executor:
    """Wire what carries out invocations in one process; `policy` is the version that counts as current.

    `at_a_time`: threads that do something for one, while others wait for what their functions do.
    """
    key, means, secrets = approval_key(settings), gateways.means, wire_secrets(settings)
    progress = Progress(storage=storage, queue=queue, clock=now_ms)
    pool = PoolClient(settings.pool_socket, on_progress=progress.report)
    requests = WebhookRequests(
        storage=storage,
        secrets=secrets,
        credentials=gateways.credentials,
        tokens=means.tokens,
        signing=Signing(storage=storage, secrets=secrets, key=key, clock=now_ms),
        clock=now_ms,
    )
    webhooks = WebhookAttempts(requests=requests, outbound=means.outbound, breakers=CircuitBreakers(), clock=now_ms)
    return Executor(
        storage=storage,
        kinds={Kind.CODE: CodeAttempts(pool, gateways, clock=now_ms, sleep=time.sleep), Kind.WEBHOOK: webhooks},
        claimed_runs=ClaimedRuns(storage=storage, approval_key=key, policy=policy, clock=now_ms),
        finish=Finish(storage=storage, queue=queue, phases=wire_phases(settings, queue), clock=now_ms),
        leases=Leases(storage, now_ms),
        clock=now_ms,
        sleep=time.sleep,
        owner=str(LeaseOwner(turns.group if turns else "api", socket.gethostname(), os.getpid())),
        turns=turns,
        turnstile=Turnstile(at_a_time),
    )
