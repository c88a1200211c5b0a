"""Tables as a Word file with real tables; the same bytes every time."""

import datetime
import io
import zipfile

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

# A file needs some date: the first that a ZIP archive can carry says that it is not one.
NO_DATE = datetime.datetime(1980, 1, 1)
PROPERTY_TEXT = ("author", "last_modified_by", "comments", "keywords", "subject", "category")
FONT = "Calibri"


def render(tables, title):
    """One Word file with a heading, a table and its footnotes per Table; landscape, header row
    repeated.

    Parameters
    ----------
    tables : sequence of Table
        A table without rows is announced in one line.
    title : str

    Returns
    -------
    bytes
    """
    document = Document()
    _page(document)
    _properties(document, title)
    document.add_heading(title, level=1)
    for table in tables:
        document.add_heading(table.title, level=2)
        if table.rows:
            _add_table(document, table)
        else:
            document.add_paragraph("Nothing to list.")
        for note in table.notes:
            _small(document.add_paragraph(), note)
    buffer = io.BytesIO()
    document.save(buffer)
    return _fixed(buffer.getvalue())


def _page(document):
    section = document.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = Mm(297), Mm(210)
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Mm(15)
    document.styles["Normal"].font.name = FONT
    document.styles["Normal"].font.size = Pt(9)


def _properties(document, title):
    properties = document.core_properties
    properties.title = title
    properties.created = properties.modified = NO_DATE
    properties.last_printed = NO_DATE
    properties.revision = 1
    for name in PROPERTY_TEXT:
        setattr(properties, name, "")


def _add_table(document, table):
    grid = document.add_table(rows=0, cols=len(table.head), style="Light List")._tbl
    for is_head, texts in [(True, table.head), *((False, row) for row in table.rows)]:
        row = grid.add_tr()
        for text in texts:
            _write(row.add_tc(), text, bold=is_head)
        if is_head:
            _repeat(row)


def _write(cell, text, bold):
    """Text straight into the cell: python-docx's own way scans the table for every cell."""
    paragraph = cell.p_lst[0]
    run = paragraph.add_r()
    properties = run.get_or_add_rPr()
    size = properties._add_sz()
    size.val = Pt(7.5)
    if bold:
        properties._add_b()
    run.add_t(text)


def _repeat(row):
    mark = OxmlElement("w:tblHeader")
    mark.set(qn("w:val"), "true")
    row.get_or_add_trPr().append(mark)


def _small(paragraph, text):
    run = paragraph.add_run(text)
    run.font.size = Pt(7.5)
    run.italic = True


def _fixed(content):
    """The same archive with every member at one date, in a fixed order."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as source,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            member = zipfile.ZipInfo(name, date_time=NO_DATE.timetuple()[:6])
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o600 << 16
            target.writestr(member, source.read(name))
    return buffer.getvalue()
