"""Parquet files that hold nothing or are damaged."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mescc_analytics.errors import TableError
from mescc_analytics.tables.raw import read_raw


@pytest.fixture
def given(tmp_path):
    """Writes a file and reads it as a raw table."""

    def read(content, name):
        (tmp_path / name).write_bytes(content)
        return read_raw(tmp_path / name)

    return read


def test_an_empty_parquet_table(given):
    buffer = io.BytesIO()
    pq.write_table(pa.table({"case_id": pa.array([], pa.string())}), buffer)
    assert given(buffer.getvalue(), "a.parquet").findings["code"].tolist() == ["empty_table"]


def test_a_damaged_parquet_file(given):
    with pytest.raises(TableError) as error:
        given(b"PAR1 cut off", "a.parquet")
    assert error.value.problems[0].startswith("it is not a readable Parquet file: ")
