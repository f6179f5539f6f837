from __future__ import annotations

import numpy as np
import pytest

from tfviz.draw import text
from tfviz.draw.text import fit, mask, measure, printable, wrap


@pytest.fixture
def no_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without fonts of its own, such as a container."""
    monkeypatch.setattr(text, "_installed", tuple)
    text._font_of.cache_clear()
    mask.cache_clear()


@pytest.fixture(autouse=True)
def _forget() -> object:
    yield
    text._font_of.cache_clear()
    mask.cache_clear()


@pytest.mark.usefixtures("no_fonts")
@pytest.mark.parametrize("string", ["猫", "🐶 dog", "👩🏽\u200d🔬", "คำ", "\udcff"])
def test_on_a_machine_without_fonts_ascii_is_drawn(string: str) -> None:
    np.testing.assert_array_equal(mask(string, 20)[0], mask(printable(string), 20)[0])


def test_what_dejavu_cannot_write_stands_in_ascii() -> None:
    assert printable("猫") == "\\u732b"
    assert printable("🐶 dog") == "[dog face] dog"
    assert printable("👩🏽\u200d🔬") == "[woman][microscope]"
    assert printable("Ａ") == "A"


def test_dejavu_writes_these_itself() -> None:
    assert printable("Größe été Ж Ω − … قطة חתול $x$") == "Größe été Ж Ω − … قطة חתול $x$"


def test_line_breaks_and_controls_become_blanks() -> None:
    assert printable("a\nb\t c\0d") == "a b c d"


def test_a_letter_is_taken_from_a_font_that_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import matplotlib

    other = f"{matplotlib.get_data_path()}/fonts/ttf/STIXGeneral.ttf"
    only_there = min(text._letters(other) - text._letters(text._dejavu(False)))
    monkeypatch.setattr(text, "_installed", lambda: (other,))
    text._font_of.cache_clear()
    char = chr(only_there)
    assert text._runs(f"a{char}b", bold=False) == [
        ("a", text._dejavu(False)),
        (char, other),
        ("b", text._dejavu(False)),
    ]


def test_arabic_runs_to_the_left_and_its_letters_join() -> None:
    if not text._has_layout():
        pytest.skip("Pillow was built without Raqm")
    joined, apart = measure("قطة", 40), sum(measure(each, 40) for each in "قطة")
    assert joined < apart
    # The first letter, with its two dots above, stands at the right.
    ink = mask("قطة", 40)[0]
    first = mask("ق", 40)[0]
    assert ink[:, -first.shape[1] :].sum() > 0.5 * first.sum()


def test_without_a_layout_engine_hebrew_still_runs_to_the_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(text, "_has_layout", lambda: False)
    assert text._in_order("Why חתול?") == "Why לותח?"


def test_ink_lies_on_the_baseline_and_has_the_measured_width() -> None:
    ink, baseline, left = mask("HHH", 40)
    rows, columns = np.nonzero(ink > 128)
    assert rows.max() == baseline - 1
    assert 0.65 * 40 < np.ptp(rows) < 0.8 * 40
    assert left <= columns.min() <= left + 6
    assert columns.max() <= left + measure("HHH", 40)


@pytest.mark.parametrize("width", [40, 100, 300])
@pytest.mark.parametrize("bold", [False, True])
def test_a_fitted_text_is_as_long_as_the_room_allows(width: int, bold: bool) -> None:
    name = "European fire salamander, Salamandra salamandra"
    found = fit(name, width, 20, bold=bold)
    assert measure(found, 20, bold=bold) <= width
    assert found.startswith("E")
    assert "…" in found
    assert measure(found, 20, bold=bold) > width - 30


def test_a_short_text_is_left_alone() -> None:
    assert fit("cat", 300, 20) == "cat"
    assert fit("", 0, 20) == ""


def test_a_wrapped_text_keeps_its_words_in_order() -> None:
    words = [f"word{i}" for i in range(12)]
    lines = wrap(" ".join(words), 300, 18, lines=9)
    assert " ".join(lines).split() == words
    assert len(lines) > 1
    assert all(measure(line, 18) <= 300 for line in lines)


def test_an_overlong_text_ends_with_an_ellipsis() -> None:
    lines = wrap("word " * 99, 300, 18, lines=2)
    assert len(lines) == 2
    assert lines[-1].endswith("…")
    assert all(measure(line, 18) <= 300 for line in lines)


def test_a_word_wider_than_the_line_is_cut() -> None:
    lines = wrap("block/" * 40 + " end", 300, 18, lines=2)
    assert all(measure(line, 18) <= 300 for line in lines)
    assert lines[-1] == "end"
    assert measure(wrap("x" * 400, 300, 18, lines=1)[0], 18) <= 300


def test_nothing_wraps_to_nothing() -> None:
    assert wrap("", 300, 18, lines=2) == []
