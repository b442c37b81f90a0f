"""What people read agrees with what was decided."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nerveseg.artefact.decision import DecisionRule, State
from nerveseg.bedside.latency import Latency
from nerveseg.bedside.words import in_words, rounded

RULE = DecisionRule()


def state_of(probability: float, *, outlined: bool) -> State:
    if outlined:
        return "nerve" if probability >= RULE.sure_nerve else "unsure"
    return "none" if probability <= RULE.sure_none else "unsure"


@given(st.floats(0, 1), st.booleans(), st.sampled_from([2, 4]))
def test_the_probability_that_is_shown_has_the_state(
    probability: float, outlined: bool, digits: int
) -> None:
    state = state_of(probability, outlined=outlined)
    shown = rounded(state, probability, digits, outlined=outlined)
    assert state_of(shown, outlined=outlined) == state
    assert shown == pytest.approx(probability, abs=1.01 * 10**-digits)
    assert float(f"{shown:.{digits}f}") == shown
    assert rounded(state, shown, digits, outlined=outlined) == shown


def test_a_finding_just_below_a_bound_is_shown_below_it() -> None:
    assert in_words("unsure", 0.7499, 12, None) == "unsure 0.74, 12 px"
    assert in_words("unsure", 0.2501, 0, None) == "unsure 0.26"
    assert in_words("nerve", 0.7501, 12, 3.0) == "nerve 0.75, 12 px, 3.0 mm2"


@pytest.mark.parametrize(("frames", "said"), [(0, "0 frames"), (1, "1 frame"), (2, "2 frames")])
def test_one_frame_is_singular(frames: int, said: str) -> None:
    latency = Latency()
    latency.count(shown=frames)
    assert latency.lines()[-1] == f"{said} shown, 0 dropped"
