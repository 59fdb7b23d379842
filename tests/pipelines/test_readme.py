"""What the README says that can be checked without doing it."""

from pipelines.parameter_table import README, with_table


def test_the_table_of_parameters_is_what_the_parameters_make_it() -> None:
    readme = README.read_text(encoding="utf-8")
    assert readme == with_table(readme), "python -m pipelines.parameter_table"
