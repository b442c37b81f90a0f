"""Turn the prediction maps of one run into masks: its submission, and its validation masks."""

from pathlib import Path

from nerveseg.data.packed import TEST_TABLE, read_test
from nerveseg.data.split_table import read_split
from nerveseg.errors import run
from nerveseg.inference.decision_file import read_decision
from nerveseg.inference.encode import encode_test, encode_valid
from nerveseg.run_arguments import parse_run


def main() -> None:
    """Write submissions/RUN.csv and data/masks/RUN.csv."""
    name, maps = parse_run(__doc__)
    decision = read_decision(Path(f"data/decisions/{name}.json"))
    split = read_split(Path("data/split.csv"))
    encode_valid(maps / "valid.b2nd", split, Path(f"data/masks/{name}.csv"), decision)
    images = read_test(Path("data/packed") / TEST_TABLE)
    encode_test(maps / "test.b2nd", images, Path(f"submissions/{name}.csv"), decision)


if __name__ == "__main__":
    run(main)
