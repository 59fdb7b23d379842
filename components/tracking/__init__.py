"""Everything that knows MLflow's client API: run tree, dataset lineage, registry.

An entry point that tracks does this, after its parameters are parsed and before anything else::

    check_tracking()                                   # one clear line if the store cannot be reached
    with step_run("prepare", parameters) as run:       # an MLflow run; adopted, nested or new, see `step_run`
        run.log_metrics({"kept": 49_000})              # never waits, never raises because a server is away
        run.log_metrics({"loss": 1.5}, step=200)
        run.log_artifact(folder / "manifest.json")     # a file or a folder; `folder="report"` puts it under report/
        run.log_text("…", "report/summary.md")
        run.log_table({"source": […], "translation": […]}, "translations.json")     # sortable in the UI
        run.log_dataset(folder, manifest, context="training")
        run.set_tags({"corpus": "sample"})
        mlflow.pyfunc.log_model(…)                     # inside the block, MLflow's own functions mean this run

The block's end decides the status: FINISHED; FAILED with the reason as tag ``failure``; KILLED when interrupted.
``run.run_id`` is the run's id. ``gate.decide`` registers a model and makes it the champion if it deserves it.

Nothing here imports MLflow before it is called: that takes 3 seconds, and ``--help`` and refusals need none of it.
"""

from components.tracking.run import StepRun
from components.tracking.step import check_tracking, label_opened_run, mark_failed, step_run

__all__ = ["StepRun", "check_tracking", "label_opened_run", "mark_failed", "step_run"]
