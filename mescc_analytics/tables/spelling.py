"""When two spellings of a level or a name are the same, and when a cell is missing."""

import difflib
import re

MISSING = frozenset({"", "na", "n/a", "#n/a", "."})
BOOLEANS = {
    "true": True, "yes": True, "y": True, "t": True, "1": True,
    "false": False, "no": False, "n": False, "f": False, "0": False,
}  # fmt: skip


def is_missing(text):
    """Whether a cell says that nothing is known: blank, NA, N/A, "." in any case."""
    return text.strip().casefold() in MISSING


def normal(text):
    """The form in which spellings are compared.

    Trimmed, case-folded, "_" for spaces and hyphens, 2 for 2.0.

    >>> normal(" Head and-Neck "), normal("2.0"), normal("0007")
    ('head_and_neck', '2', '0007')
    """
    folded = re.sub(r"[\s\-_]+", "_", text.strip().casefold())
    return re.sub(r"^(_?\d+)\.0+$", r"\1", folded)


def nearest(text, choices):
    """The choice most like a misspelt text, or None; compared in normal form.

    >>> nearest("f", ["female", "male"]), nearest("occassional", ["occasional"])
    ('female', 'occasional')
    >>> nearest("x", ["none"])
    """
    forms = {normal(choice): choice for choice in choices}
    begun = [
        choice for form, choice in forms.items() if normal(text) and form.startswith(normal(text))
    ]
    if len(begun) == 1:
        return begun[0]
    close = difflib.get_close_matches(normal(text), forms, n=1, cutoff=0.6)
    return forms[close[0]] if close else None


def did_you_mean(text, choices):
    """The words " (did you mean 'x'?)", or nothing where no choice is near."""
    close = nearest(text, choices)
    return f" (did you mean '{close}'?)" if close else ""
