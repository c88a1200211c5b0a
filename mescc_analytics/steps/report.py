"""Step `report`: research.html from the results, figures and tables of a cohort."""

import json

import mescc_analytics
from mescc_analytics.present import agreement, captions, literature, methods, reports, sentences
from mescc_analytics.present import prognosis as scores
from mescc_analytics.present import tables as people
from mescc_analytics.provenance import digest_code
from mescc_analytics.steps import adjusted, choices, events, show_impute, show_prognosis, shown
from mescc_analytics.tables import files

SECTIONS = (
    "score",
    "assign",
    "cohort",
    "weight",
    "survival",
    "sensitivity",
    "ambulatory",
    "competing",
    "agreement",
    "benchmark",
    "prognosis",
    "impute",
    "disclosure",
    "figures",
    "tables",
    "report",
)
SUBJECTS = {
    "survival_by_arm": ("summary", "by_arm", "Survival by arm"),
    "survival_overall": ("summary", "overall", "Survival"),
    "walking_by_arm": ("rates", "by_arm", "Walking by arm"),
}
NOTHING_TO_COMPARE = "Recommendation and treatment cannot be compared: no case has both."


def report(inputs, out, settings):
    """Write research.html.

    Parameters
    ----------
    inputs : dict of str to Path
        results (a cohort's folder), or single files as in `shown.frames` plus the folders figures
        and tables.
    out : Path
        Folder; gets research.html.
    settings : dict
        The completed config; report.title and report.date are printed as given.
    """
    reason = shown.too_few(inputs, settings)
    if reason:
        name = settings.get("name", "")
        return files.write_text(reports.render_withheld(name, reason), out / "research.html")
    inputs = shown.locate(inputs)
    frames = shown.frames(inputs, settings)
    frames["adjusted"] = adjusted.summed_up(frames, settings)
    made = json.loads(files.contents(inputs["tables"] / "tables.json"))
    study = _study(settings, frames["summary"], given=made["overview"]["arms_given"])
    validated = show_prognosis.frames(inputs, settings)
    content = reports.Content(
        study=study,
        facts=made["overview"],
        sentences=sentences.in_one_minute(made["overview"], frames, study),
        pictures=_pictures(inputs, frames | {"validated": validated}, study, settings),
        tables={record["name"]: people.from_record(record) for record in made["tables"]},
        agreement=captions.agreement_sentence(frames["agreement"], study),
        methods=_methods(settings, study, frames, show_impute.methods(inputs)),
        settings=methods.settings_rows(settings, SECTIONS),
        remarks=_remarks(frames, inputs, settings) | show_prognosis.remarks(validated),
        literature=literature.opening(frames["comparison"]),
        prognosis=show_prognosis.opening(validated, settings, study),
        adjusted=adjusted.opening(frames, settings, study),
    )
    files.write_text(reports.render(content), out / "research.html")


def _study(settings, summary, *, given):
    about = {"version": mescc_analytics.__version__, "digest": digest_code()[:12]} | settings
    return shown.study_as_run(about, "report", summary, arms_given=given)


def _methods(settings, study, frames, imputed):
    *before, software = methods.paragraphs(settings, study)
    return [
        *before,
        *agreement.methods(frames["readings"], settings["agreement"]),
        *imputed,
        software,
    ]


def _pictures(inputs, frames, study, settings):
    summary = {
        name: frames["summary"][frames["summary"]["analysis"] == name]
        for name in ("by_arm", "overall")
    }
    stages = captions.flow_stages(frames["flow"], shown.arm_sizes(frames["summary"]), study)
    words = {
        "survival_by_arm": captions.survival(summary["by_arm"], study, "by_arm"),
        "survival_overall": captions.survival(summary["overall"], study, "overall"),
        "walking_by_arm": captions.walking(
            shown.main_rates(frames["rates"], "by_arm", study.estimand), study
        ),
        "pathway_by_arm": captions.pathway(frames["cells"], frames["agreement"], study),
        "flow": captions.flow(stages, study),
        "sins_agreement": agreement.caption(frames["readings"], study, settings["agreement"]),
        "benchmark": literature.caption(literature.drawn(frames["comparison"]), study),
    }
    words |= events.captions(frames, study, settings) | choices.captions(frames, study)
    words |= adjusted.captions(frames, study)
    words |= show_impute.words(inputs, settings, study)
    words |= show_prognosis.words(frames["validated"], settings, study)
    return {name: _picture(inputs, name, *pair) for name, pair in words.items()}


def _picture(inputs, name, caption, alternative):
    svg = files.contents(inputs["figures"] / f"{name}.svg").decode("utf-8")
    return reports.Picture(
        name,
        (captions.TITLES | scores.TITLES)[name],
        caption,
        alternative,
        svg,
    )


def _remarks(frames, inputs, settings):
    """What replaces a figure that could not be drawn."""
    remarks = {}
    for name, (frame, analysis, words) in SUBJECTS.items():
        if not (frames[frame]["analysis"] == analysis).any():
            reason = shown.why_not(frames[f"{words.split()[0].lower()}_not_assessable"], analysis)
            remarks[name] = f"{words} is not assessable: {reason}."
    remarks |= events.remarks(frames, shown.why_not) | choices.remarks(frames)
    remarks |= adjusted.remarks(frames)
    remarks |= show_impute.remarks(inputs, settings)
    if literature.drawn(frames["comparison"]).empty:
        remarks["benchmark"] = literature.NOTHING
    if frames["cells"].empty:
        remarks["pathway_by_arm"] = NOTHING_TO_COMPARE
    if not agreement.lines(frames["readings"]):
        remarks["sins_agreement"] = agreement.NOT_DRAWN
    return remarks
