"""DataflowRunner: workers in Google's cloud, which install the project's package and read and write there only."""

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from components.corpus.runners.runner import Flags, Runner
from components.errors import InputError

PROJECT = Path(__file__).parents[3]
_NEEDED = {
    "project": "the Google Cloud project that pays, --project=ID",
    "region": "where the workers run, such as --region=europe-west1",
    "temp_location": "where the job keeps its files meanwhile, --temp_location=gs://BUCKET/FOLDER",
}
_LOCATIONS = ("temp_location", "staging_location")
# With these a job is described, not run, and there is no dataset at its end.
_NOT_RUN = ("template_location", "dry_run")
_GOOGLE_MESSAGE = re.compile(r'"message":\s*"((?:[^"\\]|\\.)*)"')


class DataflowRunner(Runner):
    name = "DataflowRunner"

    def check(self, flags: Flags) -> None:
        for option, meaning in _NEEDED.items():
            if not flags.value(option):
                raise InputError(f"beam_options: --{option} is not set; DataflowRunner needs {meaning}")
        for option in _LOCATIONS:
            if (found := flags.value(option)) is not None and not re.fullmatch(r"gs://[^/]+(/.*)?", found):
                raise InputError(f"beam_options: found --{option}={found}, must be gs://BUCKET/FOLDER")
        for option in _NOT_RUN:
            if flags.value(option) is not None:
                raise InputError(f"beam_options: found --{option}, with which no job runs; must be without it")
        if (found := flags.value("setup_file")) and Path(found).resolve() == PROJECT / "setup.py":
            raise InputError(f"beam_options: found --setup_file={found}, must be another: that package is sent anyway")

    def shares_files(self, flags: Flags) -> bool:
        return False

    def missing_image(self, flags: Flags) -> str:
        return "" if flags.value("sdk_container_image") else "--sdk_container_image=IMAGE"

    def complete(self, flags: Flags) -> Flags:
        # Beam would pickle this process's main module, and the workers would need all that it imports; and it would
        # list what is installed here, by a pip that there need not be.
        flags = flags.with_words("--no_save_main_session", "--experiments=disable_logging_submission_environment")
        flags = flags.with_default("job_name", f"nmt-en-fr-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}")
        if flags.value("sdk_container_image"):
            return flags  # The image holds the package.
        # Beam reads the folder when the pipeline is started; it is deleted when this process ends.
        self._folder = tempfile.TemporaryDirectory(prefix="worker-package-")
        return flags.with_words(f"--extra_package={build_worker_package(Path(self._folder.name))}")

    def job_page(self, result: Any) -> str:
        from apache_beam.options.pipeline_options import GoogleCloudOptions

        cloud = result._options.view_as(GoogleCloudOptions)
        job = f"{cloud.region}/{result.job_id()}"
        return f"https://console.cloud.google.com/dataflow/jobs/{job}?project={cloud.project}"

    def cause(self, error: Exception) -> str:
        # Google's services answer in JSON, of which the message is what a person wants to read.
        found = _GOOGLE_MESSAGE.search(str(error))
        return found[1] if found else super().cause(error)


def build_worker_package(folder: Path) -> Path:
    """Builds the wheel that workers install, with what prepares a corpus, into ``folder``; the checkout stays as it is.

    Raises:
        RuntimeError: if setuptools fails, with its output.
    """
    with tempfile.TemporaryDirectory(prefix="worker-package-") as scratch:
        command = [sys.executable, "setup.py", "--quiet", "egg_info", f"--egg-base={scratch}"]
        command += ["build", f"--build-base={scratch}", "bdist_wheel", f"--dist-dir={folder.absolute()}"]
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"the package for the workers could not be built: {done.stderr}")
    (wheel,) = folder.glob("*.whl")
    return wheel
