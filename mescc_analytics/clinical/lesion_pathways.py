"""The recommended pathway of every lesion, as if it were its case's only one."""

import pandas as pd

from mescc_analytics.clinical.frames import beside
from mescc_analytics.clinical.pathway import assign_pathways

TOLD = ("pathway", "pathway_rule", "pathway_reason", "pathway_missing", "surgical_consult")


def assign_lesions(cases, lesions, settings):
    """Pathway of every lesion.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
        Scored cases: what belongs to the patient (primary, prognosis, power) is read from here.
    lesions : DataFrame, shape (n_lesions, ...)
        Scored lesions: levels, SINS and SOSG are the lesion's own; a lesion whose case is not in
        `cases` is left out.
    settings : dict
        The assign section of the config.

    Returns
    -------
    DataFrame, shape (n_lesions, n_columns + 5)
        The lesions with pathway, pathway_rule, pathway_reason, pathway_missing, surgical_consult.
    """
    position = pd.Index(cases["case_id"]).get_indexer(lesions["case_id"])
    own = lesions[position >= 0].reset_index(drop=True)
    patient = cases.drop(columns=[c for c in own if c in cases])
    patient = patient.iloc[position[position >= 0]].reset_index(drop=True)
    assigned = assign_pathways(beside(patient, own), settings)
    return beside(own, assigned[list(TOLD)])
