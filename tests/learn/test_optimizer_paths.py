"""Optimizers on surfaces: held against the papers' rules, closed forms, and what is promised."""

from __future__ import annotations

import functools
import json
import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from lookahead_sgd import lookahead_sgd
from optimizer_rules import GRADIENTS, RULES

import tfviz
from tfviz.errors import InputError
from tfviz.learn.optimizers import field, lesson, race, surfaces
from tfviz.learn.optimizers.ground import fitted
from tfviz.learn.optimizers.page import moments
from tfviz.learn.optimizers.schedule_free import departure
from tfviz.learn.optimizers.tuning import TRIED

# Rosenbrock's valley multiplies the last bit by ten every few steps.
STEPS = {"ravine": 120, "rosenbrock": 40}
KNOWN = [each for each in RULES if each in field.everybody()]


@functools.cache
def everybody_on(surface: str) -> lesson.Race:
    """All of Keras's and the variants."""
    return lesson.optimizer("all", surface=surface, steps=STEPS[surface])


@pytest.fixture
def ravine() -> lesson.Race:
    """All of Keras's and the variants, on the ravine."""
    return everybody_on("ravine")


@pytest.mark.parametrize("surface", ["ravine", pytest.param("rosenbrock", marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", KNOWN)
def test_the_path_is_that_of_the_papers_rule(name, surface) -> None:
    found = everybody_on(surface)
    run = next(each for each in found.runs if each.name == name)
    # Keras keeps the rate in single precision.
    rate = float(np.float32(run.rate))
    settings = {}
    if name == "ScheduleFreeAdamW":
        # Keras 3.15 departs from the paper, and the lesson says so.
        told = any("departs from the paper" in each for each in found.notes)
        assert told == (departure(run) > 1e-6)
        settings = {"late": told}
    expected = RULES[name](GRADIENTS[surface], found.start, rate, found.steps, **settings)
    np.testing.assert_allclose(run.points, expected, atol=1e-6, rtol=1e-6)


def test_who_cannot_make_a_step_is_left_out_and_told() -> None:
    class Broken(keras.optimizers.SGD):
        def update_step(self, *arguments):
            raise AttributeError("no path")

    broken = field.Entrant("Broken", lambda rate: Broken(rate), True, 0.1)
    sgd = field.everybody()["SGD"]
    assert field.unable([sgd, broken]) == {"Broken": "AttributeError: no path"}
    able, told = lesson._able([sgd, broken], [])
    assert able == [sgd]
    assert "Broken" in told[0]
    with pytest.raises(InputError, match="can't make a step"):
        lesson._able([sgd, broken], ["broken"])


def test_every_optimizer_of_the_installed_keras_takes_part() -> None:
    found = {
        name
        for name in dir(keras.optimizers)
        if isinstance(getattr(keras.optimizers, name), type)
        and issubclass(getattr(keras.optimizers, name), keras.optimizers.Optimizer)
    }
    rule = found - {"Optimizer", "LossScaleOptimizer", "MultiOptimizer"}
    assert rule <= set(field.main_field())
    assert len(rule) >= 13
    # All but Muon, which has no path of its own here, are held against a twin above.
    assert rule - {"Muon"} == set(KNOWN) & rule


@pytest.mark.parametrize("name", list(GRADIENTS))
def test_the_tapes_gradient_is_the_one_worked_out_by_hand(name) -> None:
    found = surfaces.surface(name)
    for place in np.random.default_rng(0).uniform(-2, 2, (20, 2)):
        point = tf.constant(place)
        with tf.GradientTape() as tape:
            tape.watch(point)
            height = found.function(point)
        np.testing.assert_allclose(
            tape.gradient(height, point), GRADIENTS[name](place), rtol=1e-11, atol=1e-11
        )


@pytest.mark.parametrize("name", surfaces.NAMES)
def test_at_the_minima_the_height_is_the_lowest_and_the_gradient_zero(name) -> None:
    found = surfaces.surface(name)
    for place in found.minima:
        point = tf.constant(place, tf.float64)
        with tf.GradientTape() as tape:
            tape.watch(point)
            height = found.function(point)
        assert float(height) == pytest.approx(found.lowest, abs=1e-12)
        np.testing.assert_allclose(tape.gradient(height, point), [0, 0], atol=1e-6)
    _, _, heights = found.on_grid((101, 101))
    assert heights.min() >= found.lowest - 1e-12


def test_the_ravine_has_the_condition_number_that_was_asked_for() -> None:
    values = np.linalg.eigvalsh(surfaces.quadratic(250.0, 17.0))
    assert values[1] / values[0] == pytest.approx(250)


def test_gradient_descent_shrinks_each_axis_of_the_ravine_by_one_minus_rate_times_curvature() -> (
    None
):
    found = lesson.optimizer("sgd", steps=50, rate=0.015, condition=100, angle=0)
    shrunk = (1 - float(np.float32(0.015)) * np.array([1, 100])) ** np.arange(51)[:, np.newaxis]
    np.testing.assert_allclose(found.runs[0].points, shrunk * found.start, rtol=1e-12)


def test_momentum_shrinks_by_the_spectral_radius_of_its_step() -> None:
    # On ½λx² with complex roots: (x, v) shrinks by the root of β each step.
    found = lesson.optimizer("momentum", surface="bowl", steps=400, rate=0.1)
    gap = np.sqrt(found.runs[0].gaps)
    per_step = (gap[300:].max() / gap[100:200].max()) ** (1 / 200)
    matrix = np.array([[1 - 0.1, 0.9], [-0.1, 0.9]])
    radius = np.abs(np.linalg.eigvals(matrix)).max()
    assert radius == pytest.approx(math.sqrt(0.9))
    assert per_step == pytest.approx(radius, abs=2e-3)


def test_a_rate_above_two_by_the_largest_curvature_diverges_and_one_below_does_not() -> None:
    assert lesson.optimizer("sgd", rate=0.0201, steps=3000).runs[0].lost is not None
    assert lesson.optimizer("sgd", rate=0.0199, steps=3000).runs[0].lost is None


def test_lookahead_goes_the_way_of_its_papers_algorithm() -> None:
    entrant = field.Entrant(
        "Lookahead",
        lambda rate: tfviz.Lookahead(keras.optimizers.SGD(rate, momentum=0.9)),
        True,
        0.005,
    )
    found = race.Track([entrant], surfaces.surface("ravine"), 60).run([0.005])[0]
    expected = lookahead_sgd(
        np.array(surfaces.surface("ravine").start),
        GRADIENTS["ravine"],
        steps=60,
        rate=float(np.float32(0.005)),
        momentum=float(np.float32(0.9)),
        period=6,
        alpha=0.5,
    )
    np.testing.assert_allclose(found.points[1:], expected, atol=1e-12)


def test_adams_state_is_its_two_averages(ravine) -> None:
    run = next(each for each in ravine.runs if each.name == "Adam")
    assert list(run.state) == ["momentum", "velocity"]
    m = v = np.zeros(2)
    for k, g in enumerate(run.slopes):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        np.testing.assert_allclose(run.state["momentum"][k], m, atol=1e-9)
        np.testing.assert_allclose(run.state["velocity"][k], v, atol=1e-9)


def test_the_effective_rate_of_plain_descent_is_its_rate(ravine) -> None:
    run = next(each for each in ravine.runs if each.name == "SGD")
    np.testing.assert_allclose(run.effective_rate[:40], run.rate, rtol=1e-6)


def test_that_muon_is_adamw_here_is_said_only_if_it_is(ravine) -> None:
    runs = {each.name: each for each in ravine.runs}
    if "Muon" not in runs:  # Keras 3.12's trips over TensorFlow's variables
        assert any("Muon" in each for each in ravine.left_out)
        with pytest.raises(InputError, match="newer Keras"):
            lesson.optimizer("muon")
        return
    same = np.array_equal(runs["Muon"].points, runs["AdamW"].points)
    assert any("the same path" in each for each in ravine.notes) == same


def test_a_second_run_of_a_track_starts_from_nothing() -> None:
    names = ["Adam", "Nadam", "ScheduleFreeAdamW", "Lookahead", "Ftrl"]
    entrants = [field.everybody()[each] for each in names if each in field.everybody()]
    track = race.Track(entrants, surfaces.surface("saddle"), 20)
    first = track.run([0.1] * len(entrants))
    track.run([0.5] * len(entrants))
    again = track.run([0.1] * len(entrants))
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.points, other.points)


def test_noise_is_that_of_batches_the_same_for_all_and_another_for_another_seed() -> None:
    one = lesson.optimizer(["SGD", "Adam"], surface="noisy", steps=5, rate=1e-9, seed=3)
    # Hardly moved, both saw the same batches, whose gradients differ from step to step.
    np.testing.assert_allclose(one.runs[0].slopes, one.runs[1].slopes, atol=1e-6)
    assert np.ptp(one.runs[0].slopes, axis=0).min() > 0.05
    other = lesson.optimizer("SGD", surface="noisy", steps=5, rate=1e-9, seed=4)
    assert np.abs(other.runs[0].slopes - one.runs[0].slopes).max() > 0.05


def test_the_mean_gradient_of_batches_is_the_gradient_of_the_whole() -> None:
    found = surfaces.surface("noisy")
    point = tf.constant([0.3, 0.2], tf.float64)

    @tf.function
    def slopes() -> tf.Tensor:
        def one(step: tf.Tensor) -> tf.Tensor:
            with tf.GradientTape() as tape:
                tape.watch(point)
                height = found.step_function(point, step)
            return tape.gradient(height, point)

        return tf.map_fn(one, tf.range(4000), fn_output_signature=tf.float64)

    with tf.GradientTape() as tape:
        tape.watch(point)
        height = found.function(point)
    whole = tape.gradient(height, point)
    drawn = slopes().numpy()
    error = drawn.std(axis=0) / math.sqrt(len(drawn))
    assert (np.abs(drawn.mean(axis=0) - whole) < 4 * error).all()


def test_arrived_is_the_step_from_which_on_the_gap_stays_small(ravine) -> None:
    for run in ravine.runs:
        near = run.gaps <= ravine.tolerance * run.gaps[0]
        if run.reached is None:
            assert not near[-race.stayed(ravine.steps) :].all()
        else:
            assert near[run.reached :].all()
            assert run.reached == 0 or not near[run.reached - 1]


def test_a_short_race_is_arrived_at_too() -> None:
    # On a round bowl SGD's first step is exact, whether ten more follow or none.
    for steps in (1, 5, 12):
        assert lesson.optimizer("sgd", surface="bowl", steps=steps).runs[0].reached == 1


def test_tuning_takes_the_rate_that_arrives_first() -> None:
    found = lesson.optimizer(["SGD", "Adam"], surface="bowl", steps=150, tune=True)
    track = race.Track([field.everybody()["Adam"]], surfaces.surface("bowl"), 150)
    sgd, adam = found.runs
    assert {sgd.rate, adam.rate} <= set(TRIED)
    others = [track.run([each])[0].reached for each in TRIED]
    assert adam.reached == min(each for each in others if each is not None)
    assert (sgd.rate, sgd.reached) == (1.0, 1)  # on a round bowl a rate of 1 is exact


def test_the_table_of_all_surfaces_has_the_numbers_of_each() -> None:
    names = [max(field.everybody(), key=len)]
    found = lesson.optimizer(names, surface="all", steps=60)
    twin = found.to_dict()
    assert twin["surfaces"] == list(surfaces.NAMES)
    single = lesson.optimizer(names, surface="beale", steps=60)
    column = surfaces.NAMES.index("beale")
    assert [row[column] for row in twin["reached"]] == [each.reached for each in single.runs]
    # With the longest name of all.
    assert all(len(each) <= 80 for each in str(found).splitlines())


def test_files_carry_the_numbers(tmp_path) -> None:
    found = lesson.optimizer(["SGD", "Adam"], steps=120)
    paths = found.save(tmp_path, ("png", "html", "json"))
    assert [each.suffix for each in paths] == [".png", ".html", ".json"]
    twin = json.loads(paths[2].read_text(encoding="utf-8"))
    adam = next(each for each in twin["runs"] if each["name"] == "Adam")
    assert adam["points"][0] == [-1.8, 0.4]
    assert len(adam["points"]) == 121
    assert len(adam["state"]["velocity"]) == 120
    page = paths[1].read_text(encoding="utf-8")
    assert page.count("<section") == len(moments(120))


@pytest.mark.slow
def test_everybody_has_a_panel_and_a_place_in_every_moment(tmp_path, ravine) -> None:
    found = ravine
    paths = found.save(tmp_path, ("png", "html"))
    assert paths[0].read_bytes().startswith(b"\x89PNG")
    page = paths[1].read_text(encoding="utf-8")
    assert page.count(f"{len(found.runs)} numbered places") == len(moments(120))


def test_text_fits_eighty_columns(ravine) -> None:
    far = lesson.optimizer(["SGD", "Adam"], surface="rosenbrock", start=(1e6, 1e6), steps=3)
    for found in (ravine, far):
        assert max(map(len, str(found).splitlines())) <= 80


def test_one_that_diverges_is_drawn_without_an_end_and_nobody_at_the_minimum_breaks_it() -> None:
    from tfviz.learn.optimizers.figure import draw

    def orange(names, **settings) -> int:
        axes = draw(lesson.optimizer(names, steps=3, **settings)).axes[0]
        return sum(
            each.get_marker() == "o" and each.get_color() == "#D55E00" for each in axes.lines
        )

    assert orange("sgd", rate=1e9) == 0
    assert orange("sgd", rate=0.001) == 1
    assert orange("sgd", surface="bowl", start=(0.0, 0.0)) == 1


def test_x_and_y_are_drawn_to_one_scale() -> None:
    window = fitted(surfaces.surface("ravine"), 2.0)
    (left, right), (low, high) = window
    assert (right - left) / (high - low) == pytest.approx(2)
    assert left <= -2.2
    assert high >= 1.4


def test_a_film_has_its_frames(tmp_path) -> None:
    from PIL import Image

    from tfviz.learn.optimizers import film

    found = lesson.optimizer(["SGD"], steps=2)
    with Image.open(film.save_gif(found, tmp_path / "race.gif")) as picture:
        assert picture.n_frames == 3
    with pytest.raises(InputError, match=r"end in \.gif"):
        film.save_gif(found, tmp_path / "race.png")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"names": "adm"}, "Did you mean 'Adam'"),
        ({"names": "LossScaleOptimizer"}, "put around another"),
        ({"names": ["adam", "Adam"]}, "named twice"),
        ({"surface": "ravin"}, "Did you mean 'ravine'"),
        ({"rate": -1.0}, "positive number"),
        ({"rate": 0.1, "tune": True}, "contradict"),
        ({"condition": 0.5}, "1 or more"),
        ({"steps": 0}, "whole number"),
        ({"tolerance": 2.0}, "between 0 and 1"),
        ({"start": (1.0, math.nan)}, "two numbers"),
        ({"start": (1e200, 1e200)}, "two numbers"),
        ({"surface": "noisy", "seed": -1}, "from 0"),
        ({"condition": 1e300}, "up to"),
        ({"condition": math.nan}, "1 or more"),
        ({"rate": math.nan}, "positive number"),
        ({"steps": 1_000_000}, "whole number"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_remedy(arguments, said) -> None:
    with pytest.raises(InputError, match=said):
        lesson.optimizer(**arguments)


def test_the_command_prints_a_table_and_writes_its_files(tfviz_cli, tmp_path) -> None:
    said = tfviz_cli(
        "learn", "optimizer", "adam", "sgd", "--steps", "30", "--out", tmp_path, "--save", "json"
    )
    assert said.code == 0
    assert "steps to 0.1%" in said.out
    assert (tmp_path / "optimizer-adam-sgd-steps-30.json").exists()


def test_the_command_says_which_rate_diverges(tfviz_cli) -> None:
    said = tfviz_cli("learn", "optimizer", "sgd", "--rate", "1", "--save", "none")
    assert said.code == 0
    assert "diverged at step" in said.out
