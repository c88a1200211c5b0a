"""The generated pages of docs/: what present prints, with worked examples computed here.

``python -m mescc_analytics.steps.reference docs`` writes them all.
"""

import sys
from functools import cache, partial
from pathlib import Path

import pandas as pd

from mescc_analytics import codebook, settings
from mescc_analytics.clinical.prognosis import REGISTRY, columns_needed, registry, score_label
from mescc_analytics.clinical.prognosis_inputs import prepare_inputs
from mescc_analytics.clinical.prognosis_terms import item_points
from mescc_analytics.clinical.scores import score_cases
from mescc_analytics.clinical.sins import MISSING, bounds, items
from mescc_analytics.clinical.sins_items import prepare_items
from mescc_analytics.present import reference, reference_index, reference_scores, tables_flags
from mescc_analytics.present.reference_scores import case_rows
from mescc_analytics.present.reference_words import inputs_of, name_of
from mescc_analytics.steps.derived import RULES, SCORE_RULES
from mescc_analytics.tables import files

DTYPES = {"text": "string", "boolean": "boolean", "integer": "Int64", "number": "Float64"}
PROGNOSTIC_CODES = (
    *("KPS_FROM_ECOG", "ECOG_FROM_KPS", "KPS_BETWEEN_TENS"),
    "DEFICIT_AFTER_PRESENTATION",
)


def typed(case):
    """One case as a typed table of one row: text, not a number, in the columns that hold text."""
    columns = codebook.columns("cases")
    return pd.DataFrame({name: _typed(value, columns[name]) for name, value in case.items()})


def _typed(value, column):
    if column.type == "category":
        return pd.Categorical([value], list(column.levels))
    return pd.array([value], dtype=DTYPES[column.type])


def scored(case, changed):
    """The scores of one case under the default config with some keys changed."""
    return score_cases(typed(case), settings.defaults("score") | changed).iloc[0]


def runs(case, entry, describe):
    """What the program says of a case: by default, with the config of the example, and without one
    column.
    """
    changed = entry.get("settings", {})
    made = [("default config", case, {})]
    if changed:
        told = ", ".join(f"`{key}: {_words(value)}`" for key, value in changed.items())
        made.append((f"with {told}", case, changed))
    without = entry["without"]
    title = f"without `{without}`" + (", same config" if changed else "")
    made.append((title, {k: v for k, v in case.items() if k != without}, changed))
    return [{"title": title, "rows": describe(row, keys)} for title, row, keys in made]


def _words(value):
    if isinstance(value, list):
        return f"[{', '.join(map(str, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def prognostic_example(book):
    """Example case of a score, and its results."""
    case = codebook.load(REGISTRY)["example"]["case"] | book["example"].get("case", {})
    needed = {*columns_needed(book), *_alternatives(book)}
    shown = {name: value for name, value in case.items() if name in needed}
    return {
        "label": score_label(book),
        "case": shown,
        "runs": runs(shown, book["example"], partial(prognostic_rows, book)),
    }


def _alternatives(book):
    inputs = codebook.load(REGISTRY)["inputs"]
    read = inputs_of([book["items"], book.get("not_applicable", {}), book.get("outside", {})])
    return [
        *read,
        *(column for name in read if name in inputs for column in inputs[name]["columns"]),
    ]


def prognostic_rows(book, case, changed):
    """Points by item, then total, group, what is missing and the codes."""
    name = book["id"]
    if book["status"] == "unverified" and not changed.get("allow_unverified"):
        return {"**total**": "not computed"}
    choices = settings.defaults("score") | changed
    whole = score_cases(typed(case), choices)
    result = whole.iloc[0]
    rows = {
        book["items"][item]["label"]: _range(low, high)
        for item, (low, high) in item_bounds(book, whole, choices).items()
    }
    read = inputs_of([book["items"], book.get("not_applicable", {})])
    own = [name.upper(), *(word for word in ("KPS", "ECOG") if word.lower() in read)]
    codes = str(result["prognosis_flags"]).split("; ")
    rows["**total**"] = _range(result[f"{name}_min"], result[f"{name}_max"])
    rows["**group**"] = str(result[f"{name}_band"])
    rows["missing"] = _blank(result[f"{name}_missing"])
    rows["codes"] = "; ".join(code for code in codes if code.startswith(tuple(own))) or "none"
    return rows


def item_bounds(book, whole, choices):
    """Lowest and highest points of every item of one scored case: dict of item to (low, high)."""
    frame, _ = prepare_inputs(whole, _all_columns(), choices["kps_from_ecog"])
    for item in book["items"].values():
        if "score" in item:
            for end in ("min", "max"):
                column = f"{item['score']}_{end}"
                frame[column] = whole[column].astype(float)
    points = choices["prognosis_points"].get(book["id"], {})
    return {
        name: tuple(
            int(end[0])
            for end in item_points(item, frame, choices | {"points": points.get(name, {})})
        )
        for name, item in book["items"].items()
    }


@cache
def _all_columns():
    return tuple(codebook.columns("cases")) + ("spinal_region",)


def _range(low, high):
    if pd.isna(low):
        return ""
    return str(low) if low == high else f"{low} to {high}"


def _blank(value):
    return "none" if pd.isna(value) else str(value)


def sins_rows(case, changed):
    """What SINS says of one case."""
    result = scored(case, changed)
    states, _ = prepare_items(typed(case), settings.defaults("score") | changed)
    points = {
        name_of(item): _range(*bounds(item).get(state[0], bounds(item)[MISSING]))
        for item, state in zip(items(), states, strict=True)
    }
    return points | {
        "**total**": _range(result["sins_min"], result["sins_max"]),
        "**category**": result["sins_category"],
        "missing": _blank(result["sins_missing"]),
        "codes": _blank(result["sins_flags"]),
    }


def sosg_rows(case, changed):
    """What SOSG says of one case."""
    result = scored(case, changed)
    shown = {"sosg_high_grade": "high grade", "sosg_valid": "within the validated levels"}
    answers = {True: "yes", False: "no"}
    return {
        words: "unknown" if pd.isna(result[name]) else answers[bool(result[name])]
        for name, words in shown.items()
    }


def spine_example(book, describe):
    """Example of SINS or SOSG."""
    case = book["example"]["case"]
    return {"case": case, "runs": runs(case, book["example"], describe)}


def _score_page(book):
    return reference_scores.score_page(book, prognostic_example(book))


def _index():
    rows = []
    case = codebook.load(REGISTRY)["example"]["case"]
    results = {allowed: scored(case, {"allow_unverified": allowed}) for allowed in (False, True)}
    for name, book in registry(allow_unverified=True).items():
        result = results[book["status"] == "unverified"]
        total = _range(result[f"{name}_min"], result[f"{name}_max"])
        band = str(result[f"{name}_band"])
        said = "not applicable" if band == "not_applicable" else f"{total} points, group {band}"
        if f"{name.upper()}_OUTSIDE" in str(result["prognosis_flags"]):
            said += ", used outside its derivation"
        about = book["status"], book["direction"], *book["range"]
        rows.append((name, score_label(book), *about, said))
    flags = {code: RULES[code] for code in PROGNOSTIC_CODES}
    flags |= {f"<SCORE>{end}": text.format("The score") for end, text in SCORE_RULES.items()}
    return reference_index.index_page(
        case_rows(case), rows, {f"`{code}`": text for code, text in flags.items()}
    )


_MADE_HERE = {
    "scores/README.md": _index,
    "flags.md": lambda: tables_flags.flags_page(settings.complete({}, need_cohorts=False)),
    "scores/sins.md": lambda: reference_index.sins_page(
        spine_example(codebook.load("sins"), sins_rows)
    ),
    "scores/sosg.md": lambda: reference_index.sosg_page(
        spine_example(codebook.load("sosg"), sosg_rows)
    ),
    "scores/external.md": reference_index.external_page,
    **{
        f"scores/{name}.md": partial(_score_page, book)
        for name, book in registry(allow_unverified=True).items()
    },
}
# the examples are worked out once
PAGES = {**reference.PAGES, **{name: cache(page) for name, page in _MADE_HERE.items()}}


def write_pages(folder):
    """Every page at its path below a folder."""
    for name, page in PAGES.items():
        path = Path(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write_text(page(), path)


if __name__ == "__main__":
    write_pages(sys.argv[1])
