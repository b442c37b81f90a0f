"""The table of networks, against numbers worked by hand."""

import re

import pytest
import torch
from torch import nn

from nerveseg.cli.main import call
from nerveseg.data.sampler import LEAST
from nerveseg.errors import InputError
from nerveseg.models.complexity import LiveBytes, multiply_adds, on_meta, step_memory
from nerveseg.models.registry import NETWORKS
from nerveseg.params.results import CostParams


def test_multiply_adds_of_one_convolution() -> None:
    layer = nn.Conv2d(3, 5, 3, padding=1, device="meta")
    assert multiply_adds(layer, 3, (8, 10)) == 3 * 5 * 9 * 80


def test_live_bytes_counts_what_is_alive_at_once() -> None:
    with LiveBytes() as live:
        first = torch.empty(100, device="meta")  # 400 bytes
        second = first + 1  # 800
        del first  # 400
        third = second.view(10, 10)  # a view: nothing new
        del second
        third = third * 2  # 800, then 400
    assert live.peak == 800
    assert live.now == third.nbytes == 400


def test_memory_of_a_step_grows_with_the_batch_by_its_activations() -> None:
    network = on_meta("unet", 1, {"width": 8})
    one, two, four = (step_memory(network, 1, (64, 64), batch) for batch in (1, 2, 4))
    assert four - two == pytest.approx(2 * (two - one), rel=0.02)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_least_frame_has_a_cost(name: str) -> None:
    # Its deepest maps are a single pixel, of which batch norm needs two.
    side = CostParams.model_json_schema()["properties"]["side"]["minimum"]
    network = on_meta(name, 1, {} if name == "smp" else {"width": 8})
    assert multiply_adds(network, 1, (side, side)) > 0
    assert step_memory(network, 1, (side, side), LEAST) > 0


@pytest.mark.parametrize(("name", "gibibytes"), [("unet", 15), ("baseline", 3)])
def test_memory_at_the_paper_s_settings_is_known(name: str, gibibytes: float) -> None:
    assert step_memory(on_meta(name, 1, {}), 1, (512, 512), 8) / 2**30 == pytest.approx(
        gibibytes, rel=0.1
    )


def test_the_table_has_a_line_a_network(capsys: pytest.CaptureFixture[str]) -> None:
    call(["models", "rpa_apf", "unet", "--width", "8", "--size", "64", "96"])
    heading, first, second, *legend = capsys.readouterr().out.splitlines()
    assert " ".join(heading.split()) == "network paper parameters GMACs latency training step"
    assert first.startswith("rpa_apf  RPA/APF (ours), Wu et al., AAAI 2021")
    assert second.startswith("unet ")
    assert second.endswith("GiB")
    assert all(re.search(r" \d+\.\d \(\d+\.\d to \d+\.\d\) ms ", line) for line in (first, second))
    assert any(line.endswith("median (quartiles) of 5 passes.") for line in legend)


def test_the_table_names_a_network_that_is_not_there() -> None:
    with pytest.raises(InputError, match=r"no network is called 'vnet'; there are baseline"):
        call(["models", "vnet"])
