"""What the presenting steps show of the weighted comparison of arms: its diagnostics first."""

from mescc_analytics.present import (
    captions_adjusted,
    estimates_adjusted,
    tables_adjusted,
    wording,
)
from mescc_analytics.steps import choices, withhold_contrasts
from mescc_analytics.steps import withhold_weight as withheld
from mescc_analytics.steps.covariates import words_of

PLACES = {
    "weight_balance": "weight/balance.csv",
    "weight_overlap": "weight/overlap.csv",
    "weight_diagnostics": "weight/diagnostics.csv",
    "weight_not_assessable": "weight/not_assessable.csv",
}
EMPTY = {
    "weight_balance": "analysis covariate contrast group reference smd_before smd_after by_chance "
    "limit verdict n_fewest note variance_ratio variance_ratio_limit",
    "weight_overlap": "analysis contrast group reference arm bin_lower bin_upper n n_weighted",
    "weight_diagnostics": "analysis contrast group reference diagnostic value limit verdict "
    "withholds why",
    "weight_not_assessable": "analysis needs reason",
}
# first treatments first: their arms are the larger ones
ANALYSES = (wording.BROAD_WEIGHTED, "by_arm_weighted")
CURVES = dict(zip(("survival_weighted", "survival_weighted_arms"), ANALYSES, strict=True))
SUMMARY = "weighted_summary"
FIGURES = ("balance", "overlap", *CURVES)


def _weighted(frame):
    """The rows of weighted comparisons, first treatments first."""
    order = frame["analysis"].map(dict(zip(ANALYSES, range(len(ANALYSES)), strict=True)))
    places = order.reset_index(drop=True).dropna().sort_values(kind="stable").index
    return frame.iloc[places].reset_index(drop=True)


def frames(read, shown_summary, threshold, least_at_risk=None):
    """Result frames as they may be shown, by name.

    Parameters
    ----------
    read : callable
        From the name of a result file to its frame.
    shown_summary : DataFrame
        summary.csv of survival, suppressed.
    threshold : int
    least_at_risk : int or None
        Curves stop where fewer are at risk.
    """
    made, sizes, no_size = _weighting(read, shown_summary, threshold)
    ratios, days = _weighted(read("hazards")), _weighted(read("survival_contrasts"))
    curves = read("curves")
    ends = ["estimate", "ci_lower", "ci_upper"]
    return made | {
        "weight_not_assessable": read("weight_not_assessable"),
        "weighted_curves": withheld.curves(
            _weighted(curves), curves, no_size, threshold, least_at_risk
        ),
        "weighted_hazards": withhold_contrasts.ratios(ratios, shown_summary, threshold),
        "weighted_contrasts": withheld.of_large_arms(days, sizes, ends, threshold),
        "weighted_tests": _weighted(read("tests")),
        "weighted_summary": _weighted(shown_summary),
    }


def _weighting(read, shown_summary, threshold):
    """What the step `weight` shows, the sizes of the arms, and the arms whose size is not told."""
    balance, overlap, diagnostics = (
        _weighted(read(name)) for name in ("weight_balance", "weight_overlap", "weight_diagnostics")
    )
    sizes = withheld.sizes(overlap, diagnostics)
    hidden = [withheld.untold(sizes, shown_summary, threshold, of) for of in ("n", "events")]
    few = withheld.few(balance, diagnostics, sizes, threshold)
    labels = balance["covariate"].map(words_of).astype("string")
    return (
        {
            "weight_balance": withheld.balance(balance, few, threshold).assign(label=labels),
            "weight_overlap": withheld.overlap(overlap, hidden[0], threshold),
            "weight_diagnostics": withheld.diagnostics(
                diagnostics, balance[few], (sizes, *hidden), threshold
            ),
        },
        sizes,
        hidden[0],
    )


def _of(frame, analysis):
    return frame[frame["analysis"] == analysis]


def figures(shown, study):
    """The figures by name; `shown` as from `frames`."""
    from mescc_analytics.present.figures import adjusted, style, survival

    made = {
        "balance": adjusted.draw_balance(shown["weight_balance"]),
        "overlap": adjusted.draw_overlap(shown["weight_overlap"], shown["weight_diagnostics"]),
    }
    for name, analysis in CURVES.items():
        curves, summary = (_of(shown[part], analysis) for part in ("weighted_curves", SUMMARY))
        plot = survival.SurvivalPlot(
            analysis, study.time_zero_words, study.landmark_days, study.small, weighted=True
        )
        drawn = survival.draw_survival(curves, summary, plot) if len(curves) else None
        made[name] = drawn or style.placeholder(captions_adjusted.NO_CURVES)
    return made


def captions(shown, study):
    """Caption and text alternative of each figure."""
    made = {
        "balance": captions_adjusted.balance(shown["weight_balance"], study),
        "overlap": captions_adjusted.overlap(shown["weight_overlap"], study),
    }
    for name, analysis in CURVES.items():
        summary = _of(shown[SUMMARY], analysis)
        made[name] = captions_adjusted.survival(summary, study, analysis)
    return made


def remarks(shown):
    """What replaces a figure that could not be drawn."""
    found = {}
    for name, part in (("balance", "weight_balance"), ("overlap", "weight_overlap")):
        if shown[part].empty:
            found[name] = captions_adjusted.no_model(shown["weight_not_assessable"])
    for name, analysis in CURVES.items():
        if _of(shown["weighted_curves"], analysis)["survival"].isna().all():
            found[name] = captions_adjusted.NO_CURVES
    return found


def tables(read, shown_summary, study, settings):
    """Diagnostics, contrasts that are not in the model, estimates, balance."""
    shown = frames(read, shown_summary, study.threshold)
    panel = choices.frames(read, study.threshold)["panel"]
    least = (settings.get("survival") or {}).get("min_arm", 0)
    tells = withhold_contrasts.p_tells(read("summary"), shown_summary, study.threshold, least)
    plain = withhold_contrasts.ratios(read("hazards"), shown_summary, study.threshold, tells)
    shown |= {"unweighted": plain, "panel": panel}
    show = captions_adjusted.shown_anyway(settings.get("weight") or {})
    yield tables_adjusted.diagnostics(shown["weight_diagnostics"], study, show=show)
    yield tables_adjusted.withheld(shown["weight_diagnostics"], study, show=show)
    yield estimates_adjusted.estimates(shown, study)
    yield tables_adjusted.balance(shown["weight_balance"], study)


def opening(shown, settings, study):
    """The paragraphs with which the section opens."""
    chosen = settings.get("weight") or {}
    said = captions_adjusted.opening(shown["weight_not_assessable"], chosen, study)
    passed = summed_up(shown, settings)
    return [said, passed] if passed else [said]


def summed_up(shown, settings):
    """How many contrasts passed, in one sentence, or ""."""
    return captions_adjusted.summed_up(shown["weight_diagnostics"], settings.get("weight") or {})
