"""Formats that are not read, and what to do with a file of each: a way that keeps as much of it as there is."""

from __future__ import annotations

_OFFICE = "Open it in {program}, export it as {form}, and load that."
_AS_PDF = "Export it as PDF from its own program and load that."
_RAW = "Load the words that belong to it: subtitles (srt, vtt) or a transcript as text."

_KINDS = (
    (".pages", "documents of Apple Pages", _OFFICE.format(program="Pages", form="Word (docx) or PDF")),
    (".numbers", "spreadsheets of Apple Numbers", _OFFICE.format(program="Numbers", form="Excel (xlsx)")),
    (".key", "presentations of Apple Keynote", _OFFICE.format(program="Keynote", form="PowerPoint (pptx) or PDF")),
    (".one .onetoc2", "notebooks of OneNote", _OFFICE.format(program="OneNote", form="Word (docx) or PDF")),
    (".pub", "publications of Publisher", _AS_PDF),
    (".vsd .vsdx", "drawings of Visio", _AS_PDF),
    (".mpp", "plans of Project", _OFFICE.format(program="Project", form="an Excel workbook or PDF")),
    (".dwg .dxf", "drawings of AutoCAD", _AS_PDF),
    (".odg .sxd", "drawings of LibreOffice", _OFFICE.format(program="LibreOffice", form="PDF")),
    (".sxw .wpd .wps .hwp .hwpx", "documents of this program", "Open it in LibreOffice, save it as docx or odt, and load that."),
    (".sxc .wk1 .wks .123", "spreadsheets of this program", "Open it in LibreOffice, save it as xlsx or ods, and load that."),
    (".sxi", "presentations of this program", "Open it in LibreOffice, save it as pptx or odp, and load that."),
    (".xps .oxps", "XPS documents", "Print it to PDF from the program that shows it and load that."),
    (".ps .eps", "PostScript files", "Make a PDF of it (ps2pdf FILE) and load that."),
    (".djvu .djv", "DjVu documents", "Make a PDF with text of it (ddjvu -format=pdf, then OCR) and load that."),
    (".mobi .azw .azw3 .fb2 .lit", "e-books of this format", "Convert it to EPUB (ebook-convert of Calibre does) and load that."),
    (".chm", "compiled help files", "Unpack it to web pages (7z x FILE) and load the folder."),
    (".webarchive", "web archives of Safari", "Save the page as HTML or print it to PDF, and load that."),
    (".pst .ost .olm", "mailboxes of Outlook", "Export the mails as eml, msg or mbox (readpst -e does of a pst) and load the folder."),
    (".mdb .accdb", "databases of Access", "Export its tables as xlsx or csv and load those."),
    (".sqlite .sqlite3 .db", "SQLite databases", 'Export its tables as csv (sqlite3 -csv FILE "SELECT * FROM NAME") and load those.'),
    (".dbf", "dBase tables", "Open it in LibreOffice, save it as xlsx or csv, and load that."),
    (".feather .arrow .orc .avro", "tables of this format", "Write it as Parquet or csv and load that."),
    (".sav .dta .sas7bdat", "data sets of statistics programs", "Export it as csv or xlsx and load that."),
    (".heic .heif", "pictures of this format", "Save it as jpg or png and load that."),
    (".mp3 .wav .m4a .flac .ogg .mp4 .mov .avi .mkv .webm", "audio and video files", _RAW),
    (".gdoc .gsheet .gslides", "links to documents of Google", "Download the document as docx, xlsx, pptx or PDF and load that."),
    (".lnk .url .webloc", "shortcuts to other files or pages", "Load what it leads to."),
)  # fmt: skip

UNREAD = {suffix: (what, remedy) for suffixes, what, remedy in _KINDS for suffix in suffixes.split()}
"""By suffix: what such files are, in the plural, and what to do next."""

WRITTEN_AS_TEXT = frozenset(".ps .eps .dxf .fb2 .hwpx .gdoc .gsheet .gslides .url .webloc".split())
"""Those whose files are text; any other file of text under such a suffix is something else."""
