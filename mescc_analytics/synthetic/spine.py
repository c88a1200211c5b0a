"""The compressed level: vertebrae, latent severity, SINS items, SOSG grade, and further lesions."""

from functools import cache

import numpy as np

from mescc_analytics import codebook
from mescc_analytics.synthetic.draws import chance, pick, pick_one
from mescc_analytics.synthetic.facts import code, levels

ITEMS = ("sins_pain", "sins_lesion", "sins_alignment", "sins_collapse", "sins_posterolateral")


def spine(people, rng, facts):
    """Imaging of the index lesion, and the latent `severity` (0 mild, 1 middle, 2 severe)."""
    n_cases = len(people["site"])
    severity = pick_one(rng, list(facts["severity_weight"].values()), n_cases)
    prostate = people["primary_histology"] == code("primary_histology", "prostate")
    return {
        "severity": severity,
        **_lesion(severity, prostate, rng, facts),
        "mri_extent": np.where(
            rng.random(n_cases) < facts["whole_spine_mri"],
            code("mri_extent", "whole_spine"),
            code("mri_extent", "regional"),
        ).astype(np.int8),
    }


def settle_collapse(people, rng, facts):
    """Measured collapse and a retropulsed fragment that agree with the collapse item."""
    names = levels("sins_collapse")
    low, high = np.array([facts["collapse_percent"][name] for name in names]).T
    item = people["sins_collapse"]
    percent = np.round(low[item] + (high - low)[item] * rng.random(len(item)))
    retropulsed = np.array([facts["retropulsed"].get(name, 0) for name in names])
    return {
        "collapse_percent": percent,
        "retropulsed_fragment": chance(rng, retropulsed[item]).astype(np.int8),
    }


def further_lesions(people, rng, facts):
    """Lesions beside the index lesion: `case` (a position) and the columns of the lesions table.

    Only an MRI of the whole spine finds them. None has a higher grade than the index lesion.
    """
    whole = people["mri_extent"] == code("mri_extent", "whole_spine")
    several = whole & (rng.random(len(whole)) < facts["several_lesions"])
    several &= people["vertebral_metastases"] > 1
    third = several & (people["vertebral_metastases"] > 2) & (rng.random(len(whole)) < 0.25)
    case = np.sort(np.concatenate([np.flatnonzero(several), np.flatnonzero(third)]))
    prostate = people["primary_histology"][case] == code("primary_histology", "prostate")
    lesions = {"case": case, **_lesion(np.zeros(len(case), np.int8), prostate, rng, facts)}
    lesions["sosg_grade"] = np.minimum(lesions["sosg_grade"], people["sosg_grade"][case])
    return lesions


def _lesion(severity, prostate, rng, facts):
    vertebra = pick_one(rng, list(facts["vertebra_weight"].values()), len(severity))
    spans = rng.random(len(severity)) < facts["spans_more"]
    texts, classes = _vertebrae()
    sosg = [
        [row[level] for level in levels("sosg_grade")] for row in facts["sosg_by_severity"].values()
    ]
    items = {item: _item(item, severity, rng, facts) for item in ITEMS}
    in_prostate = _in_codebook_order(
        "sins_lesion", facts["sins_items"]["sins_lesion"]["levels"], facts["prostate_lesion"]
    )
    items["sins_lesion"] = np.where(
        prostate, pick_one(rng, in_prostate, len(severity)), items["sins_lesion"]
    )
    return {
        "spinal_levels": np.array(texts, object)[vertebra, spans.astype(int)],
        "sins_location": classes[vertebra],
        "sosg_grade": pick(rng, sosg, severity),
        **items,
    }


def _item(item, severity, rng, facts):
    entry = facts["sins_items"][item]
    rows = [
        _in_codebook_order(item, entry["levels"], entry[name]) for name in facts["severity_weight"]
    ]
    return pick(rng, rows, severity)


def _in_codebook_order(column, names, weights):
    by_name = dict(zip(names, weights, strict=True))
    return [by_name.get(level, 0) for level in levels(column)]


@cache
def _vertebrae():
    """How each vertebra is written alone and with a neighbour of its class, and the class."""
    order = _order()
    class_of = {}
    for first, last, name in codebook.load("sins")["locations"]:
        if last in order:
            class_of |= dict.fromkeys(order[order.index(first) : order.index(last) + 1], name)
    texts = []
    vertebrae = list(codebook.load("synthetic")["anchors"]["vertebra_weight"]["value"])
    for vertebra in vertebrae:
        below = order[order.index(vertebra) + 1]
        same = class_of[below] == class_of[vertebra]
        # C7/T1 and L5/S1 are written with a stroke, T5-T6 with a dash
        pair = f"{vertebra}{'-' if below[0] == vertebra[0] else '/'}{below}"
        texts.append((vertebra, pair if same else vertebra))
    classes = [code("sins_location", class_of[vertebra]) for vertebra in vertebrae]
    return texts, np.array(classes, np.int8)


def _order():
    regions = {"C": 7, "T": 12, "L": 5, "S": 5}
    numbered = [f"{letter}{k}" for letter, n in regions.items() for k in range(1, n + 1)]
    return ["C0", *numbered]
