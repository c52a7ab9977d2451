"""Makes the README's picture from the running app: the sample documents, one question to the extractive reader, 120x36.

Run `python -m tests.support.screenshot`; it writes workbench/docs/screen.svg.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from workbench.core.paths import locate, samples
from workbench.core.settings import Settings
from workbench.services.session import Session
from workbench.tui.app import WorkbenchApp

TARGET = Path(__file__).resolve().parents[2] / "workbench" / "docs" / "screen.svg"
QUESTION = "With what oil must the Brass Aunt be oiled?"
_SECONDS = 180


async def _picture(session: Session) -> str:
    app = WorkbenchApp(lambda: session)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        await pilot.press(*QUESTION, "enter")
        for _ in range(_SECONDS * 2):
            await pilot.pause(0.5)
            if not session.busy and session.steps():
                break
        await pilot.pause(2)
        return app.export_screenshot(title="workbench")


def main() -> None:
    """Load the samples into a home of its own, ask, and write the picture."""
    with tempfile.TemporaryDirectory() as folder, Session(Settings(model="reader"), locate(Path(folder))) as session:
        session.open_agent("sample_docs")
        for _ in session.load([samples()], "sample_docs"):
            pass
        TARGET.write_text(asyncio.run(_picture(session)), encoding="utf-8")


if __name__ == "__main__":
    main()
