"""Scores and recommended pathways: steps that also serve a single table at the command line."""

from pathlib import Path

import numpy as np
import pandas as pd

from mescc_analytics.clinical.algorithms import count_policies
from mescc_analytics.clinical.concordance import comparable_pairs, count_concordance
from mescc_analytics.clinical.derived_flags import add_flags
from mescc_analytics.clinical.frames import beside
from mescc_analytics.clinical.lesion_cases import score_with_lesions
from mescc_analytics.clinical.lesion_pathways import assign_lesions
from mescc_analytics.clinical.pathway import assign_pathways
from mescc_analytics.clinical.scores import score_cases
from mescc_analytics.clinical.trace import trace_cases
from mescc_analytics.steps.algorithm_agreement import agreement_rows, compare_algorithms
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
        return files.write_table(scored_cases(cases, settings["score"]), out)
    scored, scored_lesions = score_with_lesions(cases, lesions, settings["score"])
    files.write_table(beside(scored, add_flags(scored, "score", settings["score"])), out)
    if inputs.get("scored_lesions"):
        files.write_table(scored_lesions, inputs["scored_lesions"])


def scored_cases(cases, settings):
    """Cases with their scores and the flags that rest on them."""
    scored = score_cases(cases, settings)
    return beside(scored, add_flags(scored, "score", settings))


def is_scored(cases):
    """Whether the table carries its scores already."""
    return "sins_total" in cases and "radiosensitivity" in cases


def assign(inputs, out, settings):
    """The table with its pathway, at ``out``; beside it, where asked for: concordance, policy
    counts, the agreement of the algorithms, the trace of every case, the pathway of every lesion.
    """
    cases, chosen = load_cases(inputs), settings["assign"]
    if not is_scored(cases):
        cases = scored_cases(cases, settings["score"])
    added = assign_pathways(cases, chosen), add_flags(cases, "assign", chosen)
    assigned = beside(cases, *added)
    files.write_table(assigned, out)
    if inputs.get("lesion_pathways"):
        lesions = files.read_table(inputs["scored_lesions"])
        files.write_table(assign_lesions(cases, lesions, chosen), inputs["lesion_pathways"])
    if inputs.get("trace"):
        traced = cases if chosen["trace"] else cases.iloc[:0]
        files.write_table(trace_cases(traced, chosen), inputs["trace"])
    if any(inputs.get(name) for name in ("policies", "concordance", "algorithms")):
        _compare(inputs, assigned, settings)


def _compare(inputs, assigned, settings):
    """Recommendations against the treatment given, under each policy, and under each algorithm; of
    the cases analysed, so that no total beside another tells how few were excluded.
    """
    analysed = analysed_cases(assigned, settings)
    if inputs.get("policies"):
        files.write_csv(count_policies(analysed, settings["assign"]), inputs["policies"])
    if inputs.get("concordance"):
        files.write_csv(concordance(analysed, settings), inputs["concordance"])
    if inputs.get("algorithms"):
        files.write_csv(compare_algorithms(assigned, analysed, settings), inputs["algorithms"])


def analysed_cases(assigned, settings):
    """The cases of the analyses of the whole cohort, with their arms; all where there is no
    follow-up.
    """
    whole, _ = build(assigned, settings)
    if "last_contact_day" in assigned:  # a table without follow-up can still be compared
        return whole[whole["in_overall"].fillna(False).to_numpy(dtype=bool)]
    return whole


def concordance(analysed, settings):
    """Recommended pathway against the arm given: counts, agreement with kappa, and the commonest
    reasons of discordance.
    """
    arm, policy = analysed["arm"], settings["assign"]["short_given_for_cebrt"]
    counts = count_concordance(analysed["pathway"], analysed["pathway_rule"], arm, policy)
    pairs = comparable_pairs(analysed["pathway"], arm, policy)
    recommended, given = (pairs[name].cat.codes.to_numpy(dtype=int) for name in pairs)
    k = len(pairs["given"].cat.categories)
    table = np.bincount(recommended * k + given, minlength=k * k).reshape(k, k)
    numbers = {"value": float("nan"), "ci_lower": float("nan"), "ci_upper": float("nan")}
    agreed = agreement_rows(table).assign(section="agreement", pathway="", arm="", rule="")
    return pd.concat([counts.assign(**numbers), agreed], ignore_index=True)
