"""As much of Google's cloud as a launcher of Dataflow jobs sees: credentials, a storage emulator, the Dataflow service.

The service is a stand-in that does with a job what Dataflow does: it takes the pipeline and the packages from where the
launcher staged them, installs the packages in an environment that holds Beam and nothing of this project, and runs the
pipeline there.
"""

import json
import os
import re
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

# What a worker does, in its own environment: reads the staged pipeline, and runs it in this process.
WORKER = """
import sys
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.portability.api import beam_runner_api_pb2
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.transforms.environments import EmbeddedPythonEnvironment

with FileSystems.open(sys.argv[1]) as file:
    pipeline = beam_runner_api_pb2.Pipeline.FromString(file.read())
embedded = EmbeddedPythonEnvironment.default().to_runner_api(None)
for environment in pipeline.components.environments.values():
    environment.CopyFrom(embedded)
FnApiRunner().run_via_runner_api(pipeline, PipelineOptions([])).wait_until_finish()
found = sorted(set(sys.argv[2:]) & set(sys.modules))
assert not found, f"the workers import {found}"
"""


class Storage:
    """A running storage emulator (fake-gcs-server) that holds one bucket."""

    def __init__(self, address: str, bucket: str):
        self.address, self.bucket = address, bucket

    def read(self, url: str) -> bytes:
        name = quote(url.removeprefix(f"gs://{self.bucket}/"), safe="")
        with urllib.request.urlopen(f"{self.address}/storage/v1/b/{self.bucket}/o/{name}?alt=media") as answer:
            return answer.read()

    def write(self, url: str, content: bytes) -> None:
        name = quote(url.removeprefix(f"gs://{self.bucket}/"), safe="")
        address = f"{self.address}/upload/storage/v1/b/{self.bucket}/o?uploadType=media&name={name}"
        urllib.request.urlopen(urllib.request.Request(address, content, method="POST")).close()

    def names(self, url: str = "") -> list[str]:
        """The objects below a URL, relative to it."""
        prefix = url.removeprefix(f"gs://{self.bucket}/")
        address = f"{self.address}/storage/v1/b/{self.bucket}/o?maxResults=5000&prefix={quote(prefix, safe='')}"
        with urllib.request.urlopen(address) as answer:
            return sorted(item["name"][len(prefix) :] for item in json.load(answer).get("items", []))

    def clear(self) -> None:
        for name in self.names():
            address = f"{self.address}/storage/v1/b/{self.bucket}/o/{quote(name, safe='')}"
            urllib.request.urlopen(urllib.request.Request(address, method="DELETE")).close()


@contextmanager
def storage(server: Path, folder: Path, bucket: str) -> Iterator[Storage]:
    """Runs the emulator on a free port; its log is in ``folder``."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    gate, log = ThreadingHTTPServer(("127.0.0.1", 0), type("Gate", (_Gate,), {"behind": port})), folder / "storage.log"
    address = f"http://127.0.0.1:{gate.server_port}"
    command = [server, "-scheme=http", "-host=127.0.0.1", f"-port={port}", "-backend=memory"]
    command += ["-public-host=127.0.0.1", f"-external-url={address}"]
    with open(log, "wb") as file, subprocess.Popen(command, stdout=file, stderr=file) as process:
        try:
            threading.Thread(target=gate.serve_forever, daemon=True).start()
            while "server started" not in log.read_text():
                assert process.poll() is None, log.read_text()
                time.sleep(0.05)
            body = json.dumps({"name": bucket}).encode()
            request = urllib.request.Request(f"{address}/storage/v1/b?project=p", body, method="POST")
            urllib.request.urlopen(request).close()
            yield Storage(address, bucket)
        finally:
            gate.shutdown()
            gate.server_close()
            process.terminate()


class _Gate(BaseHTTPRequestHandler):
    """Hands all on to the emulator, which takes the parts of a batch by their ids; Google's client gives them none."""

    protocol_version = "HTTP/1.1"
    behind: int

    def log_message(self, format: str, *arguments: Any) -> None:
        pass

    def _hand_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith("/batch/"):
            body = body.replace(
                b"Content-Type: application/http", b"Content-Type: application/http\nContent-ID: <part>"
            )
        headers = {name: value for name, value in self.headers.items() if name.lower() != "content-length"}
        connection = HTTPConnection("127.0.0.1", self.behind)
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        connection.close()

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _hand_on  # noqa: N815


class Cloud(ThreadingHTTPServer):
    """The metadata server that gives credentials, and the Dataflow service."""

    def __init__(self, storage: Storage, worker_python: Path, folder: Path, never: Sequence[str]):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.never = never
        self.storage, self.worker_python, self.folder = storage, worker_python, folder
        self.jobs: dict[str, dict[str, Any]] = {}
        self.packages: list[str] = []

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    @property
    def environment(self) -> dict[str, str]:
        """What makes Google's clients come here."""
        return {
            "STORAGE_EMULATOR_HOST": self.storage.address,
            "GCE_METADATA_HOST": self.host,
            "GCE_METADATA_IP": self.host,
            "NO_GCE_CHECK": "false",
        }

    def submit(self, job: dict[str, Any]) -> dict[str, Any]:
        job |= {"id": f"job-{len(self.jobs)}", "currentState": "JOB_STATE_RUNNING"}
        self.jobs[job["id"]] = job
        threading.Thread(target=self._run, args=[job], daemon=True).start()
        return job

    def _run(self, job: dict[str, Any]) -> None:
        try:
            for package in job["environment"]["workerPools"][0].get("packages", []):
                self._install(package)
            command = [self.worker_python, "-c", WORKER, f"{self.staging(job)}/pipeline.pb", *self.never]
            done = subprocess.run(
                command, cwd=self.folder, env={**os.environ, **self.environment}, capture_output=True, text=True
            )
            job["failure"], failed = done.stderr, done.returncode
        except Exception as error:
            job["failure"], failed = str(error), 1
        job["currentState"] = "JOB_STATE_FAILED" if failed else "JOB_STATE_DONE"

    @staticmethod
    def staging(job: dict[str, Any]) -> str:
        return job["environment"]["sdkPipelineOptions"]["options"]["staging_location"]

    def _install(self, package: dict[str, Any]) -> None:
        self.packages.append(package["name"])
        file = self.folder / package["name"]
        file.write_bytes(self.storage.read("gs://" + package["location"].removeprefix("storage.googleapis.com/")))
        if file.suffix == ".whl":
            command = ["uv", "pip", "install", "--quiet", "--python", self.worker_python, file]
            subprocess.run(command, check=True, capture_output=True)


class _Handler(BaseHTTPRequestHandler):
    server: Cloud

    def log_message(self, format: str, *arguments: Any) -> None:
        pass

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        if path.startswith("/computeMetadata") or path == "/":
            self._metadata(path)
        elif found := re.fullmatch(r"/v1b3/projects/[\w-]+/locations/[\w-]+/jobs/([\w-]+)(/\w+)?", path):
            job = self.server.jobs[found[1]]
            answers: dict[str | None, Any] = {None: job, "/messages": self._messages(job), "/metrics": {"metrics": []}}
            self._answer(answers[found[2]])
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        self._answer(self.server.submit(json.loads(self.rfile.read(int(self.headers["Content-Length"])))))

    def _messages(self, job: dict[str, Any]) -> dict[str, Any]:
        if not job.get("failure"):
            return {}
        text = {"messageText": job["failure"], "messageImportance": "JOB_MESSAGE_ERROR", "id": "1"}
        return {"jobMessages": [{**text, "time": "2026-01-01T00:00:00Z"}]}

    def _metadata(self, path: str) -> None:
        account = {"email": "worker@p", "scopes": ["https://www.googleapis.com/auth/cloud-platform"], "aliases": []}
        answers = {"": account, "token": {"access_token": "t", "expires_in": 3600, "token_type": "Bearer"}}
        if "service-accounts/" in path:
            self._answer(answers[path.rstrip("/").rpartition("/")[2] if path.endswith("token") else ""])
        elif path.endswith("universe-domain"):
            self.send_error(404)
        else:
            self._answer("p" if path.endswith("project-id") else "")

    def _answer(self, content: Any) -> None:
        text = isinstance(content, str)
        body = content.encode() if text else json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Metadata-Flavor", "Google")
        self.send_header("Content-Type", "application/text" if text else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def cloud(
    storage: Storage, worker_python: Path, folder: Path, never: Sequence[str] = ("tensorflow", "mlflow", "pipelines")
) -> Iterator[Cloud]:
    """Runs it; workers must import nothing of ``never``."""
    server = Cloud(storage, worker_python, folder, never)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def launcher(entry: str) -> str:
    """The entry as it is started from a shell, but that Beam takes an endpoint which is none of Google's."""
    return f"""
import runpy, sys
sys.argv[:] = ["{entry}", *sys.argv[1:]]
from apache_beam.options.pipeline_options_validator import PipelineOptionsValidator
PipelineOptionsValidator.validate_endpoint_url = lambda self, url: True
runpy.run_module("pipelines.{entry}", run_name="__main__")
"""
