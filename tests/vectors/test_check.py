"""The checker rejects what is wrong, by however little, and never passes for want of anything to compare."""

from dataclasses import replace

import numpy as np
import pytest

from sabcore.compare.tensors import compare
from sabcore.errors import FormatError
from sabcore.model.config import SABConfig
from sabcore.vectors.check import ALLOWED, check, find, recompute
from sabcore.vectors.make import draw


def with_expected(vector, **changed):
    return replace(vector, expected={**vector.expected, **{k.replace("__", "."): v for k, v in changed.items()}})


def failures(reports):
    return {report.name for report in reports if not report.passed}


def test_a_right_vector_passes(vector):
    reports = check(vector)
    assert not failures(reports)
    assert [report.name for report in reports] == list(vector.expected)
    assert {"y", "h", "c", "s", "grad.x", "grad.h0", "grad.c0", "grad.W_q"} <= set(vector.expected)


@pytest.mark.parametrize("name", ["y", "h", "c", "s", "grad.x", "grad.h0", "grad.W_q", "grad.d"])
def test_a_part_in_a_million_is_too_much(vector, name):
    wrong = with_expected(vector, **{name: vector.expected[name] * (1 + 1e-6)})
    assert failures(check(wrong)) == {name}


def test_one_wrong_element_is_found(vector):
    y = vector.expected["y"].copy()
    y[5, 1, 2] += 1e-5
    (report,) = [report for report in check(with_expected(vector, y=y)) if not report.passed]
    assert (report.name, report.index) == ("y", (5, 1, 2))
    assert report.want == y[5, 1, 2]
    assert report.got == pytest.approx(y[5, 1, 2] - 1e-5, abs=1e-12)
    assert report.error == pytest.approx(1e-5 / np.abs(y).max(), rel=1e-9)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_what_is_not_a_number_fails(vector, wrong):
    got = recompute(vector)
    got["grad.W_q"] = got["grad.W_q"].copy()
    got["grad.W_q"][1, 2] = wrong
    (report,) = [report for report in compare(got, vector.expected, 1e-9) if not report.passed]
    assert (report.index, report.error) == ((1, 2), np.inf)
    got["grad.W_q"][:] = wrong
    assert failures(compare(got, vector.expected, 1e-9)) == {"grad.W_q"}


def test_what_was_not_computed_fails(vector):
    got = recompute(vector)
    del got["grad.b"]
    got["y"] = got["y"][:-1]
    reports = {report.name: report for report in compare(got, vector.expected, 1e-9)}
    assert failures(reports.values()) == {"grad.b", "y"}
    assert "not computed" in str(reports["grad.b"].reason)
    assert "(6, 2, 4), but should have (7, 2, 4)" in str(reports["y"].reason)


def test_nothing_to_compare_is_an_error(vector):
    with pytest.raises(FormatError, match="at least one"):
        check(replace(vector, expected={}))


def test_wrong_where_zero_is_wanted(vector):
    zero = with_expected(vector, **{"grad.W_q": np.zeros((6, 5))})
    assert failures(check(zero)) == {"grad.W_q"}


def cancelling(seed):
    """A vector whose grad.u_q is zero: a threshold's read does not depend on a separable score's query."""
    fields = {"k_top": 1, "score": "separable", "margin": -1e-7}
    config = SABConfig.paper(input_size=3, hidden_size=5, output_size=4, **fields)
    drawn = draw(config, T=11, B=2, seed=seed)
    expected = recompute(drawn)
    return replace(drawn, expected=expected | {"grad.u_q": np.zeros(5)})


@pytest.mark.parametrize("seed", [21, 179, 237, 298, 421])
def test_rounding_noise_where_zero_is_wanted_passes(seed):
    """Scores nearly tie in these, and up to 600 roundings of the largest gradient are left over."""
    vector = cancelling(seed)
    assert not failures(check(vector))
    noise = np.abs(recompute(vector)["grad.u_q"]).max()
    largest = max(np.abs(value).max() for name, value in vector.expected.items() if name.startswith("grad."))
    wrong = with_expected(vector, grad__u_q=np.full(5, max(1e-6 * largest, 1e3 * noise)))
    assert failures(check(wrong)) == {"grad.u_q"}


def test_a_small_gradient_is_compared_with_itself():
    """Not with the largest one: a gradient ten times off is found at a millionth of the others' size, or far below."""
    want = {"grad.b": np.ones(3), "grad.x": np.full(3, 1e-12)}
    assert failures(compare({**want, "grad.x": np.full(3, 1e-11)}, want, 1e-9)) == {"grad.x"}


def test_float32_files_are_computed_in_float64(vector):
    def narrow(value):
        return value.astype(np.float32)

    inputs = replace(vector, x=narrow(vector.x), dy=narrow(vector.dy), h0=narrow(vector.h0), c0=narrow(vector.c0))
    inputs = replace(inputs, params={name: narrow(value) for name, value in vector.params.items()})
    expected = recompute(inputs)
    assert not failures(check(replace(inputs, expected=expected)))
    single = replace(inputs, expected={name: narrow(value) for name, value in expected.items()})
    reports = check(single)
    assert not failures(reports)
    assert {report.allowed for report in reports} == {ALLOWED["float32"]}
    assert max(report.error for report in reports) < 1e-7
    assert failures(check(with_expected(single, y=single.expected["y"] * np.float32(1.001)))) == {"y"}


def test_an_absent_initial_state_is_zeros(vector):
    zeros = np.zeros_like(vector.h0)
    absent, given = replace(vector, h0=None, c0=None), replace(vector, h0=zeros, c0=zeros)
    for name, value in recompute(given).items():
        np.testing.assert_array_equal(recompute(absent)[name], value)


@pytest.mark.filterwarnings("error")
def test_huge_numbers_fail_without_a_warning(vector):
    huge = replace(vector, params={**vector.params, "V_h": np.full((4, 5), 1e308)}, x=vector.x * 1e300)
    assert "y" in failures(check(huge))


def test_a_folder_stands_for_its_files(good, tmp_path):
    (tmp_path / "other.txt").write_text("not a vector")
    assert find([tmp_path]) == [good]
    (tmp_path / "empty").mkdir()
    with pytest.raises(FormatError, match="empty holds no"):
        find([tmp_path / "empty"])


@pytest.mark.parametrize(("dtype", "bar"), [("float64", 1e-9), ("float32", 2.0**-14)])
def test_the_bar_stands_where_it_is_said_to(vector, dtype, bar):
    """1e-9, or 2^-14 where the wanted values are float32: an error just below passes, one just above does not."""
    y = vector.expected["y"]
    row = np.unravel_index(np.abs(y).argmax(), y.shape)
    for off, passes in ((0.9 * bar, True), (1.1 * bar, False)):
        moved = y.copy()
        moved[row] *= 1 + off
        changed = with_expected(vector, y=moved.astype(dtype))
        assert (failures(check(changed)) == set()) == passes, off
