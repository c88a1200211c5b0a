"""Step `audit_report`: audit.html and audit.pdf from the tables of the audit step."""

import mescc_analytics
from mescc_analytics.present import (
    audit_cases,
    audit_methods,
    audit_page,
    audit_paper,
    display,
    tables_audit,
)
from mescc_analytics.present import audit_words as words
from mescc_analytics.present.reports import Picture
from mescc_analytics.present.study import study_of
from mescc_analytics.provenance import digest_code
from mescc_analytics.tables import files

TABLES = (
    "indicators trend funnel cusum cycles intervals order times steroids completeness published "
    "findings cases"
).split()
ORDER = ("not_met", "uncertain", "met", "too_few", "reported")
MOST_YEARS = 3  # the latest ones; more lines cannot be told apart
TIMES = {
    "presentation_to_mri": "MRI by day after presentation (%)",
    "decision_to_radiotherapy": "Radiotherapy by day after the decision (%)",
}


def audit_report(inputs, out, settings):
    """Write audit.html and audit.pdf; row-level, for the hospital only.

    Parameters
    ----------
    inputs : dict of str to Path
        audit: folder with the tables of the audit step.
    out : Path
        Folder.
    settings : dict
        name, time_resolution, and the sections report and audit.
    """
    tables = {name: _typed(files.read_csv(inputs["audit"] / f"{name}.csv")) for name in TABLES}
    about = {"version": mescc_analytics.__version__, "digest": digest_code()[:12]} | settings
    whole = content(tables, about)
    files.write_text(audit_page.render(whole), out / "audit.html")
    listed = audit_cases.failing(tables["cases"], settings["report"]["audit_pdf_rows"])
    files.write_bytes(audit_paper.render(whole, listed), out / "audit.pdf")


def _typed(frame):
    """Sites and periods are names, also where they look like numbers; a column of text is text,
    also where it is blank throughout.
    """
    names = {"site", "period", "case_id", "first_cycle", "second_cycle", "needs", "signal"}
    names &= set(frame)
    return frame.astype(dict.fromkeys(names, "string"))


def content(tables, settings):
    """Everything that the page says."""
    counted, chosen = tables["indicators"], settings["audit"]
    overall = counted[(counted["site"] == "all") & (counted["period"] == "all")]
    rows, drawn = overall.to_dict("records"), _drawn(tables)
    blocks = [audit_page.block(r, tables, drawn.get(r["indicator_id"]), chosen) for r in rows]
    return {
        "study": study_of(settings),
        "facts": _facts(tables),
        "lines": words.five_lines(overall, tables["cycles"], tables["intervals"]),
        "overview": _overview(overall),
        "intervals": _intervals(tables["intervals"]),
        "times": _times(tables["times"]),
        "blocks": blocks,
        "safety": _safety(tables["cusum"], {block.name: block.line for block in blocks}),
        "methods": audit_methods.paragraphs(chosen, settings["time_resolution"]),
    } | _text(tables, settings)


def _text(tables, settings):
    """The tables of the page, and its case list."""
    held = audit_cases.held(tables["cases"], settings["report"]["audit_page_rows"])
    level = settings["audit"]["confidence_level"]
    return {
        "order": tables_audit.order(tables["order"]),
        "cycles": tables_audit.cycles(tables["cycles"], level),
        "changed_ids": tables_audit.compared(tables["cycles"])["indicator_id"].tolist(),
        "steroids": tables_audit.steroids(tables["steroids"]),
        "completeness": tables_audit.completeness(tables["completeness"]),
        "published": tables_audit.published(tables["published"], level),
        "findings": tables["findings"]["finding"].tolist(),
        "sums": tables_audit.sums(tables["findings"]),
        "standards": tables_audit.standards(),
        "settings": tables_audit.settings(settings["audit"]),
        "case_data": audit_cases.safe_json(audit_cases.packed(held)),
        "n_held": len(held),
        "n_rows": len(tables["cases"]),
        "cut": tables_audit.cut(tables["cases"], settings["audit"]["list_at_most"]),
    }


def _facts(tables):
    counted, cases = tables["indicators"], tables["cases"]
    sites = sorted(set(counted["site"].dropna()) - {"all"})
    periods = sorted(set(counted["period"].dropna()) - {"all"})
    complete = tables["completeness"]
    return {
        "n_cases": int(complete.loc[complete["site"] == "all", "n"].max()),
        "sites": ", ".join(sites) if sites else "not recorded",
        "site_names": sites,
        "periods": periods,
        "span": f"{periods[0]} to {periods[-1]}" if periods else "not recorded",
        "verdicts": sorted(cases["verdict"].dropna().unique()),
        "listed": sorted(cases["indicator_id"].dropna().unique()),
    }


def _overview(overall):
    from mescc_analytics.present.figures import audit

    shown = overall[overall["denominator"].fillna(0) > 0].to_dict("records")
    if not shown:
        return None
    shown.sort(key=lambda row: (ORDER.index(row["status"]), _far(row)))
    figure = audit.draw_overview([_row(row) for row in shown])
    met = sum(row["status"] == "met" for row in shown)
    missed = sum(row["status"] == "not_met" for row in shown)
    alternative = (
        f"{len(shown)} indicators: {met} meet their target, {missed} do not, "
        f"{len(shown) - met - missed} are uncertain, too small or reported only."
    )
    caption = (
        "Indicators over all sites and periods, the farthest below their target first. Dot: share "
        "of the judged cases; line: Wilson interval; bar: target; numbers: met of judged."
    )
    return _picture("overview", "Indicators against their targets", caption, alternative, figure)


def _far(row):
    return 0.0 if row["status"] == "reported" else words.distance(row)


def _row(row):
    numbers = ("proportion", "ci_lower", "ci_upper")
    return {name: float(row[name]) for name in numbers} | {
        "id": row["indicator_id"],
        "title": f"{words.indicator(row['indicator_id'])['title']} {row['indicator_id']}",
        "target": None if row["status"] == "reported" else float(row["target"]),
        "numerator": int(row["numerator"]),
        "denominator": int(row["denominator"]),
        "status": row["status"],
    }


def _picture(name, title, caption, alternative, figure):
    from mescc_analytics.present.figures import save

    svg = save.render_svg(figure).decode("utf-8")
    return Picture(name, title, caption, alternative, svg)


def _drawn(tables):
    """Run chart (and funnel) of every indicator with at least three periods."""
    from mescc_analytics.present.figures import audit

    trend = tables["trend"][tables["trend"]["site"] == "all"]
    targets = tables["indicators"].drop_duplicates("indicator_id").set_index("indicator_id")
    drawn = {}
    for name, part in trend.groupby("indicator_id", sort=False):
        if part["proportion"].notna().sum() < 3:
            continue
        funnel = tables["funnel"][tables["funnel"]["indicator_id"] == name]
        target = targets.loc[name, "target"]
        figure = audit.draw_indicator(
            part, funnel, None if display.is_missing(target) else float(target)
        )
        drawn[name] = _picture(
            f"chart-{name}",
            f"{words.indicator(name)['title']} over time",
            _chart_caption(part, funnel),
            _chart_alternative(part),
            figure,
        )
    return drawn


def _chart_caption(part, funnel):
    widened = float(part["sigma_z"].max())
    kind = f", widened by {widened:.1f} (Laney)" if widened > 1 else ""
    text = f"Line: share of all cases; dotted: 3-sigma limits{kind}; square: a rule fired there."
    if len(funnel):
        text += " Funnel: exact 95 % (dashed) and 99.8 % limits around all sites together."
    return text


def _chart_alternative(part):
    known = part.dropna(subset=["proportion"])
    fired = [text for text in part["signal"].dropna() if text]
    first, last = known.iloc[0], known.iloc[-1]
    said = "; ".join(fired) if fired else "no rule fired"
    return (
        f"From {100 * first['proportion']:.0f} % in {first['period']} to "
        f"{100 * last['proportion']:.0f} % in {last['period']}; {said}."
    )


def _intervals(frame):
    from mescc_analytics.present.figures import audit

    table = tables_audit.intervals(frame)
    whole = frame[(frame["site"] == "all") & (frame["period"] == "all") & (frame["n"] > 0)]
    rows = [
        {
            "label": words.INTERVALS[row["interval"]],
            "n": int(row["n"]),
            "median": float(row["median_days"]),
            "lower": float(row["lower_quartile_days"]),
            "upper": float(row["upper_quartile_days"]),
        }
        for row in whole.to_dict("records")
    ]
    if not rows:
        return {"picture": None, "table": table}
    said = "; ".join(f"{row['label']}: median {row['median']:.0f} days" for row in rows)
    caption = "Days between the milestones, all sites and periods; the scale is stretched."
    picture = _picture(
        "intervals", "Where the days go", caption, f"{said}.", audit.draw_intervals(rows)
    )
    return {"picture": picture, "table": table}


def _times(frame):
    from mescc_analytics.present.figures import audit

    pictures = []
    for name, part in frame.groupby("process", sort=False):
        ends = part[part["period"] == "all"].iloc[-1]
        said = f"By day {ends['time_days']:.0f}: {100 * ends['incidence']:.0f} %."
        caption = (
            "Share for whom the step was done by each day, all years and the latest ones; death "
            "before it counts as not done."
        )
        recent = sorted(set(part["period"]) - {"all"})[-MOST_YEARS:]
        figure = audit.draw_times(part[part["period"].isin(["all", *recent])], TIMES[name])
        pictures.append(_picture(f"times-{name}", TIMES[name], caption, said, figure))
    return pictures


def _safety(frame, lines):
    from mescc_analytics.present.figures import audit

    entries = []
    for name, part in frame.groupby("indicator_id", sort=False):
        fired = [text for text in part["signal"].dropna() if text]
        title = words.indicator(name)["title"]
        expected = f"{100 * float(part['expected'].iloc[0]):.0f} %"
        said = f"It {'; '.join(fired)}." if fired else "It stays below its limit."
        caption = (
            f"Log likelihood ratio of twice the odds of {expected} per case, summed over periods "
            "and never below zero; cases within a period have no order."
        )
        picture = _picture(
            f"cusum-{name}", f"{title}: CUSUM", caption, said, audit.draw_cusum(part)
        )
        line = f"{lines[name]} {said}"
        entries.append({"name": name, "title": title, "line": line, "picture": picture})
    return entries
