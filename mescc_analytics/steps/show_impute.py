"""Missing values and imputation for figures, tables and report: suppressed, and what is made of
them.
"""

from mescc_analytics.present import tables_impute
from mescc_analytics.steps import shown, withhold_impute

NAMES = ("missingness",)
NOT_MADE = ("imputation", "adjusted survival by arm")


def _patterns(inputs, threshold):
    """The patterns that may be shown, and the number of cases."""
    exact = shown.read(inputs, "patterns").rename(
        columns=lambda name: name.removeprefix("missing_")
    )
    return withhold_impute.patterns(exact, threshold), int(exact["n"].sum())


def figures(inputs, settings):
    """Drawings by name."""
    from mescc_analytics.present.figures.missingness import draw_missingness

    made = _patterns(shown.locate(inputs), settings["disclosure"]["threshold"])
    return {"missingness": draw_missingness(*made)}


def tables(inputs, summary, study):
    """The three tables, in order; `summary` is that of survival, suppressed."""
    frame, n_cases = _patterns(inputs, study.threshold)
    yield tables_impute.patterns(frame, study, n_cases)
    exact = shown.read(inputs, "adjusted")
    yield tables_impute.adjusted(withhold_impute.estimates(exact, summary, study.threshold), study)
    yield tables_impute.sins(
        withhold_impute.sins(shown.read(inputs, "sins_imputed"), study.threshold), study
    )


def absent(inputs):
    """What could not be made; single columns stand in not_assessable.csv."""
    frame = shown.read(inputs, "imputation_not_assessable")
    return frame[frame["analysis"].isin(NOT_MADE)].assign(subject="")


def words(inputs, settings, study):
    """Caption and text alternative of the figure, by name."""
    frame, n_cases = _patterns(shown.locate(inputs), settings["disclosure"]["threshold"])
    return {"missingness": tables_impute.caption(frame, study, n_cases)}


def remarks(inputs, settings):
    """What replaces the figure where it is not drawn."""
    frame, _ = _patterns(shown.locate(inputs), settings["disclosure"]["threshold"])
    return {} if tables_impute.variables(frame) else {"missingness": tables_impute.NOT_DRAWN}


def methods(inputs):
    """A paragraph, or none."""
    return tables_impute.methods(shown.read(shown.locate(inputs), "imputation"))
