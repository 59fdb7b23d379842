"""What is in deploy/ names only what there is: metrics, parameters, paths, packages."""

import json
import re
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from components.server.application import Application
from components.server.glossary import Glossary
from components.server.keys import Keys
from components.server.metrics import Metrics
from components.server.scoring import Limits
from components.server.server import ServeParameters

DEPLOY = Path(__file__).parents[1] / "deploy"
CONTAINERS = {
    "compose": yaml.safe_load((DEPLOY / "server/compose.yaml").read_text())["services"]["translate"]["command"],
    "kubernetes": next(
        document["spec"]["template"]["spec"]["containers"][0]["args"]
        for document in yaml.safe_load_all((DEPLOY / "server/kubernetes.yaml").read_text())
        if document["kind"] == "Deployment"
    ),
}


def measured() -> set[str]:
    metrics = Metrics()
    metrics.answered("/translate", 200, 0.1)
    families = text_string_to_metric_families(metrics.page(None, 0).decode())
    names = {sample.name for family in families for sample in family.samples}
    # Those that are there once a model answers.
    return names | {"nmt_model_info", "nmt_drift_psi", "nmt_tokens_total"}


def named(text: str) -> set[str]:
    return set(re.findall(r"\b(?:nmt|process)_\w+", text))


def test_dashboard_and_alerts_show_what_is_measured() -> None:
    dashboard = json.loads((DEPLOY / "grafana-dashboard.json").read_text())
    alerts = yaml.safe_load((DEPLOY / "prometheus-alerts.yaml").read_text())
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    expressions += [rule["expr"] for group in alerts["groups"] for rule in group["rules"]]
    asked = named(" ".join(expressions))
    assert len(asked) > 10
    assert asked - measured() == set()
    assert named((DEPLOY / "server/kubernetes.yaml").read_text()) <= measured()


@pytest.mark.parametrize("where", CONTAINERS)
def test_parameters_are_those_of_serve(where: str) -> None:
    given = {argument.partition("=")[0].removeprefix("--") for argument in CONTAINERS[where]}
    assert given - {field.name for field in fields(ServeParameters)} == set()


def test_probes_ask_what_is_answered() -> None:
    models: Any = SimpleNamespace(current=None, refused="")
    routes = Application(models, Limits(), 1, Keys(), Glossary({}))._routes
    text = (DEPLOY / "server/kubernetes.yaml").read_text() + (DEPLOY / "server/Dockerfile").read_text()
    assert set(re.findall(r"(?:path: |:5001)(/\w+)", text)) == {"/live", "/ready"} < routes.keys()


def test_the_image_is_made_of_what_is_here() -> None:
    dockerfile = (DEPLOY / "server/Dockerfile").read_text()
    project = DEPLOY.parent
    for source in re.findall(r"^COPY (?!--)(\S+)", dockerfile, re.MULTILINE):
        assert (project / source).exists(), source
    packages = dockerfile.partition("--constraint constraints.txt \\\n")[2].partition("\n\n")[0].split()
    locked = (project / "requirements.lock").read_text()
    assert len(packages) > 5
    assert [package for package in packages if not re.search(rf"^{package}==", locked, re.MULTILINE)] == []
