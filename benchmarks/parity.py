"""The networks compared with independent transcriptions: `python -m benchmarks.parity`.

All weights, statistics and gammas are random, and everything is computed in float64. The table
gives the spread of the logits and their largest difference, in eval mode and of all heads in
training mode, then the same of the gradients of one training step. The transcriptions are in
`tests/models/transcription`.
"""

import argparse
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests/models"))

from transcription.cases import CASES


def main() -> None:
    """Print the table, one line after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--width", type=int, default=16, help="width of every network")
    parser.add_argument("--channels", type=int, default=3, help="channels of the images")
    options = parser.parse_args()
    columns = ("parameters", "logits", "difference", "gradients", "difference")
    print(f"{'width ' + str(options.width):28}" + "".join(f"{each:>12}" for each in columns))
    for name, case in CASES.items():
        parity = case.parity(options.width, options.channels)
        print(
            f"{name:28}{case.parameters(options.width, options.channels):12,}"
            f"{parity.spread:12.1e}{parity.output:12.1e}{parity.slope:12.1e}{parity.gradient:12.1e}",
            flush=True,
        )


if __name__ == "__main__":
    main()
