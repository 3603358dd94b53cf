"""The api process: FastAPI over the use cases."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import Executor
from functools import partial

import anyio
import anyio.to_thread
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from midcall import __version__
from midcall.api.routes import (
    actions,
    adapters,
    agents,
    assistant,
    audit,
    credentials,
    functions,
    health,
    reference,
    runs,
    sessions,
    tests,
    workspace,
)
from midcall.bootstrap.api import ApiProcess, wire_api
from midcall.bootstrap.interpreter import tune_interpreter
from midcall.bootstrap.settings import Settings
from midcall.compat.routers import REFUSALS, ROUTERS
from midcall.service.functions.rereview import Rereviews
from midcall.service.loops import TaskLoop
from midcall.service.runs.callbacks import Callbacks
from midcall.service.runs.sweep import Sweep
from midcall.service.sessions.retention import RetentionSweep
from midcall.service.sessions.sweep import SessionSweep
from midcall.web.intake import Intake
from midcall.web.json_response import AsciiJsonResponse
from midcall.web.problems import add_error_handlers, describe_problems
from midcall.web.proxies import ForwardedHeaders
from midcall.web.rates import Rates
from midcall.web.services import admitted
from midcall.web.shared_threads import SharedThreads
from midcall.web.streams import Streams

#: Threads that admit calls and read outcomes: short database work, so few; waiting takes none.
SERVICE_THREADS = 32
#: Threads that look keys up. Apart from the others: whoever sends made-up keys waits with others at the door alone.
KEY_THREADS = 8
#: Threads that ask strangers' servers whether a credential is good: up to 10 s each.
TEST_THREADS = 8
SWEEP_EVERY_S = 1.0
#: Versions to be reviewed again come with a release, so a look at times is enough once all are done.
REREVIEW_EVERY_S = 30.0
#: Seconds between two rounds that look for what has outlived its retention, where the one before found nothing.
RETENTION_EVERY_S = 30.0
CANCEL_AGAIN_S = 0.1
#: Python lets a thread compute for 5 ms before it asks for its turn to end. With hundreds of webhooks under way each
#: step of the event loop would wait so long, and a call of code takes a dozen of them.
SWITCH_S = 0.001


def create_app(settings: Settings, *, ui: bool = False) -> FastAPI:
    """Make the app; it opens what it needs when its event loop starts, and closes it when that ends.

    With `ui` it serves the web UI as well, which one app of a process can have.
    """

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        process = wire_api(settings)
        app.state.services = process.services
        app.state.service_threads = SharedThreads(SERVICE_THREADS)
        app.state.key_threads = SharedThreads(KEY_THREADS)
        app.state.streams = Streams()
        app.state.rates = Rates.of(key=settings.key_rate, workspace=settings.workspace_rate)
        app.state.test_threads = anyio.CapacityLimiter(TEST_THREADS)
        async with _running(process):
            yield

    # Brings the files of the reference: FastAPI's own page would load them from a third party.
    app = FastAPIOffline(
        docs_url=None,
        redoc_url=None,
        static_url=f"/{reference.FILES}",
        title="midcall",
        version=__version__,
        summary="Custom functions for AI agents, on your own machines.",
        lifespan=lifespan,
        # Operations are named as their functions are: `create_function`, for whoever makes a client of the description.
        generate_unique_id_function=lambda route: route.name,
        default_response_class=AsciiJsonResponse,
        openapi_url=reference.DESCRIPTION,
        # A redirect is built from the Host header and the scheme seen here: behind TLS it would send the key in clear.
        redirect_slashes=False,
    )
    for router in (
        functions.router,
        runs.router,
        tests.router,
        actions.router,
        assistant.router,
        agents.router,
        adapters.router,
        credentials.router,
        sessions.router,
        workspace.router,
        audit.router,
        health.router,
        reference.router,
        *ROUTERS,
    ):
        app.include_router(router)
    add_error_handlers(app)
    describe_problems(app)
    reference.serve_description(app)
    app.add_middleware(Intake, admit=admitted, refusals=REFUSALS)
    # Added last, so it is the first to see a request.
    app.add_middleware(ForwardedHeaders, trusted=settings.trusted_proxies)
    if ui:
        # Imported here: an api without UI does without NiceGUI's modules.
        from midcall.ui.mount import mount  # noqa: PLC0415

        mount(app, data_dir=settings.data_dir, public_url=settings.public_url)
    return app


@contextlib.asynccontextmanager
async def _running(process: ApiProcess) -> AsyncIterator[None]:
    """Run what an api process runs beside its requests: the wake reader and the sweep."""
    services, sweeping = process.services, partial(_sweeping, process.sweepers)
    loops = [
        TaskLoop("wakes", process.wakes.run),
        sweeping("sweep", services.sweep),
        sweeping("session sweep", services.session_sweep),
        sweeping("callbacks", services.callbacks),
    ]
    loops.append(sweeping("retention", services.retention_sweep, idle_s=RETENTION_EVERY_S))
    later = sweeping("rereviews", services.rereviews, idle_s=REREVIEW_EVERY_S)
    process.loops.extend([*loops, later])
    tasks = [loop.start() for loop in loops]
    await anyio.to_thread.run_sync(process.start)
    tasks.append(later.start())
    tune_interpreter(switch_s=SWITCH_S)
    try:
        yield
    finally:
        await _end(tasks)
        await process.wakes.close()
        await anyio.to_thread.run_sync(process.close)


async def _end(tasks: Sequence["asyncio.Task[None]"]) -> None:
    """Cancel tasks until they are done: a library may swallow a cancellation, and nobody waits for a stop."""
    running = set(tasks)
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=CANCEL_AGAIN_S)


def _sweeping(
    sweepers: Executor,
    name: str,
    sweep: Sweep | SessionSweep | RetentionSweep | Callbacks | Rereviews,
    *,
    idle_s: float = SWEEP_EVERY_S,
) -> TaskLoop:
    """Make what sweeps again and again; `idle_s` after a sweep that found nothing, or failed."""

    async def turn() -> None:
        found = await asyncio.get_running_loop().run_in_executor(sweepers, sweep.sweep)
        await asyncio.sleep(SWEEP_EVERY_S if found else idle_s)

    return TaskLoop(name, turn, rest_s=idle_s)
