"""params.yaml is typed: unknown keys and invalid values are refused, and messages name the key."""

from pathlib import Path
from typing import Self

import pytest
from pydantic import Field, model_validator

from nerveseg.errors import InputError
from nerveseg.params.section import Section, read


class Schedule(Section):
    """A section for these tests."""

    epochs: int = Field(ge=1)
    rate: float


def parse(tmp_path: Path, text: str) -> Schedule:
    path = tmp_path / "params.yaml"
    path.write_text(text)
    return read("schedule", Schedule, path)


def test_a_rate_without_a_point_is_a_number_as_for_dvc(tmp_path: Path) -> None:
    assert parse(tmp_path, "schedule: {epochs: 3, rate: 1e-4}") == Schedule(epochs=3, rate=1e-4)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("schedule: {epochs: 3, rate: 1, epoch: 3}", r"schedule\.epoch: .*not permitted"),
        ("schedule: {epochs: 3}", r"schedule\.rate: .*required"),
        ("schedule: {epochs: 0, rate: 1}", r"schedule\.epochs: .*greater than or equal to 1"),
        ("schedule: {epochs: '3', rate: 1}", r"schedule\.epochs: .*integer"),
        ("schedule: {epochs: true, rate: 1}", r"schedule\.epochs: .*integer"),
        ("schedule: 5", "schedule"),
        ("plan: {}", "section 'schedule' is missing"),
        ("- 1", "expected sections"),
        ("a: [", "not readable as YAML"),
    ],
)
def test_a_wrong_document_is_refused_by_file_and_key(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(InputError, match=message) as error:
        parse(tmp_path, text)
    assert str(tmp_path / "params.yaml") in str(error.value)


def test_a_missing_file_says_in_which_folder_to_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"dvc\.yaml"):
        read("schedule", Schedule, tmp_path / "params.yaml")


def test_a_section_is_frozen(tmp_path: Path) -> None:
    schedule = parse(tmp_path, "schedule: {epochs: 3, rate: 1.0}")
    with pytest.raises(ValueError, match="frozen"):
        schedule.epochs = 4  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("schedule: {epochs: 3, rate: 1, size: 3}", "schedule.size"),
        ("schedule: {epochs: 3, rate: {nfiles: 1}}", "schedule.rate.nfiles"),
        ("schedule: {epochs: 3, rate: [1, {size: 1}]}", "schedule.rate.1.size"),
    ],
)
def test_a_key_that_dvc_would_not_track_is_refused(tmp_path: Path, text: str, key: str) -> None:
    with pytest.raises(InputError, match=f"{key}: DVC's run cache ignores keys of this name"):
        parse(tmp_path, text)


class Pair(Section):
    """A section with a rule over two values."""

    low: int
    high: int

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.low > self.high:
            raise ValueError("low is above high")
        return self


def test_a_fault_of_the_whole_section_does_not_print_the_section(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("pair: {low: 2, high: 1}")
    with pytest.raises(InputError, match=r"params\.yaml: pair: low is above high$"):
        read("pair", Pair, path)


BOMB = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 10)
)


@pytest.mark.parametrize(
    "text", ["schedule: {epochs: &a [*a], rate: 1}", "schedule: &a {b: *a}", BOMB]
)
def test_aliases_without_end_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match=r"more than 100,000 values; an alias \(\*name\) repeats"):
        parse(tmp_path, text)


def test_an_alias_stands_for_its_value(tmp_path: Path) -> None:
    text = "rates: [&rate 0.5]\nschedule: {epochs: 3, rate: *rate}"
    assert parse(tmp_path, text) == Schedule(epochs=3, rate=0.5)


@pytest.mark.parametrize(
    "value", ['!!int ""', '!!float ""', "!!bool maybe", '"\\UFFFFFFFF"', "!!timestamp x"]
)
def test_a_tag_that_does_not_fit_is_one_line(tmp_path: Path, value: str) -> None:
    with pytest.raises(InputError, match=r"params\.yaml: (not readable as YAML|schedule\.epochs)"):
        parse(tmp_path, f"schedule: {{epochs: {value}, rate: 1}}")
