"""Files come back with the types they had, and the same content gives the same bytes."""

import numpy as np
import pandas as pd
import pytest

from mescc_analytics import codebook
from mescc_analytics.errors import TableError, UsageError
from mescc_analytics.tables import files


@pytest.fixture
def cases():
    return pd.DataFrame(
        {
            "case_id": pd.array(["0007", "0008", "NA"], dtype="string"),
            "sex": pd.Categorical(["male", None, "male"], categories=["female", "male"]),
            "ecog": pd.array([2, None, 0], dtype="Int64"),
            "age_years": pd.array([64.5, 1 / 3, None], dtype="Float64"),
            "died": pd.array([True, None, False], dtype="boolean"),
            "arm": pd.Categorical(["b", "a", None], categories=["b", "a", "c"], ordered=True),
        }
    )


def test_parquet_keeps_values_and_types(tmp_path, cases):
    files.write_table(cases, tmp_path / "new" / "cases.parquet")
    pd.testing.assert_frame_equal(files.read_table(tmp_path / "new" / "cases.parquet"), cases)


def test_csv_keeps_values_and_codebook_types(tmp_path, cases):
    files.write_table(cases, tmp_path / "cases.csv")
    expected = cases.assign(arm=pd.array(["b", "a", None], dtype="string"))
    pd.testing.assert_frame_equal(files.read_table(tmp_path / "cases.csv"), expected)


def test_csv_bytes(tmp_path, cases):
    files.write_table(cases, tmp_path / "cases.csv")
    assert (tmp_path / "cases.csv").read_bytes() == (
        b"case_id,sex,ecog,age_years,died,arm\n"
        b"0007,male,2,64.5,True,b\n"
        b"0008,,,0.3333333333333333,,a\n"
        b"NA,male,0,,False,\n"
    )


def test_categories_get_all_levels_of_the_codebook(tmp_path):
    some = pd.DataFrame({"sosg_grade": pd.Categorical(["1b"], categories=["1b"])})
    files.write_table(some, tmp_path / "a.parquet")
    levels = files.read_table(tmp_path / "a.parquet")["sosg_grade"].cat.categories
    assert tuple(levels) == codebook.columns()["sosg_grade"].levels


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_same_content_same_bytes(tmp_path, cases, ending):
    for name in ("one", "two"):
        files.write_table(cases, tmp_path / f"{name}.{ending}")
    first, second = ((tmp_path / f"{name}.{ending}").read_bytes() for name in ("one", "two"))
    assert first == second


def test_a_number_that_is_not_a_number_is_missing(tmp_path):
    frame = pd.DataFrame({"bed_gy": pd.Series([1.0, float("nan")])})
    files.write_table(frame, tmp_path / "a.parquet")
    assert files.read_table(tmp_path / "a.parquet")["bed_gy"].isna().tolist() == [False, True]


@pytest.mark.parametrize("name", ["age_years", "survival"])
def test_csv_numbers_are_exact(tmp_path, name):
    rng = np.random.default_rng(7)
    values = rng.random(500) * 10.0 ** rng.integers(-9, 9, 500)
    files.write_csv(pd.DataFrame({name: values}), tmp_path / "a.csv")
    assert files.read_csv(tmp_path / "a.csv")[name].tolist() == values.tolist()


@pytest.mark.parametrize(
    "text, written",
    [
        ("=1+1", "'=1+1"),
        ("+cmd", "'+cmd"),
        ("-cmd", "'-cmd"),
        ("@sum", "'@sum"),
        ("\tx", "'\tx"),
        ("'=1", "''=1"),
        ("-5", "-5"),
        ("+1.5e3", "+1.5e3"),
        ("a=b", "a=b"),
        ("'quoted'", "'quoted'"),
    ],
)
def test_text_never_runs_as_a_formula(tmp_path, text, written):
    files.write_csv(pd.DataFrame({"note": [text]}), tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_bytes() == f"note\n{written}\n".encode()
    assert files.read_csv(tmp_path / "a.csv")["note"].tolist() == [text]


def test_a_heading_never_runs_as_a_formula(tmp_path):
    files.write_csv(pd.DataFrame({"item": ["n"], "=1+1 (n 60)": ["a"]}), tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_bytes() == b"item,'=1+1 (n 60)\nn,a\n"
    assert list(files.read_csv(tmp_path / "a.csv")) == ["item", "=1+1 (n 60)"]


def test_groups_of_results_stay_text(tmp_path):
    files.write_csv(pd.DataFrame({"group": ["0", "1"], "n": [4, 5]}), tmp_path / "a.csv")
    read = files.read_csv(tmp_path / "a.csv")
    assert read["group"].tolist() == ["0", "1"]
    assert read["n"].dtype == "Int64"


def test_a_result_without_rows_has_text_columns(tmp_path):
    files.write_text("analysis,needs,else\n", tmp_path / "a.csv")
    read = files.read_csv(tmp_path / "a.csv")
    assert len(read) == 0
    assert {str(dtype) for dtype in read.dtypes} == {"string"}


def test_words_that_look_missing_stay_words(tmp_path):
    frame = pd.DataFrame({"level": ["none", "NA", None], "n": [1, 2, 3]})
    files.write_csv(frame, tmp_path / "a.csv")
    assert files.read_csv(tmp_path / "a.csv")["level"].fillna("-").tolist() == ["none", "NA", "-"]


def test_json_is_sorted_and_ends_with_a_newline(tmp_path):
    files.write_json({"b": 1, "a": {"ü": None}}, tmp_path / "a.json")
    expected = '{\n  "a": {\n    "ü": null\n  },\n  "b": 1\n}\n'
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == expected


def test_text_keeps_its_line_ends(tmp_path):
    files.write_text("a\r\nb\n", tmp_path / "a.txt")
    assert (tmp_path / "a.txt").read_bytes() == b"a\r\nb\n"


def test_a_failed_write_leaves_nothing_behind(tmp_path):
    (tmp_path / "a.csv").mkdir()
    (tmp_path / "a.csv" / "in_the_way").touch()
    with pytest.raises(UsageError) as error:
        files.write_text("x", tmp_path / "a.csv")
    assert str(error.value).startswith(f"'{tmp_path / 'a.csv'}' cannot be used:\n  - it cannot be")
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_other_endings_are_refused(tmp_path):
    with pytest.raises(UsageError) as error:
        files.write_table(pd.DataFrame({"a": [1]}), "out.xlsx")
    assert error.value.problems == ("the ending '.xlsx' is not one of .csv, .parquet",)


@pytest.mark.parametrize(
    "name, content, problem",
    [
        ("absent.csv", None, "there is no such file"),
        ("absent.parquet", None, "there is no such file"),
        ("a.parquet", b"PAR1 but no more", "it is not a readable Parquet file: "),
        ("a.csv", b"", "it is not a readable CSV file: No columns to parse from file"),
        ("a.csv", b"a,b\n1,2\n1,2,3\n", "it is not a readable CSV file: "),
        ("a.csv", b"ecog\ntwo\n", "it is not a readable CSV file: "),
    ],
)
def test_unreadable_tables(tmp_path, name, content, problem):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(TableError) as error:
        files.read_table(tmp_path / name)
    assert error.value.problems[0].startswith(problem)


def test_a_parquet_column_that_stands_twice(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(
        pa.table([pa.array([1]), pa.array([2])], names=["a", "a"]), tmp_path / "a.parquet"
    )
    with pytest.raises(TableError) as error:
        files.read_table(tmp_path / "a.parquet")
    assert error.value.problems == ("the column 'a' stands twice",)


def test_yaml_as_settings_and_as_text(tmp_path):
    (tmp_path / "a.yaml").write_text(
        "died: {1: no, '2': yes}\nid: 0007\nflag: true\nday: 2024-01-02\n"
    )
    settings = files.read_yaml(tmp_path / "a.yaml")
    assert settings == {"died": {1: "no", "2": "yes"}, "id": 7, "flag": True, "day": "2024-01-02"}
    text = files.read_yaml(tmp_path / "a.yaml", as_text=True)
    assert text == {
        "died": {"1": "no", "2": "yes"},
        "id": "0007",
        "flag": "true",
        "day": "2024-01-02",
    }


@pytest.mark.parametrize(
    "content, problem",
    [
        (b"a: 1\na: 2\n", "it is not YAML: line 2: the key 'a' stands twice"),
        (b"a: [1\n", "it is not YAML: while parsing a flow sequence"),
        (b"a: \xff\n", "it is not UTF-8 text"),
        (None, "there is no such file"),
    ],
)
@pytest.mark.parametrize("as_text", [True, False])
def test_unreadable_yaml(tmp_path, content, problem, as_text):
    if content is not None:
        (tmp_path / "a.yaml").write_bytes(content)
    with pytest.raises(UsageError) as error:
        files.read_yaml(tmp_path / "a.yaml", as_text=as_text)
    assert error.value.problems[0].startswith(problem)


def test_a_folder_is_not_a_file(tmp_path):
    with pytest.raises(UsageError) as error:
        files.read_yaml(tmp_path)
    assert str(error.value) == f"'{tmp_path}' cannot be used:\n  - it is a folder, not a file"
