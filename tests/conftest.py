"""Fixtures that more than one test module uses."""

import numpy as np
import pytest


@pytest.fixture
def rng():
    """A generator with a fixed seed: the same numbers in every run."""
    return np.random.default_rng(20160044)


def pytest_collection_modifyitems(items):
    """Whole workflows first: with several workers the longest module must not come last."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
