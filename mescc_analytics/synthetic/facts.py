"""The anchors of the synthetic cohort, with the replacements of one scenario."""

from dataclasses import dataclass

import numpy as np

from mescc_analytics import codebook
from mescc_analytics.errors import UsageError


@dataclass(frozen=True)
class Facts:
    """Values of the anchors by name, and what holds for the levels that an anchor does not name."""

    values: dict
    defaults: dict

    def __getitem__(self, name):
        return self.values[name]

    def by_level(self, name, column):
        """One anchor as an array over the levels of a column."""
        values = self.values[name]
        return np.array(
            [values.get(level, self.defaults.get(name, 0)) for level in levels(column)], float
        )

    def rows(self, name, column):
        """One anchor as a list over the levels of a column; each entry is what the anchor says."""
        return [self.values[name][level] for level in levels(column)]


def levels(column):
    """Levels of a column of the case table, in codebook order."""
    return codebook.columns()[column].levels


def code(column, level):
    """Position of one level in codebook order."""
    return levels(column).index(level)


def arms():
    """The arms that can be planned, in the order of the codebook."""
    return tuple(codebook.load("synthetic")["anchors"]["arm_mix"]["value"])


def family(arm):
    """The name under which an arm finds its effects: the three surgical arms share one."""
    return "surgery" if arm.startswith("surgery") else arm


def scenarios():
    """Scenario names with one sentence each."""
    return {
        name: entry["description"]
        for name, entry in codebook.load("synthetic")["scenarios"].items()
    }


def facts_of(scenario):
    """The anchors under one scenario.

    Raises
    ------
    UsageError
        If there is no scenario of that name.
    """
    content = codebook.load("synthetic")
    if scenario not in content["scenarios"]:
        known = ", ".join(content["scenarios"])
        raise UsageError(f"scenario '{scenario}'", [f"it is not one of {known}"])
    values = {name: entry["value"] for name, entry in content["anchors"].items()}
    defaults = {
        name: entry["default"] for name, entry in content["anchors"].items() if "default" in entry
    }
    return Facts(values | content["scenarios"][scenario]["replace"], defaults)
