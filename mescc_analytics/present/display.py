"""Numbers as people read them: no more digits than the sample carries, and words where there is
no number.
"""

import math

import pandas as pd

DAYS_PER_MONTH = 30.4375
HIDDEN = "hidden"
NO_INTERVAL = "interval not estimable"


def is_missing(value):
    """True for None, NaN and NA."""
    return value is None or bool(pd.isna(value))


def number(value, digits=0):
    """A number with a fixed count of decimals, thousands separated, a true minus sign.

    >>> number(1234.5, 1), number(-3.2, 1), number(-0.04, 1)
    ('1,234.5', '−3.2', '0.0')
    """
    text = f"{round(float(value), digits) + 0.0:,.{digits}f}"
    return text.replace("-", "−")


def count(value):
    """A whole number of cases; NA is "hidden" because counts are only ever missing where they are
    withheld.
    """
    return HIDDEN if is_missing(value) else number(value)


def percent_digits(total):
    """Decimals that a percentage of `total` cases carries: none below 1,000 cases."""
    return 1 if total >= 1000 else 0


def percent_value(proportion, total):
    """A proportion in percent without its sign; never 0 or 100 unless it is exactly that.

    >>> [percent_value(*pair) for pair in ((0.4, 30), (0.001, 500), (0.998, 400), (1.0, 400))]
    ['40', '<1', '>99', '100']
    """
    digits = percent_digits(total)
    text = number(100 * proportion, digits)
    smallest = 10.0**-digits
    if proportion > 0 and float(text.replace("−", "-")) <= 0:
        return f"<{smallest:g}"
    if proportion < 1 and float(text) >= 100:
        return f">{100 - smallest:g}"
    return text


def percent(n, total):
    """n of total in percent, with the digits that total carries.

    >>> percent(12, 30), percent(0, 0)
    ('40 %', 'not estimable: no cases')
    """
    if is_missing(n) or is_missing(total):
        return HIDDEN
    if total == 0:
        return "not estimable: no cases"
    return f"{percent_value(n / total, total)} %"


def n_percent(n, total):
    """n and its percentage, as in a table cell; n alone where the total is withheld.

    >>> n_percent(12, 30), n_percent(0, 0)
    ('12 (40 %)', '0')
    """
    if is_missing(n):
        return HIDDEN
    return number(n) if is_missing(total) or n == 0 else f"{number(n)} ({percent(n, total)})"


def n_of_total(n, total):
    """n of total with the percentage, as in a sentence.

    >>> n_of_total(12, 30)
    '12 of 30 (40 %)'
    """
    if is_missing(n) or is_missing(total):
        return HIDDEN
    return f"{number(n)} of {number(total)} ({percent(n, total)})" if total else "0 of 0"


def level_words(level):
    """A confidence level in words.

    >>> level_words(0.95), level_words(0.999)
    ('95 % CI', '99.9 % CI')
    """
    return f"{100 * level:.6g} % CI"


def interval(lower, upper, form, level=0.95):
    """An interval in words; an open end is said.

    >>> interval(0.41, 0.63, lambda value: percent_value(value, 60))
    '95 % CI 41 to 63'
    >>> interval(200, None, number)
    '95 % CI 200 to not reached'
    >>> interval(None, None, number)
    'interval not estimable'
    """
    ends = _ends(lower, upper, form)
    return f"{level_words(level)} {ends[0]} to {ends[1]}" if ends else NO_INTERVAL


def _ends(lower, upper, form):
    """Both ends in words; None where there is neither."""
    open_ends = [is_missing(end) or not math.isfinite(end) for end in (lower, upper)]
    if all(open_ends):
        return None
    return [
        "not reached" if is_open else form(end)
        for is_open, end in zip(open_ends, (lower, upper), strict=True)
    ]


def p_value(p):
    """A p value to two significant digits.

    >>> p_value(0.01321), p_value(0.9), p_value(0.0004), p_value(0.999)
    ('0.013', '0.90', '< 0.001', '> 0.99')
    """
    if is_missing(p):
        return ""
    if p < 0.001:
        return "< 0.001"
    if p > 0.99:
        return "> 0.99"
    decimals = 1 - math.floor(math.log10(float(f"{p:.1e}")))
    return f"{p:.{decimals}f}"


def p_sentence(p):
    """A p value with its sign.

    >>> p_sentence(0.01321), p_sentence(0.0004)
    ('p = 0.013', 'p < 0.001')
    """
    text = p_value(p)
    return f"p {text}" if text[:1] in "<>" else f"p = {text}"


def day_count(days):
    """Days with half days where they occur.

    >>> day_count(310.0), day_count(37.5)
    ('310', '37.5')
    """
    return number(days) if days == round(days) else number(days, 1)


def months(days):
    """Days in months of 30.4375 days, one decimal.

    >>> months(310)
    '10.2'
    """
    return number(days / DAYS_PER_MONTH, 1)


def days(value):
    """Days, with months where months help.

    >>> days(310), days(12), days(1)
    ('310 days (10.2 months)', '12 days', '1 day')
    """
    if is_missing(value):
        return "not reached"
    unit = "day" if value == 1 else "days"
    return f"{day_count(value)} {unit}" + (f" ({months(value)} months)" if value >= 60 else "")


def ratio(value):
    """A ratio with two decimals, as papers print it; more below 0.1, none from 100.

    >>> ratio(1.4769), ratio(19.75), ratio(0.0123), ratio(1234.0)
    ('1.48', '19.75', '0.012', '1,234')
    """
    size = abs(value)
    digits = 0 if size >= 100 else 2 if size >= 0.1 else 3
    return number(value, digits)


def with_interval(value, lower, upper, form, level=0.95):
    """An estimate with its interval in words.

    >>> with_interval(1.4769, 1.13, 1.93, ratio)
    '1.48 (95 % CI 1.13 to 1.93)'
    """
    return f"{form(value)} ({interval(lower, upper, form, level)})"


def short_interval(value, lower, upper, form):
    """An estimate with its interval for a table cell whose column names the level.

    >>> short_interval(310, 285, None, number)
    '310 (285 to not reached)'
    """
    ends = _ends(lower, upper, form)
    return f"{form(value)} ({f'{ends[0]} to {ends[1]}' if ends else NO_INTERVAL})"


def listing(words, joiner="and"):
    """Words as a list in a sentence.

    >>> listing(["a"]), listing(["a", "b"]), listing(["a", "b", "c"])
    ('a', 'a and b', 'a, b and c')
    """
    words = list(words)
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {joiner} {words[-1]}"


def plural(n, one, many=None):
    """A count with its noun.

    >>> plural(1, "case"), plural(12, "case")
    ('1 case', '12 cases')
    """
    if is_missing(n):
        return f"{HIDDEN} {many or one + 's'}"
    return f"{number(n)} {one if n == 1 else many or one + 's'}"
