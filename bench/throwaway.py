"""`python -m bench.throwaway`: how many throwaway runs a second the Engine, `docker run` and midcall make.

Rounds of all kinds in turn, medians of the rounds: the Engine's bare churn (create, attach, start, READY, remove; three
at a time, with every flag that a sandbox has), four `docker run` at a time, and invokes over HTTP by 1, 4 and 32
clients without a pause, once the sandboxes that were warm are used up. Beside that the processor time of a container
until it is ready, from its cgroup, what a bare interpreter takes of it, and what midcall's processes take for a call.
Exits with 1 if a call fails.
"""

import argparse
import secrets
import statistics
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from bench.load import WARM, invoke_rate, rate
from bench.processes import busy_ms
from bench.server import DOUBLE, midcall_up
from bench.stats import Series, row
from midcall.sandbox.container import container_config
from midcall.sandbox.engine import Engine
from midcall.sandbox.limits import SandboxLimits
from midcall.sandbox.throwaway import ThrowawayContainer

POOL_ID = "bench-churn"
BOOT_S = 30.0
#: Where the kernel counts a container's processor time: cgroup v1 with Docker's cgroupfs driver, then v2 with either.
CPU_OF = (
    ("/sys/fs/cgroup/cpuacct/docker/{}/cpuacct.usage", ""),
    ("/sys/fs/cgroup/docker/{}/cpu.stat", "usage_usec"),
    ("/sys/fs/cgroup/system.slice/docker-{}.scope/cpu.stat", "usage_usec"),
)
CHURN, DOCKER_RUN = "Engine's churn, 3 at a time", "docker run, 4 at a time"
CLIENTS = (1, 4, 32)


class Containers:
    """Containers as the pool of a server makes them, without the pool."""

    def __init__(self, engine: Engine, image: str) -> None:
        seccomp = (Path(__file__).parent.parent / "sandbox/seccomp.json").read_text()
        self._engine = engine
        self._config = container_config(
            image=image, pool_id=POOL_ID, uid=70_000, limits=SandboxLimits(), seccomp=seccomp
        )

    def churn(self) -> None:
        """Boot one and remove it."""
        sandbox = self._boot()
        sandbox.close()
        self._engine.remove(sandbox.container)

    def cpu_until_ready_ms(self) -> float:
        """Return the processor time of one until it is ready, its start included."""
        sandbox = self._boot()
        spent = _cpu_ms(sandbox.container)
        sandbox.close()
        self._engine.remove(sandbox.container)
        return spent

    def cpu_of_bare_interpreter_ms(self, python: str) -> float:
        """Return the processor time of one in which the interpreter starts, and nothing else."""
        config = {**self._config, "Entrypoint": [python, "-I", "-S", "-B", "-c", "import time; time.sleep(30)"]}
        container = self._engine.create(config, f"{POOL_ID}-{secrets.token_hex(6)}")
        self._engine.start(container)
        time.sleep(0.5)
        spent = _cpu_ms(container)
        self._engine.remove(container)
        return spent

    def _boot(self) -> ThrowawayContainer:
        name = f"{POOL_ID}-{secrets.token_hex(6)}"
        return ThrowawayContainer.boot(self._engine, self._config, name=name, slot=0, timeout_s=BOOT_S)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.throwaway", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="rounds of all kinds (default 3)")
    parser.add_argument("--runs", type=int, default=40, help="runs of each kind in a round (default 40)")
    wanted = parser.parse_args()
    rates: dict[str, list[float]] = {}
    latencies: dict[str, Series] = {}
    costs: list[Mapping[str, float]] = []
    with midcall_up() as server, Engine(url="unix:///var/run/docker.sock", timeout_s=BOOT_S) as engine:
        server.publish("bench_double", DOUBLE)
        containers = Containers(engine, server.image)
        ready = statistics.median(containers.cpu_until_ready_ms() for _ in range(9))
        bare = statistics.median(containers.cpu_of_bare_interpreter_ms(server.python) for _ in range(9))
        for number in range(wanted.rounds):
            print(f"round {number + 1} of {wanted.rounds}", file=sys.stderr)
            rates.setdefault(CHURN, []).append(rate(containers.churn, wanted.runs, 3))
            rates.setdefault(DOCKER_RUN, []).append(rate(server.docker_run, wanted.runs, 4))
            for clients in CLIENTS:
                name = f"HTTP invoke, {clients} client{'s'[: clients > 1]}"
                before = busy_ms(server.pid)
                rates.setdefault(name, []).append(
                    invoke_rate(server, "bench_double", wanted.runs, clients, latencies.setdefault(name, Series()))
                )
                costs.append(
                    {part: (ms - before[part]) / (WARM + wanted.runs) for part, ms in busy_ms(server.pid).items()}
                )
    _print(rates, latencies)
    print(f"\nprocessor of a container until it is ready: {ready:.0f} ms; of a bare interpreter: {bare:.0f} ms")
    parts = {part: statistics.median(cost[part] for cost in costs) for part in costs[0]}
    shares = " + ".join(f"{part} {ms:.1f}" for part, ms in parts.items())
    print(f"processor of midcall's processes for a call: {shares} = {sum(parts.values()):.1f} ms")
    return 0


def _cpu_ms(container: str) -> float:
    for path, field in CPU_OF:
        counter = Path(path.format(container))
        if counter.exists():
            text = counter.read_text()
            if not field:
                return int(text) / 1e6
            return int(next(line.split()[1] for line in text.splitlines() if line.startswith(field))) / 1e3
    sys.exit("this host counts a container's processor time in no place that is known here")


def _print(rates: Mapping[str, list[float]], latencies: Mapping[str, Series]) -> None:
    medians = {name: statistics.median(measured) for name, measured in rates.items()}
    print(row("", "a second", "/ churn", "/ docker run", "p50 ms", "p95 ms"))
    for name, median in medians.items():
        cells = [f"{median:.1f}", f"{median / medians[CHURN]:.2f}", f"{median / medians[DOCKER_RUN]:.2f}"]
        if name in latencies:
            cells += [f"{1000 * latencies[name].p50:.0f}", f"{1000 * latencies[name].p95:.0f}"]
        print(row(name, *cells))


if __name__ == "__main__":
    sys.exit(main())
