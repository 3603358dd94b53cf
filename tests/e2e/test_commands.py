"""The command line: exit codes, JSON on standard output, one line for whatever is wrong."""

import json
import os
from pathlib import Path

import pytest
from tests.e2e.stack import QUICK, Stack, docker, midcall
from tests.support.patience import CLIENT_S

from midcall.bootstrap.settings import new_secret_key


@pytest.fixture
def env(up: Stack) -> dict[str, str]:
    """Name the shared stack's data directory and sockets."""
    return {**up.env, "MIDCALL_DATA_DIR": str(up.data)}


def write(directory: Path, source: str) -> str:
    """Write a source file and return its path."""
    file = directory / "source.py"
    file.write_text(source)
    return str(file)


def test_run_prints_a_report_as_json_and_gives_the_session_to_the_code(up: Stack, tmp_path: Path) -> None:
    """`midcall run` uses the pool that runs here; nothing but the report is on standard output."""
    source = write(tmp_path, "def handler(session):\n    print('hello')\n    return session['params']['n'] + 1\n")
    body = tmp_path / "session.json"
    body.write_text('{"params": {"n": 41}}')
    ran = midcall("run", source, "--session", str(body), env=up.env)
    assert ran.code == 0, ran
    assert (ran.json["status"], ran.json["result"], ran.json["logs"]) == ("ok", 42, "hello\n")
    assert ran.json["sandbox_id"]


def test_run_starts_a_pool_of_its_own_where_none_runs_and_takes_it_away_again(tmp_path: Path) -> None:
    """On a machine where midcall is not up the operator's tool works all the same, and leaves no container."""
    env = {"MIDCALL_RUNTIME_DIR": str(tmp_path / "run"), "MIDCALL_DATA_DIR": str(tmp_path / "data")}
    ran = midcall("run", write(tmp_path, QUICK), env=env)
    assert ran.code == 0, ran
    assert ran.json["result"] == 1
    with docker() as engine:
        assert engine.containers(f"run-{ran.pid}") == {}


CALLS = """
def handler(session, actions):
    found = actions.http.get("https://shop.example.com/orders", query={"id": session["params"]["order"]})
    return found["data"]["state"]
"""
DOCUMENT = {
    "kind": "code",
    "parameters": [{"name": "order", "type": "integer", "required": True}],
    "code": {"source": CALLS, "actions": ["http.get"], "egress": ["shop.example.com"]},
}
MOCKS = [{"action": "http.get", "when": {"query": {"id": 12}}, "returns": {"data": {"state": "sent"}}}]


def test_a_function_is_reviewed_and_run_by_its_document(up: Stack, tmp_path: Path) -> None:
    """Its parameters are converted as a call's are, mocks answer its actions, and what has none fails."""
    file = tmp_path / "function.json"
    file.write_text(json.dumps(DOCUMENT))
    assert midcall("review", str(file), env=up.env).json["status"] == "approved"
    ran = midcall("run", str(file), "--params", '{"order": "12"}', "--mocks", json.dumps(MOCKS), env=up.env)
    assert (ran.json["status"], ran.json["result"]) == ("ok", "sent"), ran
    assert [(call["action"], call["mocked"]) for call in ran.json["actions"]] == [("http.get", True)]
    alone = midcall("run", str(file), "--params", '{"order": 12}', env=up.env)
    assert "no mock answers this call" in alone.json["error"]["message"]
    without = midcall("run", str(file), env=up.env)
    assert (without.code, "is missing" in without.err) == (2, True), without


def test_a_source_is_reviewed_with_what_flags_say_of_it(tmp_path: Path) -> None:
    """Without them its action is refused; with them all is declared."""
    source = write(tmp_path, CALLS)
    bare = midcall("review", source)
    assert (bare.code, bare.json["status"]) == (1, "changes_requested"), bare
    flags = ("--action", "http.get", "--egress", "shop.example.com")
    full = midcall("review", source, *flags, "--parameters", json.dumps(DOCUMENT["parameters"]))
    assert (full.code, full.json["comments"]) == (0, []), full


def test_review_prints_a_review_as_json_and_exits_with_1_where_it_refuses(tmp_path: Path) -> None:
    """An approved file exits with 0, a refused one with 1; a file that is no UTF-8 is a wrong argument."""
    good = midcall("review", write(tmp_path, QUICK))
    assert (good.code, good.json["status"]) == (0, "approved"), good
    bad = midcall("review", write(tmp_path, "import os\n\ndef handler(session):\n    return os.environ\n"))
    assert (bad.code, bad.json["status"]) == (1, "changes_requested"), bad
    assert bad.json["comments"][0]["line"] == 1
    (tmp_path / "latin.py").write_bytes(b"# caf\xe9\n")
    wrong = midcall("review", str(tmp_path / "latin.py"))
    assert wrong.code == 2
    assert "UTF-8" in wrong.err
    assert "Traceback" not in wrong.err


OPENED = "import keyword\n\ndef handler(session):\n    return keyword.iskeyword('def')\n"


def test_all_processes_of_up_know_the_operators_allow_list(up: Stack, env: dict[str, str]) -> None:
    """The api approves by it, and a worker that insists on the current policy means the same one."""
    made = midcall("workspace", "create", f"current-{os.getpid()}", env=env)
    key = {"Authorization": f"Bearer {made.out.strip()}"}
    assert up.client.patch("/v1/workspace", headers=key, json={"enforce_current_policy": True}).is_success
    body = {"name": "opened", "description": "Uses a name the operator added.", "kind": "code"}
    assert up.client.post("/v1/functions", headers=key, json=body | {"code": {"source": OPENED}}).is_success
    review = up.client.post("/v1/functions/opened/versions/1/submit", headers=key).json()
    assert review["status"] == "approved", review
    assert up.client.post("/v1/functions/opened/publish", headers=key, json={"version": 1}).is_success
    outcome = up.client.post("/v1/functions/opened/invoke", headers=key, json={"params": {}}).json()
    assert (outcome["status"], outcome["result"]) == ("succeeded", True), outcome
    told = midcall("doctor", env=env).out
    assert review["policy"] in told
    assert "1 added, all of them in the sandbox image" in told


def test_review_takes_the_operators_allow_list(up: Stack, tmp_path: Path) -> None:
    """What the packaged list refuses passes by the setting."""
    passed = midcall("review", write(tmp_path, OPENED), env=up.env)
    assert (passed.code, passed.json["status"]) == (0, "approved"), passed


def test_doctor_names_a_faulty_allow_list(tmp_path: Path) -> None:
    """The entry and the cure stand on the line of what is missing."""
    faulty = tmp_path / "allowed.toml"
    faulty.write_text('[modules]\nstdnum = ["parse", "os"]\n')
    env = {"MIDCALL_DATA_DIR": str(tmp_path / "data"), "MIDCALL_ALLOWED_MODULES": str(faulty)}
    ill = midcall("doctor", env=env)
    assert ill.code == 1, ill
    assert f"missing  allow-list: MIDCALL_ALLOWED_MODULES: {faulty}: [modules] stdnum: `os` " in ill.out


def test_key_create_prints_a_key_that_works(up: Stack, env: dict[str, str]) -> None:
    """One line, one key, with the scopes asked for and no others."""
    made = midcall("key", "create", "--principal", "robot", "--scopes", "read", env=env)
    assert made.code == 0, made
    headers = {"Authorization": f"Bearer {made.out.strip()}"}
    assert up.client.get("/v1/functions", headers=headers).status_code == 200
    assert up.client.post("/v1/keys", headers=headers, json={"principal": "x", "scopes": ["run"]}).status_code == 403


def test_workspace_create_prints_an_admin_key_of_another_workspace(up: Stack, env: dict[str, str]) -> None:
    """The new workspace sees nothing of the first one; the same name again is refused in one line."""
    up.function("plain", QUICK)
    made = midcall("workspace", "create", f"second-{os.getpid()}", env=env)
    assert made.code == 0, made
    headers = {"Authorization": f"Bearer {made.out.strip()}"}
    assert up.client.get("/v1/functions", headers=headers).json()["items"] == []
    assert up.client.get("/v1/functions/plain", headers=headers).status_code == 404
    again = midcall("workspace", "create", f"second-{os.getpid()}", env=env)
    assert again.code == 1
    assert len(again.err.strip().splitlines()) == 1


def test_secrets_rotate_encrypts_anew_what_a_running_stack_keeps(up: Stack, env: dict[str, str]) -> None:
    """The api, which knows the old key alone, says that it cannot read it now; nothing shows in files or logs."""
    secret = f"plain-{os.getpid()}-{os.urandom(8).hex()}"
    saved = up.client.put("/v1/credentials/rotated", json={"type": "bearer", "values": {"token": secret}})
    assert saved.json()["readable"], saved.text
    keys = f"{new_secret_key()},{(up.data / 'secret.keys').read_text()}"
    done = midcall("secrets", "rotate", env={**env, "MIDCALL_SECRET_KEYS": keys})
    assert done.code == 0, done
    assert "credential_values: 1 encrypted anew" in done.out
    assert not up.client.get("/v1/credentials/rotated").json()["readable"]
    assert up.client.delete("/v1/credentials/rotated").is_success
    kept = b"".join(file.read_bytes() for file in up.data.glob("midcall.db*"))
    assert secret.encode() not in kept + up.said.encode()
    assert b"credential.put" in kept


def test_doctor_says_what_runs_and_what_is_missing(up: Stack, env: dict[str, str], tmp_path: Path) -> None:
    """Beside a stack all is well; without an Engine it exits with 1 and says so."""
    well = midcall("doctor", env=env)
    assert well.code == 0, well
    assert "missing" not in well.out
    ill = midcall("doctor", env={"MIDCALL_DATA_DIR": str(tmp_path), "MIDCALL_DOCKER_URL": f"unix://{tmp_path}/none"})
    assert ill.code == 1, ill
    assert "missing  Docker Engine" in ill.out
    assert "Traceback" not in ill.err


def test_demo_plays_the_main_job_and_leaves_nothing() -> None:
    """It exits with 0 after the whole story: refused, mended, published, tested, invoked, on record."""
    played = midcall("demo", within_s=2 * CLIENT_S)
    assert played.code == 0, played
    for word in ("changes_requested", "approved", "published", "succeeded", "ZeroDivisionError|ValueError", "refused"):
        assert any(part in played.out for part in word.split("|")), word
    assert "Traceback" not in played.err


@pytest.mark.parametrize(
    ("setting", "value", "says"),
    [
        ("MIDCALL_PORT", "many", "MIDCALL_PORT"),
        ("MIDCALL_REDIS_URL", "redis://redis.example/0", "password"),
        ("MIDCALL_DATA_DIR", "/proc/none", "MIDCALL_DATA_DIR"),
        ("MIDCALL_APPROVAL_KEY", "short", "MIDCALL_APPROVAL_KEY"),
        ("MIDCALL_SECRET_KEYS", "short", "MIDCALL_SECRET_KEYS"),
        ("MIDCALL_DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/none", "database"),
        ("MIDCALL_DATABASE_URL", "a database somewhere", "MIDCALL_DATABASE_URL"),
        ("MIDCALL_ALLOWED_MODULES", "/proc/none", "MIDCALL_ALLOWED_MODULES"),
    ],
)
def test_a_bad_setting_is_told_in_one_line(setting: str, value: str, says: str, tmp_path: Path) -> None:
    """No traceback, no value that might be secret: the variable and what it should be."""
    env = {"MIDCALL_DATA_DIR": str(tmp_path), "MIDCALL_RUNTIME_DIR": str(tmp_path / "run"), setting: value}
    port = () if setting == "MIDCALL_PORT" else ("--port", "0")
    ended = midcall("up", *port, env=env)
    assert ended.code == 1, ended
    lines = [line for line in ended.err.strip().splitlines() if not line.startswith("The sandbox image")]
    assert len(lines) == 1, ended
    assert says in lines[0]
