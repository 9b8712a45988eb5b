"""Small files of every kind that is taken, and of some that are not."""

from __future__ import annotations

import io
import zipfile

from PIL import Image

PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_MACRO = "application/vnd.ms-word.document.macroEnabled.main+xml"


def picture(form: str, *, exif: bool = True, size: tuple[int, int] = (48, 32)) -> bytes:
    """A picture; with a place, a camera and an orientation in its EXIF."""
    image = Image.new("RGB", size, (200, 30, 60))
    for x in range(size[0] // 2):
        image.putpixel((x, x % size[1]), (20, 200, 40))
    data = Image.Exif()
    if exif:
        data[0x010F] = "Secret Camera Works"
        data[0x0112] = 6
        data[0x8825] = {1: "N", 2: (56.0, 57.0, 0.0)}
    out = io.BytesIO()
    image.save(out, form, exif=data, **({"quality": 90} if form == "JPEG" else {}))
    return out.getvalue()


def archive(entries: dict[str, str]) -> bytes:
    """A zip file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, text in entries.items():
            made.writestr(name, text)
    return out.getvalue()


def docx(*, macro: bool = False, project: bool = False) -> bytes:
    """A Word document; with a macro by its type, or by what lies in it."""
    more = {"word/vbaProject.bin": "x"} if project else {}
    types = f'<Types><Override PartName="/word/document.xml" ContentType="{_MACRO if macro else _WORD}"/></Types>'
    return archive(
        {
            "[Content_Types].xml": types,
            "word/document.xml": "<w:document/>",
            **more,
        }
    )


def edoc() -> bytes:
    """A signed container."""
    return archive(
        {"mimetype": "application/vnd.etsi.asic-e+zip", "iesniegums.txt": "x", "META-INF/signatures0.xml": "x"}
    )
