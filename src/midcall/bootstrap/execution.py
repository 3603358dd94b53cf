"""Wiring of what carries invocations out: workers run code and webhooks, api processes the webhooks that are live."""

import os
import socket
import time

from midcall.bootstrap.parts import Parts
from midcall.domain.function_config import Kind
from midcall.domain.ids import LeaseOwner
from midcall.domain.times import now_ms
from midcall.domain.turnstile import Turnstile
from midcall.outbound.breakers import CircuitBreakers
from midcall.sandbox.client import PoolClient
from midcall.service.claimed_run import ClaimedRuns
from midcall.service.runs.execute import Executor
from midcall.service.runs.leases import Leases
from midcall.service.runs.progress import Progress
from midcall.service.runs.run_code import CodeAttempts
from midcall.service.runs.turns import Turns
from midcall.service.webhooks.request import WebhookRequests
from midcall.service.webhooks.run_webhook import WebhookAttempts


def wire_executor(parts: Parts, *, policy: str, turns: Turns | None = None, at_a_time: int = 1) -> Executor:
    """Wire what carries out invocations in one process; `policy` is the version that counts as current.

    `at_a_time`: threads that do something for one, while others wait for what their functions do.
    """
    storage, queue, gateways = parts.storage, parts.queue, parts.gateways
    progress = Progress(storage=storage, queue=queue, clock=now_ms)
    pool = PoolClient(parts.settings.pool_socket, on_progress=progress.report)
    requests = WebhookRequests(
        storage=storage,
        secrets=parts.secrets,
        credentials=gateways.credentials,
        tokens=gateways.means.tokens,
        signing=parts.signing,
        clock=now_ms,
    )
    webhooks = WebhookAttempts(requests=requests, outbound=parts.outbound, breakers=CircuitBreakers(), clock=now_ms)
    return Executor(
        storage=storage,
        kinds={Kind.CODE: CodeAttempts(pool, gateways, clock=now_ms, sleep=time.sleep), Kind.WEBHOOK: webhooks},
        claimed_runs=ClaimedRuns(storage=storage, approval_key=parts.approval_key, policy=policy, clock=now_ms),
        finish=parts.finish,
        leases=Leases(storage, now_ms),
        clock=now_ms,
        sleep=time.sleep,
        owner=str(LeaseOwner(turns.group if turns else "api", socket.gethostname(), os.getpid())),
        turns=turns,
        turnstile=Turnstile(at_a_time),
    )
