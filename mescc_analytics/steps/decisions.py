"""Scores and recommended pathways: steps that also serve a single table at the command line."""

from pathlib import Path

import numpy as np
import pandas as pd

from mescc_analytics.clinical.concordance import comparable_pairs, count_concordance
from mescc_analytics.clinical.lesion_cases import score_with_lesions
from mescc_analytics.clinical.pathway import assign_pathways, count_policies
from mescc_analytics.clinical.scores import score_cases
from mescc_analytics.steps.cohort import build
from mescc_analytics.steps.ingest import read, refuse_unusable, tell
from mescc_analytics.tables import files


def load_cases(inputs):
    """Typed cases: a table of an earlier step as it is, a foreign one read and checked (only
    case_id is required).
    """
    return _load(inputs)[0]


def _load(inputs):
    """Typed cases, and typed lesions or None."""
    path, lesions = Path(inputs["cases"]), inputs.get("lesions")
    if not inputs.get("mapping") and _is_own(path):
        return files.read_table(path), _own_lesions(inputs) if lesions else None
    found = read(inputs, required=("case_id",))
    refuse_unusable(found, inputs)
    tell(found, inputs, 30)
    return found.cases, found.lesions if lesions else None


def _own_lesions(inputs):
    """Lesions beside cases of an earlier step: Parquet is of that step too, anything else is
    read and checked.
    """
    if Path(inputs["lesions"]).suffix == ".parquet":
        return files.read_table(inputs["lesions"])
    found = read(inputs, required=("case_id",))
    refuse_unusable(found, inputs)
    return found.lesions


def _is_own(path):
    """Whether an earlier step wrote this table: only ingest adds ``usable``, a yes or no."""
    if not path.is_file():
        return False
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        schema = pq.read_schema(path)
        return "usable" in schema.names and str(schema.field("usable").type) == "bool"
    return path.suffix == ".csv" and {"usable", "sins_missing"} <= set(_header(path))


def _header(path):
    with open(path, encoding="utf-8", errors="replace") as stream:
        return stream.readline().strip().split(",")


def score(inputs, out, settings):
    """The table with every score, at ``out`` (a file, CSV or Parquet by its ending); input order
    kept. With lesions, those scored too, at ``inputs["scored_lesions"]`` where asked for.
    """
    cases, lesions = _load(inputs)
    if lesions is None:
        return files.write_table(score_cases(cases, settings["score"]), out)
    scored, scored_lesions = score_with_lesions(cases, lesions, settings["score"])
    files.write_table(scored, out)
    if inputs.get("scored_lesions"):
        files.write_table(scored_lesions, inputs["scored_lesions"])


def assign(inputs, out, settings):
    """The table with its pathway, at ``out``; concordance and policy counts beside it where asked
    for.
    """
    cases = load_cases(inputs)
    if "sins_total" not in cases or "radiosensitivity" not in cases:
        cases = score_cases(cases, settings["score"])
    added = assign_pathways(cases, settings["assign"])
    assigned = pd.concat(
        [cases.drop(columns=[c for c in added if c in cases]), added], axis="columns"
    )
    files.write_table(assigned, out)
    if inputs.get("concordance"):
        files.write_csv(concordance(assigned, settings), inputs["concordance"])
    if inputs.get("policies"):
        files.write_csv(count_policies(assigned, settings["assign"]), inputs["policies"])


def concordance(assigned, settings):
    """Recommended pathway against the arm given: counts, agreement with kappa, and the commonest
    reasons of discordance.
    """
    whole, _ = build(assigned, settings)
    if "last_contact_day" in assigned:  # a table without follow-up can still be compared
        whole = whole[whole["in_overall"].fillna(False).to_numpy(dtype=bool)]
    counts = count_concordance(whole["pathway"], whole["pathway_rule"], whole["arm"])
    pairs = comparable_pairs(whole["pathway"], whole["arm"])
    recommended, given = (pairs[name].cat.codes.to_numpy(dtype=int) for name in pairs)
    k = len(pairs["given"].cat.categories)
    table = np.bincount(recommended * k + given, minlength=k * k).reshape(k, k)
    numbers = {"value": float("nan"), "ci_lower": float("nan"), "ci_upper": float("nan")}
    return pd.concat([counts.assign(**numbers), _agreement(table)], ignore_index=True)


def _agreement(table):
    from mescc_analytics.stats.contingency import cohen_kappa
    from mescc_analytics.stats.intervals import wilson

    agree, n = int(table.trace()), int(table.sum())
    share, kappa = [float(x) for x in wilson(agree, n)], cohen_kappa(table)
    rows = [
        ("compared", n, float("nan"), float("nan"), float("nan")),
        ("agree", agree, *share),
        ("kappa", n, kappa.estimate, kappa.lower, kappa.upper),
    ]
    frame = pd.DataFrame(rows, columns=["text", "n", "value", "ci_lower", "ci_upper"])
    return frame.assign(section="agreement", pathway="", arm="", rule="")
