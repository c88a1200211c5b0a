"""Whether the numbers of one published result agree with each other, to the digits printed."""

RATIOS = ("odds_ratio", "odds_ratio_stratified", "risk_ratio", "hazard_ratio")
UNTESTED = ("inferred", "memory")
ROUNDING = 1e-9  # a half is printed rounded up or down


def benchmark_faults(row):
    """What is wrong with the numbers of one row of benchmarks.csv.

    Parameters
    ----------
    row : dict of str to str
        The fields as written; "" is missing. Their kinds have been checked.

    Returns
    -------
    list of str
        One sentence per fault.
    """
    numbers = {
        field: float(row[field]) if row[field] else None
        for field in ("numerator", "denominator", "estimate", "ci_lower", "ci_upper", "p")
    }
    return [
        *_count_faults(row, numbers),
        *_interval_faults(row, numbers),
        *_range_faults(row, numbers),
        *_ratio_faults(row),
        *_test_faults(row),
    ]


def _count_faults(row, numbers):
    numerator, denominator = numbers["numerator"], numbers["denominator"]
    if (numerator is None) != (denominator is None):
        return ["a numerator and a denominator belong together"]
    if row["provenance"] == "forced" and numerator is None:
        return ["provenance forced needs a numerator and a denominator"]
    if numerator is None:
        return []
    if row["measure"] != "proportion":
        return [f"counts belong to a proportion, not to measure {row['measure']}"]
    if not 0 <= numerator <= denominator or denominator == 0:
        return [f"found {numerator:g} of {denominator:g}, wanted 0 <= numerator <= denominator"]
    return _printed_faults(row, numerator, int(denominator))


def _printed_faults(row, numerator, denominator):
    if not row["estimate"]:
        return []  # said by _range_faults
    if not rounds_to(numerator / denominator, row["estimate"]):
        share = f"{numerator:g} of {denominator} is {numerator / denominator:.4f}"
        return [f"estimate {row['estimate']} is not numerator / denominator: {share}"]
    fitting = [k for k in range(denominator + 1) if rounds_to(k / denominator, row["estimate"])]
    if row["provenance"] == "forced" and len(fitting) > 1:
        counts = ", ".join(map(str, fitting))
        return [f"not forced: {counts} of {denominator} all print as {row['estimate']}"]
    return []


def rounds_to(value, printed):
    """Whether a number prints as `printed`; a half may be rounded either way.

    >>> rounds_to(10 / 16, "0.62"), rounds_to(10 / 16, "0.63"), rounds_to(10 / 16, "0.64")
    (True, True, False)
    """
    digits = len(printed.partition(".")[2])
    return abs(value - float(printed)) <= 0.5 * 10**-digits + ROUNDING


def _interval_faults(row, numbers):
    lower, upper, estimate = (numbers[name] for name in ("ci_lower", "ci_upper", "estimate"))
    if (lower is None) != (upper is None):
        return ["ci_lower and ci_upper belong together"]
    if lower is None:
        return []
    if lower > upper:
        return [f"interval {row['ci_lower']} to {row['ci_upper']} is upside down"]
    if estimate is not None and not lower <= estimate <= upper:
        interval = f"{row['ci_lower']} to {row['ci_upper']}"
        return [f"interval {interval} does not contain the estimate {row['estimate']}"]
    return []


def _range_faults(row, numbers):
    is_range, faults = row["measure"] == "range", []
    if is_range and (numbers["estimate"] is not None or numbers["ci_lower"] is None):
        faults.append("a range has two ends (ci_lower, ci_upper) and no estimate")
    if not is_range and numbers["estimate"] is None:
        faults.append("estimate is empty")
    top = 1 if row["measure"] in ("proportion", "at_most", "range") else None
    limits = {name: top for name in ("estimate", "ci_lower", "ci_upper")} | {"p": 1}
    for name, highest in limits.items():
        value = numbers[name]
        if value is not None and (value < 0 or (highest and value > highest)):
            wanted = f"0 to {highest}" if highest else "0 or more"
            faults.append(f"{name} {row[name]} is outside {wanted}")
    return faults


def _ratio_faults(row):
    faults = []
    for field in ("reference", "event_of_ratio"):
        if row["measure"] in RATIOS and not row[field]:
            faults.append(f"measure {row['measure']} needs {field}")
        if row["measure"] not in RATIOS and row[field]:
            faults.append(f"{field} belongs to a ratio, not to measure {row['measure']}")
    return faults


def _test_faults(row):
    if row["use_in_tests"] == "no":
        return []
    faults = [] if row["numerator"] else ["use_in_tests needs a numerator and a denominator"]
    if row["provenance"] in UNTESTED or row["status"] == "unverified":
        reason = row["provenance"] if row["provenance"] in UNTESTED else row["status"]
        faults.append(f"use_in_tests must be no: {reason}")
    return faults
