"""Every level and example of the codebook can be read as a cell of a table."""

import numpy as np
import pandas as pd
import pytest

from mescc_analytics import codebook
from mescc_analytics.tables import findings
from mescc_analytics.tables.raw import Raw
from mescc_analytics.tables.validation import convert

CELLS = [
    (name, cell)
    for name, column in codebook.columns().items()
    for cell in (*column.levels, *([column.example] if column.example else []))
]


@pytest.mark.parametrize("name, cell", CELLS)
def test_every_level_and_example_can_be_read(name, cell):
    frame = pd.DataFrame({name: pd.Categorical([cell])})
    raw = Raw("cases.csv", frame, np.array([2]), findings.empty(), ",")
    read, notes = convert(raw, "cases", required=())
    assert read[name].tolist() == [cell] and notes.empty
