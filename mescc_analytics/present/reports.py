"""The research report: one self-contained page from finished sentences, tables and figures."""

import re
from dataclasses import dataclass, field
from functools import cache

import jinja2
from markupsafe import Markup

from mescc_analytics.present import display
from mescc_analytics.present.cells import INDENT
from mescc_analytics.present.tables import Table

TEMPLATE = "research.html.j2"


@dataclass(frozen=True)
class Picture:
    """A figure on the page.

    Attributes
    ----------
    name : str
        File name without ending; also its anchor.
    title, caption, alternative : str
    svg : str
        As drawn.
    """

    name: str
    title: str
    caption: str
    alternative: str
    svg: str


@dataclass(frozen=True)
class Content:
    """Everything that the page says.

    Attributes
    ----------
    study : Study
    facts : dict
        As in `sentences.in_one_minute`.
    sentences : list of str
    pictures : dict of str to Picture
    tables : dict of str to Table
    agreement : str
    methods : list of str
    settings : list of (str, str)
    remarks : dict of str to str
        Section to a sentence that it opens with, for example why it is not assessable.
    literature : str
        What the section on published results opens with.
    prognosis, adjusted : list of str
        Paragraphs that open the sections on prognostic scores and on the weighted comparison.
    """

    study: object
    facts: dict
    sentences: list
    pictures: dict
    tables: dict
    agreement: str
    methods: list
    settings: list
    remarks: dict = field(default_factory=dict)
    literature: str = ""
    prognosis: list = field(default_factory=list)
    adjusted: list = field(default_factory=list)


def render(content):
    """The page as HTML text; every value is escaped except the drawings, which this package made.

    Parameters
    ----------
    content : Content

    Returns
    -------
    str
    """
    template = environment().get_template(TEMPLATE)
    return template.render(
        content=content,
        study=content.study,
        facts=content.facts,
        tables=content.tables,
        pictures=content.pictures,
    )


def render_withheld(name, reason):
    """A page that says in words why nothing is shown of a cohort."""
    return environment().get_template("withheld.html.j2").render(name=name, reason=reason)


@cache
def environment():
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("mescc_analytics.present"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "inline": inline_svg,
        "split": split,
        "kind": row_kind,
        "number": display.number,
        "label": _unindented,
        "unbroken": unbroken,
    }
    return environment


def inline_svg(picture):
    """The drawing for use inside a page: no prolog, identifiers of its own, scalable, named for
    screen readers.
    """
    svg = picture.svg[picture.svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{picture.name}-\1"', svg)
    # a link of the drawing leads to a place on the page, every other reference stays within it
    svg = re.sub(
        r'(?<!<a )(?<!<a xlink:)((?:xlink:)?href="#|url\(#)([^")]+)', rf"\1{picture.name}-\2", svg
    )
    head, rest = svg.split(">", 1)
    head = re.sub(r'\s(?:width|height)="[^"]*"', "", head)
    label = Markup.escape(picture.alternative)
    role = "group" if "<a xlink:href" in rest else "img"  # nobody can reach a link inside an image
    return Markup(f'{head} role="{role}" aria-label="{label}">{rest}')


def split(table):
    """One table per value of its first column, which the new tables leave out; their title is
    that value.
    """
    parts = {}
    for row in table.rows:
        parts.setdefault(row[0], []).append(row[1:])
    return [
        Table(table.name, title, table.head[1:], tuple(rows), table.notes)
        for title, rows in parts.items()
    ]


def row_kind(row):
    """How a row is marked up: "group" (a heading over the rows below), "level" (indented) or
    "plain".
    """
    if len(row) > 1 and not any(row[1:]):
        return "group"
    return "level" if row[0].startswith(INDENT) else "plain"


def unbroken(text):
    """Text whose brackets and percentages do not break across lines."""
    pattern = r"\([^()]{1,24}\)|(\d+ to )?\d+ %"
    return re.sub(pattern, lambda found: found.group().replace(" ", "\u00a0"), text)


def _unindented(text):
    return text.removeprefix(INDENT)
