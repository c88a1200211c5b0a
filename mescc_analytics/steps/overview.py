"""Facts for the head of the report, without a number that tells a small exclusion."""


def overview(cohort, threshold):
    """Facts for the head of the report: number supplied, analysed, compared, years, and how cases
    presented. A number that would tell a small exclusion is None.
    """
    cases = cohort[cohort["in_overall"].fillna(False).astype(bool)]
    facts = {
        "n_supplied": len(cohort),
        "n_overall": len(cases),
        "n_arms": int(cohort["in_arms"].fillna(False).sum()),
    }
    facts["arms_given"] = "arm_source" in cohort and bool((cohort["arm_source"] == "given").any())
    if "presentation_year" in cases and cases["presentation_year"].notna().any():
        facts |= {
            "year_first": int(cases["presentation_year"].min()),
            "year_last": int(cases["presentation_year"].max()),
        }
    shares = {
        "walking": _share(cases, "ambulatory_status", ("unaided", "aided")),
        "high_grade": _share(cases, "sosg_high_grade", (True,)),
        "unstable": _share(cases, "sins_category", ("unstable",), ("undetermined",)),
    }
    kept = {name: share for name, share in shares.items() if share and not _tells(share, threshold)}
    return _untold(facts, threshold) | {"shares": kept}


def supplied_hidden(n_supplied, n_overall, threshold):
    """Whether so few cases were excluded that the number supplied must not be shown."""
    return 0 < n_supplied - n_overall < threshold


def _untold(facts, threshold):
    """The numbers of the head of the report without one that tells a small exclusion (None)."""
    supplied, overall, arms = (facts[name] for name in ("n_supplied", "n_overall", "n_arms"))
    few_left = 0 < overall - arms < threshold
    return facts | {
        "n_supplied": None if supplied_hidden(supplied, overall, threshold) else supplied,
        "n_arms": None if few_left else arms,
    }


def _share(cases, name, levels, unknown=()):
    if name not in cases:
        return None
    known = cases[name].dropna()
    known = known[~known.isin(unknown)]
    if known.empty:
        return None
    return [int(known.isin(levels).sum()), len(known)]


def _tells(share, threshold):
    return 0 < share[0] < threshold or 0 < share[1] - share[0] < threshold
