"""The script ``./nmt``, without a network: uv and its uvx are stand-ins that write down how they were called."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
(MLFLOW,) = (
    line.split()[0].removeprefix("mlflow==")
    for line in (PROJECT / "requirements.txt").read_text().splitlines()
    if line.startswith("mlflow==")
)
RUN = f"uvx --offline --python 3.11 mlflow@{MLFLOW} run . --env-manager uv -e"

RECORDER = """\
#!/bin/sh
case "$*" in *--version*) exit 0 ;; esac
echo "$(basename "$0") $*" >>"$CALLS"
pwd >"$CALLS.folder"
case "$*" in
*"{fails}"*) echo "{output}" >&2; exit 2 ;;
*" run "*) {run} ;;
*_get_virtualenv_name*) echo "$HOME/.mlflow/envs/mlflow-1234" ;;
*platform*) [ "$(cat "$CALLS.python" 2>/dev/null)" ] || exit 2; echo 3.11.2 ;;
*"python -c ") echo ready >"$CALLS.python" ;;
"venv "*) for folder; do :; done; mkdir "$folder" ;;
esac
"""


class Machine:
    """A home folder and a PATH with nothing but the system's programs and, where wanted, stand-ins for uv and uvx."""

    def __init__(self, folder: Path):
        self.home = folder / "home"
        self.bin = folder / "bin"
        self.calls = folder / "calls"
        self.home.mkdir()
        self.bin.mkdir()
        self.env = {"HOME": str(self.home), "PATH": f"{self.bin}:/usr/bin:/bin", "CALLS": str(self.calls)}

    def add_uv(self, fails: str = "never", output: str = "", run: str = ":") -> None:
        for name in ("uv", "uvx"):
            self.add(name, RECORDER.format(fails=fails, output=output, run=run))

    def add(self, name: str, script: str) -> None:
        (self.bin / name).write_text(script)
        (self.bin / name).chmod(0o755)

    def nmt(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        command = [str(PROJECT / "nmt"), *arguments]
        return subprocess.run(command, cwd=self.home, env=self.env, input=stdin, capture_output=True, text=True)

    def called(self) -> list[str]:
        return self.calls.read_text().splitlines() if self.calls.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def error_of(result: subprocess.CompletedProcess[str]) -> str:
    """The one line that says what is wrong, the exit code being checked."""
    assert result.returncode == 1
    (line,) = [line for line in result.stderr.splitlines() if not line.endswith("(once) ...")]
    return line


@pytest.mark.parametrize(
    ("arguments", "end"),
    [
        ([], "main"),
        (["-P", "corpus=my corpus.tsv"], "main -P corpus=my corpus.tsv"),
        (["test"], "test"),
        (["serve", "-P", "port=5002"], "serve -P port=5002"),
    ],
)
def test_starts_mlflow_in_the_checkout(machine: Machine, arguments: list[str], end: str) -> None:
    machine.add_uv()
    assert machine.nmt(*arguments).returncode == 0
    assert machine.called()[-1] == f"{RUN} {end}"
    assert Path(f"{machine.calls}.folder").read_text() == f"{PROJECT}\n"


def test_words_stay_whole(machine: Machine) -> None:
    machine.add_uv(run="""for word; do echo "<$word>"; done""")
    assert "<corpus=a b.tsv  'c'>\n<-P>\n<text=*>" in machine.nmt("-P", "corpus=a b.tsv  'c'", "-P", "text=*").stdout


def test_works_through_a_link(machine: Machine) -> None:
    machine.add_uv()
    (machine.home / "nmt").symlink_to(PROJECT / "nmt")
    subprocess.run([machine.home / "nmt", "test"], env=machine.env, check=True)
    assert machine.called()[-1] == f"{RUN} test"


@pytest.mark.parametrize("store", ["", "sqlite:///elsewhere.db"])
def test_ui_shows_the_store(machine: Machine, store: str) -> None:
    machine.add_uv()
    machine.env["MLFLOW_TRACKING_URI"] = store
    assert machine.nmt("ui", "--port", "5002").returncode == 0
    shown = store or "sqlite:///mlflow.db"
    assert machine.called()[-1] == (
        f"uvx --offline --python 3.11 mlflow@{MLFLOW} ui --backend-store-uri {shown} --port 5002"
    )


def test_ui_of_a_server_is_its_own(machine: Machine) -> None:
    machine.add_uv()
    machine.env["MLFLOW_TRACKING_URI"] = "https://name:secret@mlflow.example.org"
    error = error_of(machine.nmt("ui"))
    assert error == "nmt: error: MLFLOW_TRACKING_URI names a server: open its address in a browser"


def test_packages_are_fetched_once(machine: Machine) -> None:
    machine.add_uv()
    machine.nmt("train")
    first = machine.called()
    assert any(call.startswith("uv pip install ") and "-r requirements.lock pip==" in call for call in first)
    machine.nmt("train")
    assert machine.called()[len(first) :] == [
        f"uvx --offline --python 3.11 --from mlflow=={MLFLOW} python -c "
        "import platform; print(platform.python_version())",
        f"{RUN} train",
    ]


def test_the_environment_is_the_one_that_mlflow_looks_for(tmp_path: Path) -> None:
    (code,) = re.findall(r"python -c '(.*?)'", (PROJECT / "nmt").read_text(), re.DOTALL)
    env = {**os.environ, "MLFLOW_ENV_ROOT": str(tmp_path)}
    found = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, env=env, capture_output=True, text=True)
    folder = Path(found.stdout.strip())
    assert folder.parent == tmp_path, found.stderr
    (folder / "bin").mkdir(parents=True)
    (folder / "bin/activate").write_text("exit 0\n")
    command = [sys.executable, "-m", "mlflow", "run", ".", "--env-manager", "uv", "-e", "rollback"]
    run = subprocess.run(command, cwd=PROJECT, env=env, capture_output=True, text=True)
    assert f"Environment {folder} already exists" in run.stderr
    assert run.returncode == 0


def test_an_environment_that_was_deleted_is_made_again(machine: Machine) -> None:
    machine.add_uv()
    machine.nmt("train")
    (machine.home / ".mlflow/envs/mlflow-1234").rmdir()
    machine.nmt("train")
    assert len([call for call in machine.called() if call.startswith("uv pip install ")]) == 2
    assert (machine.home / ".mlflow/envs/mlflow-1234").is_dir()


def test_input_and_exit_code_pass_through(machine: Machine) -> None:
    machine.add_uv(run="cat; exit 7")
    result = machine.nmt("translate", stdin="Hello.\n")
    assert (result.returncode, result.stdout) == (7, "Hello.\n")


def reset_interrupt() -> None:
    """A shell's background job ignores Ctrl-C, and so would whatever it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_interrupt_reaches_the_run(machine: Machine) -> None:
    machine.add_uv(run="trap 'echo interrupted; exit 9' INT; echo ready; while :; do sleep 0.1; done")
    command = [str(PROJECT / "nmt"), "train"]
    process = subprocess.Popen(
        command, env=machine.env, stdout=subprocess.PIPE, text=True, start_new_session=True, preexec_fn=reset_interrupt
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    os.killpg(process.pid, signal.SIGINT)
    assert process.communicate(timeout=30)[0] == "interrupted\n"
    assert process.returncode == 9


def test_interrupt_while_fetching_leaves_nothing(machine: Machine) -> None:
    machine.add_uv()
    machine.add("uv", '#!/bin/sh\n[ "$1" = --version ] && exit\nmkdir -p "$6"\necho here >"$CALLS.uv"\nsleep 60\n')
    process = subprocess.Popen(
        [str(PROJECT / "nmt"), "train"],
        env=machine.env,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=reset_interrupt,
    )
    while not Path(f"{machine.calls}.uv").exists():
        assert process.poll() is None
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(timeout=30) == 130
    assert list((machine.home / ".mlflow/envs").iterdir()) == []
    # So the next run makes the whole environment.
    machine.add_uv()
    assert machine.nmt("train").returncode == 0
    assert any(call.startswith("uv pip install ") for call in machine.called())


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["help"], ["train", "--help"]])
def test_help_names_the_entries(machine: Machine, arguments: list[str]) -> None:
    result = machine.nmt(*arguments)
    assert result.returncode == 0
    assert "Entries: main prepare train evaluate translate score serve " in result.stdout
    assert f"mlflow@{MLFLOW} run . " in result.stdout


def test_unknown_entry(machine: Machine) -> None:
    error = error_of(machine.nmt("serv"))
    assert error.startswith("nmt: error: serv: no such entry; there are main prepare train ")


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("cause: failed to write: No space left on device (os error 28)", "no space left on the disk: 5 GB are needed"),
        ("cause: failed to lookup address information: dns error", "no network connection, or a proxy that does not"),
        ("cause: client error (Connect)", "no network connection, or a proxy that does not answer"),
        ("cause: invalid peer certificate: UnknownIssuer", "a server's certificate is not trusted"),
        ("error: cannot open x: Permission denied (os error 13)", "a folder cannot be written to: error: cannot open"),
        ("error: nobody has seen this", "error: nobody has seen this"),
    ],
)
@pytest.mark.parametrize("fails", ["--from", "pip install"])
def test_why_packages_could_not_be_fetched(machine: Machine, fails: str, output: str, reason: str) -> None:
    machine.add_uv(fails, output)
    error = error_of(machine.nmt("train"))
    assert error.startswith("nmt: error: could not get ")
    assert f": {reason}" in error


def python(machine: Machine, pip: str, venv: str) -> None:
    """A Python for a machine without uv; its pip installs the stand-ins."""
    install = f'mkdir -p "$TOOLS"; cp "{machine.home}"/uv* "$TOOLS"'
    machine.env["TOOLS"] = str(machine.home / ".cache/nmt-en-fr-tools/bin")
    for name in ("uv", "uvx"):
        (machine.home / name).write_text(RECORDER.format(fails="never", output="", run=":"))
        (machine.home / name).chmod(0o755)
    machine.add(
        "python3",
        f"""#!/bin/sh
case "$*" in
*"pip --version"*) {pip} ;;
*venv*) {venv}; mkdir -p "$TOOLS"; cp "$0" "$TOOLS/python" ;;
*"pip install"*) echo "pip $PIP_USER$PIP_REQUIRE_VIRTUALENV $*" >>"$CALLS"; {install} ;;
*--version*) echo "Python 3.11.2" ;;
esac
""",
    )


def test_pip_gets_uv(machine: Machine) -> None:
    python(machine, pip="exit 0", venv="exit 1")
    assert machine.nmt("train").returncode == 0
    # A user's settings for pip that contradict --target do not count.
    assert machine.called()[0].startswith("pip 00 -m pip install ")
    assert machine.called()[-1] == f"{RUN} train"


def test_uv_is_kept(machine: Machine) -> None:
    python(machine, pip="exit 0", venv="exit 1")
    machine.nmt("train")
    machine.nmt("train")
    assert len([call for call in machine.called() if call.startswith("pip ")]) == 1


def test_venv_gets_uv_where_there_is_no_pip(machine: Machine) -> None:
    python(machine, pip="exit 1", venv=":")
    assert machine.nmt("train").returncode == 0
    assert machine.called()[-1] == f"{RUN} train"


def test_neither_pip_nor_venv(machine: Machine) -> None:
    python(machine, pip="exit 1", venv="exit 1")
    machine.add("pipx", "#!/bin/sh\nexit 1\n")
    error = error_of(machine.nmt("train"))
    assert error.startswith("nmt: error: Python 3.11.2 has neither pip nor venv: install one of them (on Debian")


def test_pipx_gets_uv_where_nothing_else_does(machine: Machine) -> None:
    python(machine, pip="exit 1", venv="exit 1")
    machine.add(
        "pipx",
        '#!/bin/sh\n[ "$1" = --version ] || { mkdir -p "$PIPX_BIN_DIR"; cp "$HOME"/uv* "$PIPX_BIN_DIR"; }\n',
    )
    assert machine.nmt("train").returncode == 0
    assert machine.called()[-1] == f"{RUN} train"


def test_shims_of_missing_programs_are_passed_over(machine: Machine) -> None:
    """pyenv has one for each program of any of its Pythons; where that Python is not chosen, it fails."""
    python(machine, pip="exit 0", venv="exit 1")
    for name in ("uv", "uvx"):
        machine.add(name, "#!/bin/sh\necho 'pyenv: command not found' >&2\nexit 127\n")
    assert machine.nmt("train").returncode == 0
    assert machine.called()[-1] == f"{RUN} train"


def test_home_is_not_set(machine: Machine) -> None:
    del machine.env["HOME"]
    assert error_of(machine.nmt("train")).startswith("nmt: error: HOME is not set, ")


def test_home_that_cannot_be_written_to(machine: Machine) -> None:
    machine.env["HOME"] = "/dev/null"
    error = error_of(machine.nmt("train"))
    assert error.startswith("nmt: error: cannot write to /dev/null/.cache/nmt-en-fr-tools: Not a directory (XDG_CACHE_")


def test_environments_that_cannot_be_written(machine: Machine) -> None:
    machine.env["MLFLOW_ENV_ROOT"] = "/dev/null"
    assert error_of(machine.nmt("train")).startswith("nmt: error: cannot write to /dev/null: ")


def test_the_continuous_integration_runs_the_same(machine: Machine) -> None:
    machine.add_uv(run="exit 5")
    result = subprocess.run([PROJECT / ".ci/run"], cwd=machine.home, env=machine.env, capture_output=True)
    assert result.returncode == 5
    assert machine.called()[-1] == f"{RUN} test"
