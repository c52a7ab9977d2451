"""What forms hold beside the fields that stand on a page: the data of XFA forms, whose pages only ask for another program."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from loaders.document import clean_text

if TYPE_CHECKING:
    import pypdfium2

_PACKETS = 50
_PACKET_BYTES = 8 << 20
_FIELDS = 5_000
_VALUE_CHARS = 10_000


def xfa_lines(pdf: pypdfium2.PdfDocument, text: str) -> list[str]:
    """The filled-in fields of an XFA form as `label: value`, those whose value `text` has already left out."""
    import pypdfium2.raw as raw

    packets: dict[str, Any] = {}
    for index in range(min(_PACKETS, max(0, raw.FPDF_GetXFAPacketCount(pdf.raw)))):
        name, root = _name(raw, pdf, index), _content(raw, pdf, index)
        if root is None:
            continue
        packets[name] = root
        # One stream may hold all of it.
        packets.update({_local(one): one for one in root if _local(one) in ("datasets", "template")})
    if "datasets" not in packets:
        return []
    labels = _labels(packets.get("template"))
    said = " ".join(text.split())
    lines = []
    for number, (name, value) in enumerate(_fields(packets["datasets"])):
        if number >= _FIELDS:
            break
        shown = " ".join(clean_text(value).split())[:_VALUE_CHARS]
        if shown and (shown not in said or len(shown) < 2):
            lines.append(f"{labels.get(name, name)}: {shown}")
    return list(dict.fromkeys(lines))


def _name(raw: Any, pdf: pypdfium2.PdfDocument, index: int) -> str:
    buffer = ctypes.create_string_buffer(256)
    raw.FPDF_GetXFAPacketName(pdf.raw, index, buffer, 256)
    return buffer.value.decode("utf-8", "replace")


def _content(raw: Any, pdf: pypdfium2.PdfDocument, index: int) -> Any:
    import lxml.etree

    size = ctypes.c_ulong()
    if not raw.FPDF_GetXFAPacketContent(pdf.raw, index, None, 0, size) or not 0 < size.value <= _PACKET_BYTES:
        return None
    buffer = ctypes.create_string_buffer(size.value)
    raw.FPDF_GetXFAPacketContent(pdf.raw, index, buffer, size.value, size)
    parser = lxml.etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        return lxml.etree.fromstring(buffer.raw, parser)
    except (lxml.etree.LxmlError, ValueError):
        return None  # the opening and the closing tag around the packets are packets too


def _local(element: Any) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _fields(datasets: Any) -> Iterator[tuple[str, str]]:
    """The leaves of the form's data, by name."""
    data = next((one for one in datasets.iter() if _local(one) == "data"), datasets)
    for one in data.iter():
        if len(one) == 0 and (one.text or "").strip():
            yield _local(one), one.text
        elif len(one) and any(_local(child) in ("body", "html") for child in one):
            yield _local(one), " ".join(one.itertext())


def _labels(template: Any) -> dict[str, str]:
    """What stands beside each field of the form, by the field's name."""
    labels: dict[str, str] = {}
    for field in template.iter() if template is not None else ():
        if _local(field) not in ("field", "exclGroup"):
            continue
        caption = next((one for one in field if _local(one) == "caption"), None)
        said = " ".join(" ".join(caption.itertext()).split()).rstrip(" :：") if caption is not None else ""
        if said:
            labels.setdefault(field.get("name") or "", said[:200])
    return labels
