"""Versions, specifiers and markers agree with the package `packaging`."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.markers import Marker
from packaging.specifiers import SpecifierSet
from packaging.version import Version as Theirs

from tfviz.doctor.env.requirements import Requirement
from tfviz.doctor.env.versions import Version, allows

numbers = st.integers(0, 12).map(str)
versions = st.builds(
    "{}{}{}{}{}{}".format,
    st.sampled_from(["", "1!"]),
    st.lists(numbers, min_size=1, max_size=4).map(".".join),
    st.sampled_from(["", "a1", "b0", "rc2", "-rc.1", ".alpha3", "c4", "pre"]),
    st.sampled_from(["", ".post1", "-2", "post", ".rev3"]),
    st.sampled_from(["", ".dev0", "dev3", "-dev"]),
    st.sampled_from(["", "+cpu", "+cu118.2", "+ubuntu-1"]),
)
bounds = st.builds(
    "{}{}".format,
    st.sampled_from(["==", "!=", "<=", ">=", "<", ">", "~="]),
    st.builds(
        "{}{}".format,
        st.lists(numbers, min_size=2, max_size=4).map(".".join),
        st.sampled_from(["", "", "rc1", ".post2", ".dev1"]),
    ),
)
wildcards = st.builds(
    "{}{}.*".format,
    st.sampled_from(["==", "!="]),
    st.lists(numbers, min_size=1, max_size=3).map(".".join),
)


@settings(max_examples=200, deadline=None)
@given(versions, versions)
def test_versions_are_ordered_as_packaging_orders_them(first, second):
    mine, other = Version.parse(first), Version.parse(second)
    assert (mine < other) == (Theirs(first) < Theirs(second))
    assert (mine == other) == (Theirs(first) == Theirs(second))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(bounds, wildcards), min_size=1, max_size=3).map(",".join), versions)
def test_specifiers_allow_what_packaging_allows(specifier, version):
    wanted = SpecifierSet(specifier).contains(version, prereleases=True)
    assert allows(specifier, version) == wanted


@pytest.mark.parametrize("text", ["", "latest", "1.x", "1..2", "v", "2.0 beta thing"])
def test_what_is_no_version_is_none(text):
    assert Version.parse(text) is None


@pytest.mark.parametrize("specifier", ["<two", "=<2", "~=2", "2.0", ">="])
def test_a_bound_that_cannot_be_read_is_unknown_not_false(specifier):
    assert allows(specifier, "2.0") is None


FACTS = {
    "python_version": "3.12",
    "python_full_version": "3.12.4",
    "sys_platform": "linux",
    "platform_system": "Linux",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "implementation_name": "cpython",
    "implementation_version": "3.12.4",
    "platform_release": "",
    "platform_version": "",
}


@pytest.mark.parametrize(
    "marker",
    [
        'python_version < "3.13"',
        'python_version >= "3.9" and python_version < "3.10"',
        'python_full_version > "3.12.3"',
        '"3.12" <= python_version',
        'sys_platform == "darwin" or sys_platform == "linux"',
        'sys_platform != "win32" and (platform_machine == "arm64" or os_name == "posix")',
        '(python_version > "3.5" or sys_platform == "x") and platform_system == "Windows"',
        'platform_machine in "x86_64 aarch64"',
        'platform_machine not in "x86_64 aarch64"',
        'extra == "and-cuda"',
        'python_version == "3.*" and implementation_name == "cpython"',
        'python_version ~= "3.10"',
    ],
)
@pytest.mark.parametrize("extra", ["", "and-cuda"])
def test_markers_are_read_as_packaging_reads_them(marker, extra):
    requirement = Requirement.parse(f"numpy>=1; {marker}")
    assert requirement.counts(FACTS, extra) == Marker(marker).evaluate({**FACTS, "extra": extra})


@pytest.mark.parametrize(
    "marker", ["python_version <", "weather == 'fine'", "(os_name == 'nt'", "@"]
)
def test_a_marker_that_cannot_be_read_is_unknown(marker):
    assert Requirement.parse(f"numpy; {marker}").counts(FACTS) is None


@pytest.mark.parametrize(
    ("text", "name", "specifier"),
    [
        ("numpy", "numpy", ""),
        ("ml-dtypes <0.5.0,>=0.4.0", "ml-dtypes", "<0.5.0,>=0.4.0"),
        ("Google.Pasta (>=0.1.1)", "google-pasta", ">=0.1.1"),
        ("tensorflow[and-cuda]~=2.18", "tensorflow", "~=2.18"),
        ("keras===3.0", "keras", "===3.0"),
    ],
)
def test_a_requirement_gives_name_and_bounds(text, name, specifier):
    requirement = Requirement.parse(text)
    assert (requirement.name, requirement.specifier) == (name, specifier)


def test_a_requirement_by_address_is_not_read():
    assert Requirement.parse("thing @ https://example.com/thing.whl") is None
