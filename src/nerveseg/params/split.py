"""Section `split`: which frames train and which validate."""

from typing import Literal, Self

from pydantic import Field, model_validator

from nerveseg.params.section import Section


class SplitParams(Section):
    """Splitting.

    Attributes:
        protocol: subject (no subject on both sides) or image (the paper's, at random).
        folds: number of folds; 5 is the paper's 80/20.
        fold: the one that validates, counted from 0.
        seed: of the shuffling.
        drop_contradictions: leave the frames that the audit doubts out of training.
    """

    protocol: Literal["subject", "image"]
    folds: int = Field(ge=2)
    fold: int = Field(ge=0)
    seed: int = Field(ge=0, lt=1 << 32)
    drop_contradictions: bool

    @model_validator(mode="after")
    def _fold_is_one_of_them(self) -> Self:
        if self.fold >= self.folds:
            raise ValueError(f"fold {self.fold}: the last of {self.folds} is {self.folds - 1}")
        return self
