"""Runners: what is refused beforehand, what their failures come to, and that all of them make the same dataset."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from components.corpus.files import PARTIAL, write_file
from components.corpus.parameters import PrepareParameters
from components.corpus.plan import make_plan
from components.corpus.runners import RUNNERS, Flags
from components.dataset.manifest import Manifest
from components.errors import InputError
from pipelines import prepare
from tests.conftest import PROJECT
from tests.corpus.corpora import pairs, write_aligned
from tests.corpus.flink_cluster import flink_cluster

VOCABULARIES = ("vocabulary.en.txt", "vocabulary.fr.txt")


def run(folder: Path, **parameters: Any) -> Manifest:
    prepare.main([f"--{name}={value}" for name, value in {"data_dir": folder, **parameters}.items()])
    return Manifest.load(folder)


def command(folder: Path, **parameters: Any) -> list[str]:
    values = {"data_dir": folder, **parameters}
    return [sys.executable, "-m", "pipelines.prepare", *(f"--{name}={value}" for name, value in values.items())]


def content(folder: Path) -> dict[str, bytes]:
    """Everything in a dataset but the manifest, by name."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "manifest.json")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_options_are_read_as_beam_reads_them() -> None:
    flags = Flags.parse(
        "--parallelism=2 --flink_master localhost:8081 --streaming --parallelism 3 --experiments=a,b --experiments c"
    )
    assert flags.value("parallelism") == "3"
    assert flags.value("flink_master") == "localhost:8081"
    assert flags.value("streaming") == ""
    assert flags.value("runner") is None
    assert Flags.parse("--experiments=a,b --experiments c").experiments() == ["a", "b", "c"]
    assert flags.with_default("parallelism", "9").value("parallelism") == "3"
    assert Flags().with_default("parallelism", "9").words == ("--parallelism=9",)
    assert Flags().value("parallelism") is None


REFUSED = {
    "Prism, no program": ("PrismRunner", "", r"needs the program Prism: `GOBIN=.* go install .*prism@v"),
    "Prism, no such file": ("PrismRunner", "--prism_location=/none", r"--prism_location=/none is no file; `GOBIN="),
    "Prism, not executable": ("PrismRunner", f"--prism_location={__file__}", r"test_runners\.py is no program; `GOBIN"),
    "Flink, no job server": ("FlinkRunner", "", r"needs Beam's job server: `mvn .*beam-runners-flink-1\.20-job-server"),
    "Flink, no such jar": ("FlinkRunner", "--flink_job_server_jar=/none.jar", r"jar=/none\.jar is no file; `mvn"),
    "Flink, no Java": (
        "FlinkRunner",
        f"--flink_job_server_jar={__file__} --job_server_java_launcher=/none/java",
        r"there is no program '/none/java', which runs Beam's job server",
    ),
    "Flink, no cluster": (
        "FlinkRunner",
        f"--flink_job_server_jar={__file__} --job_server_java_launcher=/bin/sh --flink_master=localhost:1",
        r"found --flink_master=localhost:1, must be HOST:PORT of a Flink cluster's web address \(.*refused\)",
    ),
    "Flink elsewhere, no environment": (
        "FlinkRunner",
        "--job_endpoint=flink.example:8099 --flink_master=flink.example:8081",
        r"flink\.example:8081 is another machine, so it needs --environment_type=DOCKER",
    ),
    "quotation without end": ("DirectRunner", "'--x", r"beam_options: found \"'--x\", must be Beam options"),
    "no option": ("DirectRunner", "x", r"beam_options: found 'x', must be Beam options: --name=value"),
    "bad value": ("DirectRunner", "--direct_num_workers=x", r"found '--direct_num_workers=x', must be Beam options"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_runner_that_cannot_be_started_is_refused(name: str, tmp_path: Path) -> None:
    runner, options, message = REFUSED[name]
    with pytest.raises(InputError, match=message):
        run(tmp_path / "d", corpus="sample:100", runner=runner, beam_options=options)
    assert not (tmp_path / "d").exists()


SHARES = {
    ("DirectRunner", ""): True,
    ("PrismRunner", ""): True,
    ("PrismRunner", "--job_endpoint=prism.example:8073"): False,
    ("FlinkRunner", ""): True,
    ("FlinkRunner", "--flink_master=http://127.0.0.1:8081"): True,
    ("FlinkRunner", "--flink_master=localhost:8081 --environment_type=DOCKER"): False,
    ("FlinkRunner", "--flink_master=flink.example:8081"): False,
    ("FlinkRunner", "--flink_master=flink.example:8081 --experiments=x,shared_folders"): True,
    ("DataflowRunner", ""): False,
}


@pytest.mark.parametrize(("runner", "options"), SHARES)
def test_who_sees_the_files_of_this_machine(runner: str, options: str) -> None:
    assert RUNNERS[runner].shares_files(Flags.parse(options)) == SHARES[runner, options]


def test_workers_are_processes_of_this_interpreter_unless_the_options_say_otherwise() -> None:
    flink = RUNNERS["FlinkRunner"]
    flags = flink.complete(Flags())
    assert flags.value("environment_type") == "PROCESS"
    config = json.loads(flags.value("environment_config") or "")
    assert os.access(config["command"], os.X_OK)
    assert config["env"]["WORKER_PYTHON"] == sys.executable
    given = Flags.parse("--environment_type=EXTERNAL --environment_config=localhost:50000 --parallelism=1")
    assert flink.complete(given).words[:3] == given.words
    assert flink.complete(given).value("environment_config") == "localhost:50000"


# What the runners say when a worker fails: an exception that wraps another, and the step.
PYTHON = """bundle inst002 stage-002 failed:Traceback (most recent call last):
  File "/x/read.py", line 62, in process
    raise InputError("why") from None
{error}

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/x/sdk_worker.py", line 316, in _execute
    response = task()
{error} [while running 'Read/ParDo(_ReadPart)']
"""
JAVA = """java.util.concurrent.ExecutionException: org.apache.flink.client.ProgramInvocationException: Job failed
\tat java.base/java.util.concurrent.CompletableFuture.reportGet(CompletableFuture.java:396)
Caused by: org.apache.flink.runtime.JobException: Recovery is suppressed by NoRestartBackoffTimeStrategy
\tat org.apache.flink.runtime.executiongraph.failover.ExecutionFailureHandler.handleFailure(X.java:219)
Caused by: java.lang.RuntimeException: Error received from SDK harness for instruction 4: {python}
\tat org.apache.beam.runners.fnexecution.control.FnApiControlClient$ResponseStreamObserver.onNext(X.java:180)
\t... 1 more
"""


@pytest.mark.parametrize("frame", [PYTHON, JAVA.format(python=PYTHON)], ids=["Python", "Java"])
def test_the_reason_is_found_in_what_a_runner_says(frame: str) -> None:
    runner = RUNNERS["FlinkRunner"]
    wrong_input = RuntimeError(frame.format(error="components.errors.InputError: corpus: x.gz is damaged (why)"))
    assert runner.input_error(wrong_input) == "corpus: x.gz is damaged (why)"
    defect = RuntimeError(frame.format(error="ValueError: found: 3"))
    assert runner.input_error(defect) is None
    assert runner.cause(defect) == "ValueError: found: 3 [while running 'Read/ParDo(_ReadPart)']"


def test_without_a_worker_the_last_cause_is_the_reason() -> None:
    runner, lost = RUNNERS["FlinkRunner"], "org.apache.flink.util.FlinkException: no slots\n\tat x.Y(Y.java:1)\n"
    assert runner.cause(RuntimeError(f"java.lang.Exception: a\n\tat b\nCaused by: {lost}")) == lost.splitlines()[0]
    assert runner.cause(RuntimeError("two\nlines")) == "lines"
    assert runner.cause(RuntimeError()) == "RuntimeError"


def test_bundles_that_are_done_twice_change_nothing(tmp_path: Path) -> None:
    """Beam's counters may tell more then; what is written, and the manifest's counts, must not."""
    lines = [*pairs(300), pairs(1)[0], ("", "vide")]
    corpus = write_aligned(tmp_path, lines)
    once = run(tmp_path / "once", corpus=corpus, vocab_size=60)
    twice = run(tmp_path / "twice", corpus=corpus, vocab_size=60, beam_options="--direct_runner_bundle_repeat=2")
    assert twice == once
    assert content(tmp_path / "twice") == content(tmp_path / "once")


@pytest.mark.parametrize("mode", ["in_memory", "multi_threading"])
def test_one_worker_is_one_worker(mode: str, tmp_path: Path) -> None:
    flags = RUNNERS["DirectRunner"].complete(Flags.parse(f"--direct_num_workers=1 --direct_running_mode={mode}"))
    assert flags.value("direct_num_workers") == "1"
    several = RUNNERS["DirectRunner"].complete(Flags.parse("--direct_running_mode=multi_threading"))
    assert several.value("direct_num_workers") == str(len(os.sched_getaffinity(0)))
    corpus = write_aligned(tmp_path, pairs(100))
    assert run(tmp_path / "d", corpus=corpus, beam_options=" ".join(flags.words)).counts.read == 100


@pytest.mark.parametrize("mode", ["in_memory", "multi_threading", "multi_processing"])
def test_no_buffer_is_sent_by_the_clock(mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written to a buffer while another thread sends it is lost; see ``DirectRunner``."""
    from apache_beam.runners.worker import data_plane

    flush = data_plane.SizeBasedBufferingClosableOutputStream.flush

    def clocked(stream: Any) -> None:
        assert not isinstance(stream, data_plane.TimeBasedBufferingClosableOutputStream)
        flush(stream)

    made = []
    monkeypatch.setattr(data_plane.SizeBasedBufferingClosableOutputStream, "flush", clocked)
    monkeypatch.setattr(
        data_plane.TimeBasedBufferingClosableOutputStream, "_schedule_periodic_flush", lambda stream: made.append(1)
    )
    options = f"--direct_running_mode={mode} --direct_num_workers=2"
    assert run(tmp_path / "d", corpus=write_aligned(tmp_path, pairs(50)), beam_options=options).counts.read == 50
    assert made == []


def test_progress_does_not_look_here_for_what_processes_do() -> None:
    direct = RUNNERS["DirectRunner"]
    assert direct.counts_here(Flags())
    assert not direct.counts_here(Flags.parse("--direct_running_mode=multi_processing"))
    assert not RUNNERS["PrismRunner"].counts_here(Flags())


def test_beams_counters_become_metrics(tmp_path: Path) -> None:
    lines = [*pairs(200), pairs(1)[0], ("", "vide")]
    run(tmp_path / "d", corpus=write_aligned(tmp_path, lines), test_corpus=write_aligned(tmp_path, pairs(9)[5:], "t"))
    (found,) = MlflowClient().search_runs(["0"], filter_string="tags.step = 'prepare'")
    metrics = {name: value for name, value in found.data.metrics.items() if name.startswith("beam_")}
    assert 0 < metrics.pop("beam_seconds") < 60
    assert metrics.pop("beam_pairs_per_second") > 10
    assert metrics == {
        "beam_lines_read": 202,
        "beam_lines_given_test": 4,
        "beam_lines_duplicates": 1,
        "beam_lines_rejected_empty": 1,
        "beam_lines_rejected_held_out": 4,
        "beam_records_written": 200,
    }


def test_a_file_appears_whole_though_its_first_writer_is_given_up(tmp_path: Path) -> None:
    file = tmp_path / "d/part"

    def pieces() -> Iterator[bytes]:
        yield b"first half, "
        write_file(str(file), [b"first half, ", b"second half"])
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        write_file(str(file), pieces())
    assert file.read_bytes() == b"first half, second half"
    assert [path.name.endswith(PARTIAL) for path in sorted((tmp_path / "d").iterdir())] == [False, True]


def multi30k_parameters(shared_data: Path) -> dict[str, Any]:
    train = shared_data / "multi30k/train.{en,fr}"
    return {"corpus": f"{train}#2000*8 {train}", "validation_corpus": shared_data / "multi30k/val.{en,fr}"}


@pytest.fixture(scope="module")
def multi30k(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """The parameters of a preparation of Multi30k, and its dataset as one in-process worker made it."""
    parameters = multi30k_parameters(shared_data)
    folder = tmp_path_factory.mktemp("multi30k") / "d"
    done = subprocess.run(
        command(folder, **parameters, beam_options="--direct_num_workers=1"),
        cwd=PROJECT,
        env=os.environ | {"MLFLOW_TRACKING_URI": f"sqlite:///{folder.parent}/mlflow.db"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return parameters, folder


def assert_same_dataset(folder: Path, expected: Path) -> None:
    found, wanted = Manifest.load(folder), Manifest.load(expected)
    assert found.fingerprint == wanted.fingerprint
    assert found.counts == wanted.counts
    for file in VOCABULARIES:
        assert (folder / file).read_bytes() == (expected / file).read_bytes()
    # Everything else too: files, held-out pairs, statistics. `rejected` names files by absolute paths elsewhere.
    assert found == wanted
    assert {name: data for name, data in content(folder).items() if not name.startswith("rejected")} == {
        name: data for name, data in content(expected).items() if not name.startswith("rejected")
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    "options", ["--direct_num_workers=2", "--direct_num_workers=2 --direct_running_mode=multi_processing"]
)
def test_any_number_of_direct_workers_makes_the_same(
    options: str, multi30k: tuple[dict[str, Any], Path], tmp_path: Path
) -> None:
    parameters, expected = multi30k
    run(tmp_path / "d", **parameters, beam_options=options)
    assert_same_dataset(tmp_path / "d", expected)


@pytest.mark.slow
@pytest.mark.parametrize("environment", ["LOOPBACK", "PROCESS"])
def test_prism_makes_the_same(
    environment: str, prism: str, multi30k: tuple[dict[str, Any], Path], tmp_path: Path
) -> None:
    parameters, expected = multi30k
    options = f"--prism_location={prism} --environment_type={environment}"
    run(tmp_path / "d", **parameters, runner="PrismRunner", beam_options=options)
    assert_same_dataset(tmp_path / "d", expected)


@pytest.fixture
def start_on_prism(prism: str, tmp_path: Path) -> Iterator[Callable[[str], "subprocess.Popen[str]"]]:
    """Starts the preparation of a corpus with a worker process of its own, all in a process group."""
    started = []

    def start(corpus: str) -> "subprocess.Popen[str]":
        options = f"--prism_location={prism} --environment_type=PROCESS"
        words = command(tmp_path / "d", corpus=corpus, runner="PrismRunner", beam_options=options)
        started.append(subprocess.Popen(words, cwd=PROJECT, stderr=subprocess.PIPE, text=True, start_new_session=True))
        return started[-1]

    yield start
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def await_worker(process: "subprocess.Popen[str]") -> int:
    """The process id of its worker, once it has begun to read."""
    assert process.stderr
    for line in process.stderr:
        if re.search(r"\d pairs read", line):
            break
    found = subprocess.run(
        ["pgrep", "-g", str(process.pid), "-f", "runners.worker"], capture_output=True, text=True
    ).stdout.split()
    assert found, "there is no worker process"
    return int(found[0])


@pytest.mark.slow
def test_a_wrong_input_found_by_a_worker_process_is_told_in_one_line(
    start_on_prism: Callable[[str], "subprocess.Popen[str]"], tmp_path: Path
) -> None:
    (tmp_path / "cut.tsv.gz").write_bytes(b"\x1f\x8b\x08\x00" + b"\0" * 40)
    process = start_on_prism(str(tmp_path / "cut.tsv.gz"))
    said = process.communicate(timeout=120)[1]
    assert process.returncode == 2
    (told,) = [line for line in said.splitlines() if not line.startswith("prepare: ")]
    assert told.startswith(f"error: corpus: {tmp_path}/cut.tsv.gz is a damaged or truncated gzip file (")
    assert not (tmp_path / "d").exists()


@pytest.mark.slow
def test_an_interrupted_job_is_cancelled(
    start_on_prism: Callable[[str], "subprocess.Popen[str]"], shared_data: Path, tmp_path: Path
) -> None:
    process = start_on_prism(str(shared_data / "canada_laws/train.{en,fr}.gz"))
    await_worker(process)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=120)[1]
    assert process.returncode == 130
    assert "PrismRunner: interrupted, and the job is cancelled" in said
    end = time.monotonic() + 30
    while left := subprocess.run(["pgrep", "-a", "-g", str(process.pid)], capture_output=True, text=True).stdout:
        assert time.monotonic() < end, left
        time.sleep(0.2)
    assert not (tmp_path / "d").exists()


@pytest.fixture(scope="session")
def job_server() -> str:
    """Options that name Beam's job server for Flink."""
    jar = os.environ.get("FLINK_JOB_SERVER_JAR")
    if not jar:
        pytest.skip("needs FLINK_JOB_SERVER_JAR: beam-runners-flink-1.20-job-server-2.72.0.jar, from Maven Central")
    return f"--flink_job_server_jar={jar}"


@pytest.mark.slow
def test_a_flink_cluster_is_looked_at_beforehand(tmp_path: Path) -> None:
    flink = RUNNERS["FlinkRunner"]
    with flink_cluster(tmp_path, task_managers=1, slots=2) as cluster:
        common = f"--job_endpoint=localhost:8099 --flink_master={cluster.master}"
        flink.check(Flags.parse(f"{common} --parallelism=2"))
        with pytest.raises(InputError, match=r"found --parallelism=3, must be a whole number from 1 up to 2, the task"):
            flink.check(Flags.parse(f"{common} --parallelism=3"))
        with pytest.raises(InputError, match=r"is Flink 1\.\d+\.\d+, but the job server is for 1\.17"):
            flink.check(Flags.parse(f"{common} --flink_version=1.17"))
        assert flink.complete(Flags.parse(common)).value("parallelism") == "2"


@pytest.mark.slow
@pytest.mark.parametrize("parallelism", [1, 3])
def test_flink_makes_the_same(
    parallelism: int, job_server: str, multi30k: tuple[dict[str, Any], Path], tmp_path: Path
) -> None:
    parameters, expected = multi30k
    (tmp_path / "flink").mkdir()
    with flink_cluster(tmp_path / "flink") as cluster:
        options = f"{job_server} --flink_master={cluster.master} --parallelism={parallelism}"
        run(tmp_path / "d", **parameters, runner="FlinkRunner", beam_options=options)
    assert_same_dataset(tmp_path / "d", expected)


@pytest.mark.slow
def test_flink_loses_a_task_manager_and_makes_the_same(
    job_server: str, multi30k: tuple[dict[str, Any], Path], tmp_path: Path
) -> None:
    parameters, expected = multi30k
    (tmp_path / "flink").mkdir()
    with flink_cluster(tmp_path / "flink") as cluster:
        options = f"{job_server} --flink_master={cluster.master} --parallelism=3"
        process = subprocess.Popen(
            command(tmp_path / "d", **parameters, runner="FlinkRunner", beam_options=options), cwd=PROJECT
        )
        while process.poll() is None and not cluster.overview()["jobs-running"]:
            time.sleep(0.2)
        time.sleep(3)
        assert process.poll() is None, "it was done before a task manager could be killed"
        cluster.task_managers[0].kill()
        assert process.wait(timeout=300) == 0
    assert_same_dataset(tmp_path / "d", expected)


@pytest.mark.parametrize("corpus", ["sample#20", "sample:30#20", "'a file.tsv#2' sample#3"])
def test_words_are_the_same_words_for_every_runner(
    corpus: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a file.tsv").write_text("One.\tUn.\nTwo.\tDeux.\nThree.\tTrois.\n")
    monkeypatch.chdir(tmp_path)
    here = make_plan(PrepareParameters(corpus=corpus))
    (tmp_path / "prism").touch(mode=0o755)
    prism = make_plan(PrepareParameters(corpus=corpus, runner="PrismRunner", beam_options="--prism_location=prism"))
    assert here.key == prism.key
