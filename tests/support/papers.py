"""Twelve short documents about one harbour; each names the next one's subject."""

from __future__ import annotations

from pathlib import Path


def write_papers(folder: Path) -> Path:
    """Write them into a new folder, which is returned."""
    folder.mkdir()
    people = ["Alda", "Benno", "Cato", "Dora", "Edda", "Falk", "Gesa", "Henk", "Ilka", "Jost", "Karla", "Lutz"]
    for number, (name, after) in enumerate(zip(people, people[1:] + people[:1], strict=True)):
        text = (
            f"# Papers of {name}\n\n{name} Marner kept the harbour light number {number} for {number + 3} years. "
            f"The keys of the light were handed by {name} Marner to {after} Marner in the spring of {1900 + number}.\n\n"
            f"## Stores\n\n{name} Marner ordered {number + 10} barrels of oil, part number HX-{200 + number}/7, from the chandler.\n"
        )
        (folder / f"{number:02}-{name.lower()}.md").write_text(text, encoding="utf-8")
    return folder
