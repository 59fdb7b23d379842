"""Prepares a parallel corpus: cleaned, split, tokenized, encoded, bucketed TFRecords and their manifest.

Usage: python -m pipelines.prepare --corpus 'PATH.{en,fr}' [--data_dir FOLDER] …; ``--help`` lists the parameters.
"""

import dataclasses
from contextlib import ExitStack

from components.corpus.destination import Destination
from components.corpus.parameters import PrepareParameters
from components.corpus.plan import Plan, make_plan
from components.dataset.manifest import Manifest
from components.dataset.warnings import oov_warnings, too_few_records
from components.errors import retry_while_busy
from components.evaluation.corpus_page import corpus_page
from components.parameters import forced_steps
from components.tracking import check_tracking, step_run
from components.tracking.cache import find_finished, mark_reused, remember
from components.tracking.description import short_corpus
from components.translation.judges import find_judges
from pipelines import cli
from pipelines.base import Base, with_base
from pipelines.local_dataset import DATA

STEP = "prepare"


def plan_of(parameters: PrepareParameters, base: Base | None = None) -> Plan:
    """The plan for parameters; ``base`` is the model that ``base_model`` names, if it is opened already.

    Raises:
        InputError: see :func:`components.corpus.plan.make_plan`.
    """
    base = base or Base.open(parameters.base_model)
    judges = find_judges(parameters.filter_model, parameters.source_language, parameters.target_language)
    return make_plan(parameters, base.for_corpus if base else None, judges)


def run(parameters: PrepareParameters, plan: Plan | None = None) -> str:
    """Prepares a corpus, or finds it prepared.

    Args:
        parameters: what to prepare, and how.
        plan: of these parameters, if it is made already.

    Returns:
        Where the dataset is: a folder, or what else ``data_dir`` names.

    Raises:
        InputError: on parameters or files that cannot be worked with; nothing is left behind then.
    """
    plan = plan or plan_of(parameters)
    destination = Destination.of(parameters.data_dir or str(DATA / plan.key))
    forced = STEP in forced_steps(parameters.force)
    return retry_while_busy(lambda: _prepared(plan, destination, forced))


def _prepared(plan: Plan, destination: Destination, forced: bool) -> str:
    parameters = dataclasses.replace(plan.parameters, data_dir=str(destination))
    name = f"{STEP} {short_corpus(parameters.corpus)}"
    found = destination.find_intact()
    if found and found.key == plan.key and not forced:
        print(f"prepare: {destination} holds this dataset already, and is used as it is")
        check_tracking()
        earlier = find_finished(STEP, plan.key)
        with step_run(STEP, parameters, name=name) as step:
            mark_reused(step, earlier[0] if earlier else None)
            step.log_dataset(str(destination), found, context=STEP)
        _print_warnings(_warnings(found))
        return str(destination)
    destination.check_replaceable(plan.key, forced)
    check_tracking()
    # Late: importing Beam takes seconds, and what was refused so far needs none of it.
    from components.corpus.preparation import prepare

    scores = None
    if plan.judges:
        from components.translation.pairs import ScorePairs

        scores = ScorePairs(plan.judges)
    # The dataset is moved to its folder within the run, which fails if that does. What is refused before opens no run.
    with ExitStack() as staging:
        directory = staging.enter_context(destination.staged())
        with step_run(STEP, parameters, name=name) as step:
            for parameter, sources in plan.corpora.items():
                for source in sources:
                    step.log_corpus(source.name, source.digest(), context=parameter)
            manifest, figures = prepare(plan, directory, scores)
            step.log_metrics(metrics(manifest) | figures)
            step.log_artifact(directory.folder / "manifest.json")
            step.log_text(corpus_page(manifest), "corpus.html")
            step.log_dataset(str(destination), manifest, context=STEP)
            warnings = _warnings(manifest)
            if warnings:
                step.set_tags({"warning": "; ".join(warnings)})
                step.describe("\n\n".join(f"**Warning**: {warning}" for warning in warnings))
            staging.close()
            remember(step, plan.key, {"fingerprint": manifest.fingerprint})
    print(f"prepare: {destination}: {summary(manifest)}")
    if manifest.counts.kept < manifest.counts.read:
        print(f"prepare: {destination}/rejected lists each line that was not kept: where it stood, and why")
    _print_warnings(warnings)
    return str(destination)


def _print_warnings(warnings: list[str]) -> None:
    for warning in warnings:
        print(f"prepare: warning: {warning}")


def _warnings(manifest: Manifest) -> list[str]:
    """What training on the dataset will suffer from, or refuse."""
    return [f"there are {what}" for what in too_few_records(manifest)] + oov_warnings(manifest)


def metrics(manifest: Manifest) -> dict[str, float]:
    """The numbers of a dataset that are worth comparing between runs."""
    counts = manifest.counts
    return {
        "pairs_read": counts.read,
        "pairs_kept": counts.kept,
        "pairs_duplicate": counts.duplicates,
        **{f"rejected_{rule}": lines for rule, lines in counts.rejected.items()},
        **{f"{split}_records": manifest.records(split) for split in manifest.splits},
        "train_draws": manifest.draws(),
        **{f"{side}_oov_rate": facts.oov_rate for side, facts in manifest.vocabularies.items()},
        **{
            f"{split}_{side}_oov_rate": share
            for split, sides in manifest.statistics["unknown"].items()
            for side, share in sides.items()
            if split != "train"
        },
    }


def summary(manifest: Manifest) -> str:
    """A dataset in one line."""
    counts = manifest.counts
    rejected = ", ".join(f"{rule} {lines:,}" for rule, lines in counts.rejected.items())
    splits = ", ".join(f"{split} {manifest.records(split):,}" for split in manifest.splits)
    vocabularies = ", ".join(
        f"{facts.size:,} tokens of {facts.language}"
        + (" (there are no more)" if not manifest.base and facts.size < manifest.parameters["vocab_size"] else "")
        for facts in manifest.vocabularies.values()
    )
    words = manifest.statistics.get("words", [])
    mix = ", ".join(f"{word['word']} {word['draws']:,}" for word in words)
    drawn = f"; an epoch draws {mix}" if any(word["weight"] != 1 for word in words) else ""
    return (
        f"{counts.read:,} pairs read, {counts.kept:,} kept ({splits}), {counts.duplicates:,} duplicates,"
        f" {sum(counts.rejected.values()):,} rejected{f' ({rejected})' if rejected else ''}{drawn}; {vocabularies};"
        f" fingerprint {manifest.fingerprint[:16]}…"
    )


def main(argv: list[str]) -> None:
    values, base = with_base(cli.parse(argv, STEP, __doc__.splitlines()[0], [PrepareParameters]))
    parameters = cli.select(PrepareParameters, values)
    run(parameters, plan_of(parameters, base))


if __name__ == "__main__":
    cli.run(main)
