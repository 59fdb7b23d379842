"""The curves that a run recorded."""

from collections.abc import Mapping, Sequence
from contextlib import suppress


def read_curves(run_id: str, charts: Mapping[str, Sequence[str]]) -> dict[str, dict[str, list[tuple[int, float]]]]:
    """What a run recorded by step: chart → metric → (step, value).

    Args:
        run_id: of the run; empty, or that of a run that is gone: there are no curves then.
        charts: chart → the metrics that belong to it. Those with one value are no curve.
    """
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    found = {}
    with suppress(MlflowException):
        client = MlflowClient()
        recorded = client.get_run(run_id).data.metrics if run_id else {}
        for chart, metrics in charts.items():
            histories = {name: client.get_metric_history(run_id, name) for name in metrics if name in recorded}
            curves = {name: [(m.step, m.value) for m in history] for name, history in histories.items()}
            found[chart] = {name: curve for name, curve in curves.items() if len(curve) > 1}
    return {chart: curves for chart, curves in found.items() if curves}
