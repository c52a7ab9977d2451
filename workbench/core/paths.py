"""Where config, data and logs live. WORKBENCH_HOME moves all of it; otherwise the platform's own folders are used."""

from __future__ import annotations

import contextlib
import os
import stat
import uuid
from dataclasses import dataclass, replace
from pathlib import Path

import platformdirs

from workbench.core.archive_address import folder_of
from workbench.core.errors import ArchiveError
from workbench.core.sanitize import readable

APP = "memgpt-workbench"


@dataclass(frozen=True)
class Paths:
    """The folders of one installation. Nothing is created until `ensure` is called."""

    config: Path
    data: Path
    cache: Path
    logs: Path
    home: Path | None = None
    """What WORKBENCH_HOME names; None where the platform's own folders are used."""

    archive: str = ""
    """The folder inside `data` where everything is for one shared archive; "" for the home's own."""

    def for_archive(self, url: str) -> Paths:
        """The folders for the shared archive at a URL, or for the home's own where there is none: agents know the passages of
        one archive by numbers, so what they remember of another stands elsewhere. Raises ConfigError."""
        if not url or self.archive:
            return self
        folder = folder_of(url)
        return replace(self, data=self.data / "shared" / folder, archive=folder)

    @property
    def settings_file(self) -> Path:
        """The TOML file of the user's settings."""
        return self.config / "config.toml"

    @property
    def prices_file(self) -> Path:
        """The TOML file of the user's own prices of models."""
        return self.config / "prices.toml"

    @property
    def database_file(self) -> Path:
        """The one DuckDB file; its schema is public."""
        return self.data / "workbench.duckdb"

    @property
    def servers_file(self) -> Path:
        """What `workbench doctor` found out about model servers."""
        return self.data / "servers.json"

    @property
    def log_file(self) -> Path:
        """What workers and the program itself log."""
        return self.logs / "workbench.log"

    @property
    def socket_file(self) -> Path:
        """Where the process that owns the database answers the others."""
        return self.data / "owner.sock"

    def home_id(self) -> str:
        """What tells this home from others that share its archive; made when it is first asked for."""
        file = self.data / "home-id"
        with contextlib.suppress(FileExistsError), file.open("x", encoding="ascii") as made:
            made.write(uuid.uuid4().hex)
        return file.read_text(encoding="ascii").strip()

    def ensure(self) -> Paths:
        """Create the folders (private to the user) and return self. Raises ArchiveError where nothing can be written."""
        if self.home is not None and not self.home.exists():
            try:
                if not self.home.parent.is_dir():
                    self.home.parent.mkdir(parents=True, exist_ok=True)
                self.home.mkdir(mode=0o700, exist_ok=True)
            except OSError as error:
                raise _unusable(self.home, error.strerror or str(error)) from None
        for folder in (self.config, self.data, self.cache, self.logs):
            try:
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                _make_private(folder)
                writable = os.access(folder, os.W_OK | os.X_OK)
            except OSError as error:
                raise _unusable(folder, error.strerror or str(error)) from None
            if not writable:
                raise _unusable(folder, "nothing can be written there")
        return self


def _make_private(folder: Path) -> None:
    """Close a folder of the user's to everybody else, whatever it was made with; one of somebody else's stays as it is."""
    status = folder.stat()
    if status.st_uid == os.geteuid() and stat.S_IMODE(status.st_mode) & 0o077:
        with contextlib.suppress(OSError):  # a file system that knows no modes
            folder.chmod(0o700)


def _unusable(folder: Path, why: str) -> ArchiveError:
    return ArchiveError(f"The folder {folder} cannot be used: {why}.", "Set WORKBENCH_HOME to a folder of your own.")


def locate(home: str | os.PathLike[str] | None = None) -> Paths:
    """The folders in force: `home`, else WORKBENCH_HOME, else the platform's."""
    chosen = home or os.environ.get("WORKBENCH_HOME")
    if chosen:
        root = Path(chosen).expanduser().resolve()
        if (shown := readable(str(root))) != str(root):
            raise _unusable(Path(shown), "its name is not valid UTF-8, which the database needs")
        return Paths(root / "config", root / "data", root / "cache", root / "logs", root)
    dirs = platformdirs.PlatformDirs(APP, appauthor=False)
    return Paths(dirs.user_config_path, dirs.user_data_path, dirs.user_cache_path, dirs.user_log_path)


def samples() -> Path:
    """The folder of sample documents: inside an installed wheel, or at the top of a checkout; it may not be there."""
    here = Path(__file__).resolve().parents[1]
    inside = here / "sample_docs"
    return inside if inside.is_dir() else here.parent / "sample_docs"
