"""Goes back to the champion before the present one: ./nmt rollback"""

from dataclasses import dataclass

from components.parameters import select
from components.tracking import check_tracking
from components.tracking.registry import model_name_parameter, roll_back
from pipelines import cli

ABOUT = "Makes the previous champion the champion again; a second time undoes that."


@dataclass(frozen=True)
class RollbackParameters:
    """Of which model."""

    model_name: str = model_name_parameter("the registered model")


def main(argv: list[str]) -> None:
    run(select(RollbackParameters, cli.parse(argv, "rollback", ABOUT, [RollbackParameters])))


def run(parameters: RollbackParameters) -> None:
    """Exchanges the aliases ``champion`` and ``previous-champion``.

    Raises:
        InputError: if there is nothing to go back to.
    """
    check_tracking()
    version = roll_back(parameters.model_name)
    print(f"{parameters.model_name} version {version} is the champion again")


if __name__ == "__main__":
    cli.run(main, label="rollback")
