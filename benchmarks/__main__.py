"""Run every benchmark, store the measurements and write the tables: `make bench`.

python -m benchmarks [NAME ...] runs the named modules, or all those that define `measure`.
python -m benchmarks --table only writes the tables, from the stored measurements.
"""

import argparse
import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.machine import describe
from benchmarks.side_by_side import print_table

HERE = Path(__file__).parent
RESULTS = HERE / "results"
BEGIN, END = "<!-- table: written by python -m benchmarks -->\n", "<!-- end of the table -->\n"


def main() -> None:
    """Measure, store the results and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=None)
    parser.add_argument("--table", action="store_true", help="write the tables, do not measure")
    options = parser.parse_args()
    for name in [] if options.table else options.names or list(_modules()):
        about = describe(f"python -m benchmarks {name}")  # the load before, not after
        results = importlib.import_module(f"benchmarks.{name}").measure()
        print_table(results)
        _keep(name, {**about, "results": results})
    _write_tables()


def _modules() -> Iterator[str]:
    for path in sorted(HERE.glob("*.py")):
        if "\ndef measure()" in path.read_text():
            yield path.stem


def _keep(name: str, record: dict[str, Any]) -> None:
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n")


def _write_tables() -> None:
    readme = HERE / "README.md"
    before, _, rest = readme.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    tables = [_table(json.loads((RESULTS / f"{name}.json").read_text())) for name in _kept()]
    tables += [
        _gpu_table(json.loads(path.read_text())) for path in sorted(RESULTS.glob("gpu*.json"))
    ]
    readme.write_text(before + BEGIN + "\n".join(tables) + END + after)


def _kept() -> list[str]:
    return [name for name in _modules() if (RESULTS / f"{name}.json").exists()]


def _table(record: dict[str, Any]) -> str:
    machine = record["machine"]
    head = (
        f"`{record['command']}`, {record['date'][:10]}, {machine['processor']}, "
        f"{machine['cores']} cores, torch {record['versions']['torch']}\n\n"
        "| | ours | peer or limit | unit | ratio | bar | |\n|---|--:|--:|---|--:|--:|---|\n"
    )
    rows = [
        f"| {name} | {row['ours']:.4g} | {row['peer']:.4g} | {row['unit']} | {row['ratio']:.2f} | "
        f"{row['bar']:g} | {'' if row['ratio'] >= row['bar'] else 'below the bar'} |\n"
        for name, row in record["results"].items()
    ]
    return head + "".join(rows) + "\n"


def _gpu_table(record: dict[str, Any]) -> str:
    machine, settings = record["machine"], record["settings"]
    head = (
        f"`{record['command']}`, {record['date'][:10]}, {machine['device']}, torch "
        f"{machine['torch']}, {settings['size']} x {settings['size']}, batch {settings['batch']}; "
        "images per second\n\n| network | plain TF32 | recorded | compiled | roof, op by op | "
        "best / plain | best / roof | MFU | warm-up s | compile s (all at once) | peak GiB |\n"
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n"
    )
    rows = [f"| {name} | {_gpu_row(row)} |\n" for name, row in record["networks"].items()]
    total = ", ".join(
        f"{key.removesuffix('_training_minutes')} {value:.0f} min"
        for key, value in record.get("total", {}).items()
    )
    alone = ", ".join(
        f"{name} {seconds:.0f} s"
        for name, seconds in record.get("compile_seconds_alone", {}).items()
    )
    epochs = ", ".join(
        f"{name} {100 * row['share_outside']:.1f}%"
        for name, row in record.get("epochs", {}).items()
        if isinstance(row, dict)
    )
    return (
        f"{head}{''.join(rows)}\nAll networks, 70 epochs of 4508 frames: {total or 'unmeasured'}. "
        f"Start and compilation of one network alone, nothing cached: {alone or 'unmeasured'}. "
        f"Share of an epoch outside the steps: {epochs or 'unmeasured'}.\n\n"
    )


def _gpu_row(row: dict[str, Any]) -> str:
    modes = [mode for mode in ("recorded", "compiled") if f"{mode}_images_per_second" in row]
    best = max(modes, key=lambda mode: row[f"{mode}_images_per_second"], default="recorded")
    cells = [
        ("plain_images_per_second", ".0f"),
        ("recorded_images_per_second", ".0f"),
        ("compiled_images_per_second", ".0f"),
        ("roof_images_per_second", ".0f"),
        (f"{best}_times_plain", ".2f"),
        (f"{best}_of_roof", ".2f"),
        (f"{best}_mfu", ".2f"),
        ("recorded_warm_up_seconds", ".1f"),
        ("compile_seconds_all_at_once", ".0f"),
        (f"{best}_peak_gib", ".1f"),
    ]
    return " | ".join(format(row[key], form) if key in row else "unmeasured" for key, form in cells)


if __name__ == "__main__":
    main()
