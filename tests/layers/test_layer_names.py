"""The public names of `tfviz.layers`."""

from __future__ import annotations

import importlib

import pytest

import tfviz


def test_all_is_the_lazy_names():
    assert sorted(tfviz.layers.__all__) == sorted(tfviz.layers._LAZY)
    assert set(tfviz.layers.__all__) <= set(dir(tfviz.layers))


@pytest.mark.parametrize("name", sorted(tfviz.layers._LAZY))
def test_a_lazy_name_is_explained_and_what_its_module_has(name):
    found = getattr(tfviz.layers, name)
    assert found is getattr(importlib.import_module(tfviz.layers._LAZY[name]), name)
    assert (found.__doc__ or "").strip()


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"'tfviz\.layers' has no attribute 'DeformConv'"):
        _ = tfviz.layers.DeformConv
