"""Section `ensembles`: runs whose prediction maps are averaged."""

from typing import Annotated, Final, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from nerveseg.errors import InputError
from nerveseg.params.section import Section
from nerveseg.params.train import BASELINES, RUN_NAME, ModelsParams

Combine = Literal["logits", "probabilities"]

EXTERNAL: Final = "external/"
"""What the name of a member begins with that was trained elsewhere; it is its folder as well."""


def is_external(member: str) -> bool:
    """Return whether a member of an ensemble is external/NAME instead of a run."""
    name = member.removeprefix(EXTERNAL)
    return name != member and RUN_NAME.fullmatch(name) is not None


class Ensemble(Section):
    """One ensemble.

    Attributes:
        runs: `all` runs, or a list of keys of `models` and of external members such as
            external/nnunet.
        combine: what is averaged, logits or probabilities.
        select: `all` weighs the runs equally; `greedy` adds runs one by one, with replacement, as
            long as the Dice on validation frames rises.
    """

    runs: Literal["all"] | Annotated[list[str], Field(min_length=1)]
    combine: Combine
    select: Literal["all", "greedy"]

    @model_validator(mode="after")
    def _runs_differ(self) -> Self:
        if isinstance(self.runs, list) and len(set(self.runs)) < len(self.runs):
            raise ValueError("a run is listed twice; list each once")
        return self

    def members(self, models: ModelsParams) -> list[str]:
        """Return the names of its runs and external members."""
        return models.names() if self.runs == "all" else list(self.runs)


class EnsemblesParams(Section):
    """The ensembles: a name of your choice for each; none by default."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Ensemble]

    @model_validator(mode="after")
    def _names_can_name_files(self) -> Self:
        for name in self.names():
            if not RUN_NAME.fullmatch(name) or name in BASELINES:
                raise ValueError(
                    f"'{name[:40]}' cannot name an ensemble: its files are called like it; use "
                    f"letters, digits, '_' and '-', and neither {' nor '.join(BASELINES)}"
                )
        return self

    def names(self) -> list[str]:
        """Return the names of the ensembles, in the order of the file."""
        return list(self.__pydantic_extra__ or {})

    def titles(self) -> dict[str, str]:
        """Return the title of each ensemble in tables and figures."""
        return {name: f"Ensemble {name}" for name in self.names()}

    def ensemble(self, name: str) -> Ensemble:
        """Return the ensemble called `name`.

        Raises:
            InputError: it is not listed.
        """
        if name not in self.names():
            raise InputError(
                f"params.yaml: ensembles.{name}: no such ensemble; there are "
                f"{', '.join(self.names()) or 'none'}"
            )
        return self.__pydantic_extra__[name]
