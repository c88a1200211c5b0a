"""Step `figures`: every figure as SVG, PDF and PNG."""

from mescc_analytics import codebook
from mescc_analytics.present import agreement as readings
from mescc_analytics.present import captions, literature
from mescc_analytics.present.figures import (
    agreement,
    flow,
    forest,
    pathway,
    save,
    style,
    survival,
    walking,
)
from mescc_analytics.steps import (
    adjusted,
    choices,
    events,
    show_impute,
    show_prognosis,
    shown,
    withhold_agreement,
)
from mescc_analytics.tables import files

NAMES = (
    "survival_by_arm",
    "survival_overall",
    "walking_by_arm",
    "pathway_by_arm",
    "flow",
    "sins_agreement",
    "benchmark",
    *choices.FIGURES,
    *adjusted.FIGURES,
    *events.FIGURES,
    *show_prognosis.NAMES,
    *show_impute.NAMES,
)


def figures(inputs, out, settings):
    """Draw the figures of one cohort.

    Parameters
    ----------
    inputs : dict of str to Path
        results (a cohort's folder), or single files: flow, curves, summary,
        survival_not_assessable, rates, walking_not_assessable, concordance, readings,
        reading_points, comparison, prognosis_<table>.
    out : Path
        Folder; gets every figure of NAMES as .svg, .pdf, .png.
    settings : dict
        name, disclosure, cohort, survival, prognosis and figures (estimand, curve_min_at_risk).
    """
    reason = shown.too_few(inputs, settings)
    drawn = _withheld(reason) if reason else _drawn(inputs, settings)
    for name, figure in drawn.items():
        for ending, content in save.render(figure).items():
            files.write_bytes(content, out / f"{name}.{ending}")


def _withheld(reason):
    return {name: style.placeholder(reason) for name in NAMES}


def _drawn(inputs, settings):
    frames = shown.frames(inputs, settings)
    study = shown.study_as_run(settings, "figures", frames["summary"])
    made = events.figures(frames, study, settings) | choices.figures(frames)
    made |= adjusted.figures(frames, study)
    return made | {
        "survival_by_arm": _survival(frames, study, "by_arm"),
        "survival_overall": _survival(frames, study, "overall"),
        "walking_by_arm": _walking(frames, study),
        "pathway_by_arm": _pathway(frames, settings.get("assign") or {}),
        "sins_agreement": _readings(inputs, frames, settings),
        "flow": flow.draw_flow(
            captions.flow_stages(frames["flow"], shown.arm_sizes(frames["summary"]), study)
        ),
        "benchmark": forest.draw_forest(literature.drawn(frames["comparison"])),
        **show_impute.figures(inputs, settings),
        **show_prognosis.figures(show_prognosis.frames(shown.locate(inputs), settings), settings),
    }


def _survival(frames, study, analysis):
    curves, summary = (
        frames[name][frames[name]["analysis"] == analysis] for name in ("curves", "summary")
    )
    if curves.empty:
        reason = shown.why_not(frames["survival_not_assessable"], analysis)
        return style.placeholder(
            f"{captions.TITLES[f'survival_{analysis}']} is not assessable: {reason}"
        )
    by_arm = analysis == "by_arm"
    refused = choices.refusal(frames, study) if by_arm else ""
    if refused:
        return style.placeholder(refused)
    plot = survival.SurvivalPlot(
        analysis,
        study.time_zero_words,
        study.landmark_days if by_arm else 0.0,
        study.small,
        2.9 if by_arm else 2.2,
        arms_given=frames["arms_given"],
    )
    return survival.draw_survival(curves, summary, plot)


def _walking(frames, study):
    rates = shown.main_rates(frames["rates"], "by_arm", study.estimand)
    if rates.empty:
        reason = shown.why_not(frames["walking_not_assessable"], "by_arm")
        return style.placeholder(f"Walking by arm is not assessable: {reason}")
    return walking.draw_walking(rates, study.estimand_words)


def _pathway(frames, assign):
    arms = codebook.load("arms")["arms"]
    agreeing = {arm: [entry["pathway"]] for arm, entry in arms.items()}
    if assign.get("short_given_for_cebrt") == "concordant":
        agreeing["cebrt_short"] += ["cebrt"]
    return pathway.draw_pathway(frames["cells"], agreeing)


def _readings(inputs, frames, settings):
    points = shown.read(shown.locate(inputs), "reading_points")
    chosen, threshold = settings["agreement"], settings["disclosure"]["threshold"]
    of_total = frames["readings"]["reading"] == "sins_total"
    untold = bool(frames["readings"].loc[of_total, "n_pairs"].isna().any())
    squares = withhold_agreement.squares(
        points, chosen["bin_reach_points"], threshold, untold=untold
    )
    return agreement.draw_agreement(
        squares, readings.lines(frames["readings"]), chosen["confidence_level"]
    )
