"""`pytest --tfviz-doctor`: a failing test's report gets the scene of its error and a diagnosis.

Loaded at each start of pytest, so it imports nothing until a test fails.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tfviz.doctor.live.examine import Examination

SECTION = "tfviz doctor"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.getgroup("tfviz").addoption(
        "--tfviz-doctor",
        action="store_true",
        help="add to the report of a failing test its failing line with the shape, dtype, range "
        "and NaN count of each array on it, and a diagnosis of the error",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Take part only when asked to."""
    if config.getoption("tfviz_doctor"):
        config.pluginmanager.register(Doctor(), "tfviz-doctor-at-work")


class Doctor:
    """Adds a section to the reports of tests that fail."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Examine the error while its frames are alive; the report only gets text."""
        report = yield
        # What `pytest.fail` and Ctrl-C raise is no Exception.
        if report.failed and call.excinfo is not None and isinstance(call.excinfo.value, Exception):
            text = _text(call.excinfo.value)
            if text:
                report.sections.append((SECTION, text))
        return report

    def pytest_exception_interact(
        self,
        call: pytest.CallInfo[object],
        report: pytest.CollectReport | pytest.TestReport,
    ) -> None:
        """Examine why a test file can't be imported; of tests the report is made above."""
        if not isinstance(report, pytest.CollectReport) or call.excinfo is None:
            return
        error = call.excinfo.value
        if isinstance(error, pytest.Collector.CollectError):
            error = error.__cause__ or error  # an ImportError is told anew
        if isinstance(error, Exception) and (text := _text(error)):
            report.sections.append((SECTION, text))


def _text(error: Exception) -> str:
    from tfviz.doctor.live.examine import examine

    examination = examine(error)
    if examination.answer.recognised:
        return str(examination)
    if isinstance(error, AssertionError) and not _has_arrays(examination):
        return ""  # pytest itself shows what was compared
    return "" if examination.scene is None else str(examination.scene)


def _has_arrays(examination: Examination) -> bool:
    scene = examination.scene
    return scene is not None and any(each.description.shape is not None for each in scene.values)
