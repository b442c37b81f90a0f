"""The JSON file beside an exported model: what turns its probabilities into decisions."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError, field_serializer

from nerveseg.artefact.decision import DecisionRule
from nerveseg.atomic import whole_file
from nerveseg.engines.agreement import Agreement
from nerveseg.engines.sessions import beside_of
from nerveseg.errors import InputError

Precision = Literal["fp32", "int8"]


class Beside(BaseModel):
    """What an exported model does not hold itself.

    Attributes:
        frame: height and width of its frames.
        views: names of the views of test-time augmentation inside.
        precision: in which it computes.
        rule: from probabilities to decisions.
        agreement: of its masks with those of torch, when it was written.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    frame: tuple[int, int]
    views: list[str]
    precision: Precision
    rule: DecisionRule
    agreement: Agreement

    @field_serializer("agreement")
    def _named(self, agreement: Agreement) -> dict[str, float | int]:
        return agreement._asdict()


def write_beside(model: Path, beside: Beside) -> None:
    """Write the file beside `model`."""
    with whole_file(beside_of(model)) as new:
        new.write_text(f"{beside.model_dump_json(indent=2)}\n", encoding="utf-8")


def read_beside(model: Path) -> Beside:
    """Read the file beside `model`.

    Raises:
        InputError: it is missing or malformed.
    """
    path = beside_of(model)
    try:
        return Beside.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(
            f"{path}: not readable ({error.strerror}); keep it beside {model.name}, or export the "
            "model again"
        ) from error
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"]))
        raise InputError(f"{path}: {where}: {fault['msg']}; export the model again") from error
