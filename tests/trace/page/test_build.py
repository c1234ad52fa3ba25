"""The page in a real browser: its numbers are the engine's, and it can be used by mouse, keyboard and link."""

import re

import numpy as np
import pytest

from sabcore import SABConfig
from sabcore.trace import EDGES, ByHops, credit
from sabcore.trace.page import build_page
from sabcore.trace.source import random_source

CONFIG = SABConfig.paper(input_size=3, hidden_size=4, output_size=2, k_top=2, k_trunc=3)
SOURCE = random_source(CONFIG, 30, 1)
#: The page keeps a norm to 2.2e-4 of itself and shows four digits, of which the last is rounded.
SHOWN = 5e-4
KEPT = 2.2e-4 + SHOWN


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(build_page(SOURCE), encoding="utf-8")
    return path


@pytest.fixture
def page(browser, html):
    """The page from disk, without a network; any error in its scripts fails the test."""
    context = browser.new_context(offline=True, viewport={"width": 1200, "height": 1400})
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: errors.extend([] if request.url.startswith("file:") else [request.url]))
    page.goto(html.as_uri())
    yield page
    context.close()
    assert errors == []


@pytest.fixture(scope="module")
def found():
    return credit(CONFIG, SOURCE.params, SOURCE.x, SOURCE.dy, labels=ByHops(0))


def go(page, fragment):
    page.evaluate(f"location.hash = {fragment!r}")
    page.wait_for_timeout(50)


def rows(page, table):
    return page.eval_on_selector_all(
        f"#{table} tbody tr", "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
    )


def close(text, want):
    return abs(float(text) - want) <= KEPT * abs(want)


@pytest.mark.parametrize("t", [0, 1, 7, 15, 30])
def test_the_norms_of_a_step_are_the_engines(page, found, t):
    go(page, f"#t={t}")
    shown = dict(rows(page, "edges"))
    assert shown.keys() == set(EDGES)
    largest = max(found.norms[edge].max() for edge in EDGES)
    for edge in EDGES:
        want = found.norms[edge][t, 0]
        assert close(shown[edge], want) or (shown[edge] == "0" and want < 1e-11 * largest), edge


def test_every_read_of_a_step_is_there_with_its_weight_and_credit(page, found):
    t = int(np.bincount(found.reads.step.astype(int)).argmax())
    go(page, f"#t={t}")
    mine = found.reads.step == t
    shown = rows(page, "reads")
    assert len(shown) == mine.sum() > 1
    for row, i in zip(shown, np.flatnonzero(mine), strict=True):
        assert int(row[0]) == found.reads.written[i]
        wanted = found.reads.weight[i], found.reads.value[i], found.reads.score[i]
        assert all(close(text, want) for text, want in zip(row[1:], wanted, strict=True))


def equations(page):
    """Forward and backward, each by name: the number, and the values."""
    shown = page.eval_on_selector_all(
        "#equations dl", "lists => lists.map(list => [...list.children].map(each => each.textContent))"
    )
    lines = [list(zip(*[iter(texts)] * 3, strict=True)) for texts in shown]
    return [{name: (tag, np.array(values.split(), float)) for tag, name, values in each} for each in lines]


def by_hand(found, t):
    """What step t computes, from its recorded states: by the spec's formulas, of the threshold of rank k_top + 1."""
    p, tape, back = SOURCE.params, found.tape, found.steps[t - 1]
    h, c = tape.h_all[:, 0], tape.c_all[:, 0]
    z = p["W_ih"] @ SOURCE.x[t - 1] + p["W_hh"] @ h[t - 1] + p["b"]
    i, f, g, o = np.split(z, 4)
    i, f, o, g = *(1 / (1 + np.exp(-gate)) for gate in (i, f, o)), np.tanh(g)
    new_c = f * c[t - 1] + i * g
    hhat, M = o * np.tanh(new_c), h[1:t]
    a = np.tanh(M @ p["W_m"].T + p["W_q"] @ hhat) @ p["w_a"]
    best = np.argsort(-a, kind="stable")[:3]  # of rank k_top + 1
    a, m = a[best], M[best]
    v = np.maximum(0, a - a[-1] - CONFIG.margin)
    S = v.sum() + CONFIG.eps
    s = v / S @ m
    forward = {"z": z, "i": i, "f": f, "g": g, "o": o, "c": new_c, "hhat": hhat, "q": p["W_q"] @ hhat, "a": a}
    forward |= {"theta": a[-1:], "v": v, "S": np.array([S]), "w": v / S, "s": s, "h": hhat + s}
    forward["y"] = p["V_h"] @ (hhat + s) + p["V_s"] @ s + p["d"]
    dw = m @ back.ds
    da = np.where(v > 0, (dw - dw @ v / S) / S, 0)
    da[-1] -= da.sum()
    slope = p["w_a"] * (1 - np.tanh(m @ p["W_m"].T + p["W_q"] @ hhat) ** 2)
    backward = {"dy": SOURCE.dy[t - 1], "dh": back.dh, "ds": back.dh + p["V_s"].T @ SOURCE.dy[t - 1], "dw": dw}
    backward |= {"da": da, "dq": da @ slope, "dhhat": back.dh + p["W_q"].T @ (da @ slope)}
    dc = back.dc + backward["dhhat"] * o * (1 - np.tanh(new_c) ** 2)
    gates = (
        dc * g * i * (1 - i),
        dc * c[t - 1] * f * (1 - f),
        dc * i * (1 - g**2),
        backward["dhhat"] * np.tanh(new_c) * o * (1 - o),
    )
    return forward, backward | {"dc": back.dc, "dz": np.concatenate(gates)}


@pytest.mark.parametrize("t", [9, 30])
def test_every_number_of_a_step_is_what_its_equation_says(page, found, t):
    go(page, f"#t={t}")
    shown, wanted = equations(page), by_hand(found, t)
    for got, want in zip(shown, wanted, strict=True):
        assert got.keys() == want.keys()
        for name, values in want.items():
            assert got[name][1].shape == values.shape, name
            assert (np.abs(got[name][1] - values) <= SHOWN * np.abs(values) + 1e-12).all(), name
    tags = [{name: tag for name, (tag, _) in each.items()} for each in shown]
    assert tags[0]["theta"] == "S.1"
    assert (tags[0]["v"], tags[0]["S"], tags[0]["w"], tags[0]["s"]) == ("S.2", "S.3", "M.2", "M.3")
    assert (tags[1]["dw"], tags[1]["da"], tags[1]["dz"]) == ("M.3*", "M.2*", "L.1*")


def test_a_path_ends_at_the_loss_and_its_factors_multiply(page):
    page.evaluate("location.hash = '#t=20&read=0'")
    page.wait_for_timeout(50)
    steps = page.eval_on_selector_all("#path li", "items => items.map(item => item.textContent)")
    assert "the loss at step" in steps[-1]
    numbers = [float(step.rsplit(": ")[1].split(" ×")[0]) for step in steps]
    factors = [float(step.split("× ")[1]) for step in steps if "×" in step]
    assert len(factors) == len(numbers) - 1
    assert np.prod(factors) * numbers[-1] == pytest.approx(numbers[0], rel=5e-3)


def test_the_keyboard_moves_zooms_and_chooses(page):
    go(page, "#t=10")
    page.focus("#timeline")
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#step-number") == "11"
    page.keyboard.press("Home")
    assert page.inner_text("#step-number").startswith("0")
    page.keyboard.press("End")
    assert page.inner_text("#step-number") == "30"
    page.keyboard.press("+")
    assert "from=0" not in page.url
    page.keyboard.press("0")
    assert "from=0&to=30" in page.url
    page.keyboard.press("ArrowDown")
    assert re.search(r"read=\d+", page.url)
    assert page.locator("#reads tr[aria-selected=true]").count() == 1


def test_a_drag_zooms_and_a_click_chooses_a_step(page):
    go(page, "#t=10&from=0&to=30")
    box = page.locator("#timeline").bounding_box()
    y = box["y"] + box["height"] - 20
    page.mouse.move(box["x"] + 0.25 * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.75 * box["width"], y, steps=4)
    page.mouse.up()
    view = dict(part.split("=") for part in page.url.split("#")[1].split("&")[:3])
    first, last = int(view["from"]), int(view["to"])
    assert 5 <= first <= 9
    assert 21 <= last <= 25
    page.mouse.click(box["x"] + 0.5 * box["width"], y)
    assert int(page.inner_text("#step-number")) == pytest.approx((first + last) / 2, abs=1)


def test_a_link_shows_the_same(page, html):
    go(page, "#t=12&from=4&to=20&read=3")
    page.reload()
    assert page.inner_text("#step-number") == "12"
    assert "from=4&to=20&read=3" in page.url


def test_nonsense_in_the_link_is_harmless(page):
    go(page, "#t=9999&from=-5&to=x&read=1e9&variant=no")
    assert page.inner_text("#step-number") == "30"


def test_sliders_show_precomputed_runs(page):
    before = rows(page, "kept")
    slider = page.locator("#slider-k_trunc")
    slider.focus()
    page.keyboard.press("End")
    assert page.locator("#sliders label", has_text="k_trunc").locator("output").inner_text() == "none"
    after = {row[0]: row[1:] for row in rows(page, "kept")}
    assert before != rows(page, "kept")
    assert after["SAB"] == after["full"]  # nothing is cut: SAB's gradient is the full one


def test_every_number_can_be_read_without_the_canvas(page):
    go(page, "#t=5&from=0&to=30")
    assert len(rows(page, "steps")) == 31
    assert "reaches the state of step 5" in page.inner_text("#chosen")
    assert page.get_attribute("#chosen", "aria-live") == "polite"
    for canvas in ("timeline", "heatmap"):
        assert page.get_attribute(f"#{canvas}", "role") == "img"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark(browser, html, scheme):
    page = browser.new_page(color_scheme=scheme)
    page.goto(html.as_uri())
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(255, 255, 255)") == (scheme == "light")
    page.close()


def test_a_config_cannot_close_the_script(html):
    text = html.read_text(encoding="utf-8")
    assert text.count("</script>") == 2
    assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in text
