"""Where the hours of a profile go on one GPU, without one: python -m benchmarks.hours PROFILE.

Updates, validation and prediction are counted on the CPU (`benchmarks.hours.counted`): the time at
the roof of a GPU of the given speeds. `--share` says which part of that roof is expected to be
reached. The other stages are measured here on a smaller scale (`benchmarks.hours.measured`):
`--measure` does so and keeps it under `benchmarks/results`, where it is read from otherwise. The
download, the stages code, check and cost, ensembles, start-up and compilation are not counted, and
every update counts as one of whole frames and a whole batch, whatever `train.half_size`,
`train.accumulation` and `train.recompute` say.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.hours.counted import Estimate, Frames, Plan, estimates, plan_of
from benchmarks.hours.measured import AFTER, BEFORE, OF_A_RUN, measure, on_the_line
from benchmarks.machine import describe
from benchmarks.profile_params import write_params
from benchmarks.roofline import Ceilings

RESULTS: Final = Path(__file__).resolve().parents[1] / "results"
KAGGLE: Final = Frames(5635, 5508)
"""The competition."""
MOST_VALIDATION: Final = 0.03
"""Bar: time of the validations as a share of the training's."""


def main() -> None:
    """Print the tables of a profile."""
    options = _options()
    record = RESULTS / f"hours_{options.profile.name}.json"
    if options.measure:
        head = describe(f"python -m benchmarks.hours {options.profile} --measure")
        record.write_text(json.dumps(head | measure(options.profile), indent=1) + "\n")
    ceilings = Ceilings(options.teraflops * 1e12, options.terabytes * 1e12)
    with tempfile.TemporaryDirectory() as folder:
        params = write_params(Path(folder), options.profile)
        plan = plan_of(params, Frames(options.frames, options.test_frames))
        found = list(estimates(params, plan, ceilings))
    print("\n".join(table_of_runs(found, options.share)), end="\n\n")
    if record.exists():
        frames = options.frames + options.test_frames
        measured = json.loads(record.read_text())
        print("\n".join(table_of_stages(found, plan, measured, frames, options.share)))
    else:
        print(f"{record} is missing: --measure measures the stages that need no GPU")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("profile", type=Path)
    parser.add_argument("--teraflops", type=float, default=600, help="of large bf16 products")
    parser.add_argument("--terabytes", type=float, default=2.5, help="a second, of large copies")
    parser.add_argument("--share", type=float, default=0.4, help="of the roof that is reached")
    parser.add_argument("--frames", type=int, default=KAGGLE.train, help="training frames")
    parser.add_argument("--test-frames", type=int, default=KAGGLE.test)
    parser.add_argument("--measure", action="store_true", help="measure the stages without a GPU")
    return parser.parse_args()


def table_of_runs(found: Sequence[Estimate], share: float) -> Iterator[str]:
    """Yield a table in Markdown of what every run costs on the GPU.

    Args:
        found: the runs.
        share: of the roof that is reached.
    """
    yield (
        "| run | updates | ms an update, at the roof | training, hours at the roof "
        "| training, hours expected | validation, of training | prediction, hours expected |"
    )
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for each in found:
        hours = each.training / 3600
        yield (
            f"| {each.run} | {each.updates} | {1000 * each.update:.1f} | {hours:.2f} "
            f"| {hours / share:.2f} | {_percent(each.share)} "
            f"| {each.prediction / 3600 / share:.2f} |"
        )
    hours, prediction = (sum(of) / 3600 for of in _columns(found, "training", "prediction"))
    (updates,) = _columns(found, "updates")
    expected = f"{hours / share:.2f} | | {prediction / share:.2f}"
    yield f"| all | {sum(updates)} | | {hours:.2f} | {expected} |"


def table_of_stages(
    found: Sequence[Estimate], plan: Plan, measured: dict[str, Any], frames: int, share: float
) -> Iterator[str]:
    """Yield a table in Markdown of what every stage costs, all runs together.

    Args:
        found: the runs.
        plan: what is done with each of them.
        measured: what `benchmarks.hours.measured.measure` returned.
        frames: training and test frames.
        share: of the roof that is reached.
    """

    def of_processor(stages: Sequence[str], times: str) -> dict[str, float]:
        seconds = measured["seconds"]
        return {f"{stage}{times}": on_the_line(seconds, stage, frames) / 60 for stage in stages}

    times = f" x {len(found)}"
    training, validation, prediction = (
        sum(of) / 60 / share for of in _columns(found, "training", "validation", "prediction")
    )
    trainings = f"train{times}" + f" x {plan.trainings} trainings" * (plan.trainings > 1)
    of_gpu = {
        trainings: training,
        "their validation, besides": validation,
        f"predict{times}": prediction,
    }
    before, after = of_processor(BEFORE, ""), of_processor(AFTER, "")
    of_runs = of_processor(OF_A_RUN, times)
    yield "| stage | minutes | on | known by |"
    yield "|---|--:|---|---|"
    yield from (_stage(*row) for row in before.items())
    for stage, minutes in of_gpu.items():
        yield f"| {stage} | {minutes:.1f} | GPU | estimate |"
    maps = len(found) * plan.maps * measured["seconds_of_a_map"] / 60
    yield _stage(f"its maps{times}, meanwhile", maps)
    yield from (_stage(*row) for row in (of_runs | after).items())
    total = sum(sum(of.values()) for of in (before, of_gpu, of_runs, after))
    yield f"| one after the other, without the maps | {total:.1f} | | |"


def _stage(name: str, minutes: float) -> str:
    return f"| {name} | {minutes:.1f} | processor | measured, scaled |"


def _columns(found: Sequence[Estimate], *names: str) -> Iterator[list[float]]:
    return ([getattr(each, name) for each in found] for name in names)


def _percent(share: float) -> str:
    return f"{share:.1%}" + (" (above the bar)" if share > MOST_VALIDATION else "")


if __name__ == "__main__":
    main()
