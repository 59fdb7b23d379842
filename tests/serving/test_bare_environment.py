"""A client elsewhere: an environment made from the model's own requirements and nothing else (slow; needs PyPI)."""

import os
import shutil
import subprocess
from pathlib import Path

import mlflow
import pytest

from components.serving.package import log_translator

CODE = """
import mlflow, sys
model = mlflow.pyfunc.load_model("models:/nmt-en-fr@champion")
print(model.predict(["A man rides a bicycle."], params={"beam_width": 1}))
unwanted = {"apache_beam", "tensorflow_addons", "components.model", "pipelines"} & set(sys.modules)
assert not unwanted, unwanted
"""


@pytest.mark.slow
def test_champion_translates_in_an_environment_made_from_its_requirements(
    exported: tuple[Path, Path], tmp_path: Path, tracking_uri: str
) -> None:
    uv = shutil.which("uv")
    if not uv:
        pytest.skip("needs uv")
    with mlflow.start_run():
        version = mlflow.register_model(log_translator(*exported).model_uri, "nmt-en-fr").version
    mlflow.MlflowClient().set_registered_model_alias("nmt-en-fr", "champion", version)
    requirements = mlflow.pyfunc.get_model_dependencies("models:/nmt-en-fr@champion")

    python = tmp_path / "bare/bin/python"
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    for command in (
        [uv, "venv", "--python", "3.11", tmp_path / "bare"],
        [uv, "pip", "install", "--python", python, "-r", requirements],
    ):
        subprocess.run(command, check=True, env=clean)
    # Not in the checkout, where `components` could be imported from.
    environment = {**clean, "MLFLOW_TRACKING_URI": tracking_uri}
    done = subprocess.run([python, "-c", CODE], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "A man rides a bicycle." in done.stdout
