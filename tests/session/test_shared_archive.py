"""Several homes share one archive on PostgreSQL: each sees what the others load, and keeps what its own agents remember."""

from __future__ import annotations

import json
import logging
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.clock import Ticking
from tests.support.embedding import WordEmbedder
from tests.support.postgres import execute, new_database, url_of
from workbench.api.documents import LoadOptions
from workbench.api.events import AnswerDone, Loaded, PageRead
from workbench.core.errors import ArchiveError, ConfigError
from workbench.core.paths import locate
from workbench.core.settings import Settings
from workbench.services.session import Session
from workbench.services.shared_archive import open_worker
from workbench.storage.postgres.archive import PostgresArchive
from workbench.storage.postgres.roles import statements
from workbench.storage.postgres.schema import scripts
from workbench.storage.postgres.server import PostgresServer
from workbench.storage.postgres.transfer import SharedAgentWriter

Open = Callable[..., Session]


@pytest.fixture(scope="module")
def url() -> str:
    return new_database()


@pytest.fixture
def fresh_url() -> str:
    return new_database()


@pytest.fixture
def open_home(tmp_path: Path, clock: Ticking, word_embedder: WordEmbedder) -> Iterator[Open]:
    """Opens a session on a home of the given name that shares the archive at a URL."""
    opened: list[Session] = []

    def make(name: str, url: str) -> Session:
        session = Session(Settings(archive=url), locate(tmp_path / name), clock=clock)
        opened.append(session)
        return session

    yield make
    for session in opened:
        session.close()


def load(session: Session, folder: Path, source: str = "papers") -> Loaded:
    *_, loaded = session.load([folder], source=source, attach=False)
    assert isinstance(loaded, Loaded)
    return loaded


def answer(session: Session, question: str) -> AnswerDone:
    return next(event for event in session.submit(question) if isinstance(event, AnswerDone))


def test_two_homes_work_on_one_archive(open_home: Open, fresh_url: str, papers: Path) -> None:
    here, there = open_home("here", fresh_url), open_home("there", fresh_url)
    assert load(here, papers).documents == 12
    assert [(row.name, row.documents) for row in there.sources()] == [("papers", 12)]
    there.open_agent("reader")
    there.attach("papers")
    told = answer(there, "Who ordered the part number HX-204/7?")
    assert "Edda Marner ordered" in told.text
    cited = told.citations[0]
    assert cited.quote in there.page(cited.document, cited.page).text
    found = there.search("part number HX-207/7")
    assert found.hits[0].document == "07-henk.md"
    linked = there.search_service.follow(found.hits[0].passage)
    assert "06-gesa.md" in {hit.document for hit in linked.hits}
    *_, swept = there.search_service.sweep("barrels of oil")
    assert isinstance(swept, PageRead)
    assert swept.total == 12

    (papers / "12-mara.md").write_text("# Mara\n\nMara Quill mended the fog bell with walnut pegs.\n", encoding="utf-8")
    assert load(here, papers).documents == 1
    assert there.search("walnut pegs").hits[0].document == "12-mara.md"
    assert here.agents() == []
    assert [row.name for row in there.agents()] == ["reader"]


def test_what_a_home_has_shown_stays_until_its_agents_let_go(open_home: Open, fresh_url: str, papers: Path) -> None:
    here, there = open_home("here", fresh_url), open_home("there", fresh_url)
    load(here, papers)
    there.open_agent("reader")
    there.attach("papers")
    shown = {hit.document for hit in answer(there, "Who ordered the part number HX-205/7?").citations}
    assert shown == {"05-falk.md"}
    here.library.remove("papers")
    assert there.sources() == []
    rows = there.app.archive.passages(list(there.current_agent.workspace.memory.handles))
    assert any("HX-205/7" in row.text for row in rows.values())
    kept = execute("SELECT count(*) FROM workbench.documents", _name(fresh_url))[0][0]
    assert 0 < kept <= 12


def test_notes_of_agents_are_their_homes_own(open_home: Open, url: str) -> None:
    here, there = open_home("here", url), open_home("there", url)
    for session, text in ((here, "The bell rings at noon in Harl."), (there, "The bell rings at six in Veen.")):
        session.open_agent("main")
        session.current_agent.workspace.notes.insert(text, {})
    assert (
        here.app.archive.sources(notes=True)[-1].documents == there.app.archive.sources(notes=True)[-1].documents == 1
    )
    assert [hit.text for hit in here.search("bell rings").hits if "Veen" in hit.text] == []
    here.agent_service.rename("main", "chief")
    assert "notes of chief" in [row.name for row in here.app.archive.sources(notes=True)]
    assert "notes of main" in [row.name for row in there.app.archive.sources(notes=True)]


def test_what_is_forgotten_is_gone_for_everybody(open_home: Open, fresh_url: str, papers: Path) -> None:
    here, there = open_home("here", fresh_url), open_home("there", fresh_url)
    load(here, papers)
    there.open_agent("reader")
    there.attach("papers")
    assert "HX-203/7" in answer(there, "Which part number did Dora Marner order?").text
    eraser = there.timeline.eraser
    assert "1 document" in eraser.erase(eraser.document("03-dora.md"))
    assert "HX-203/7" not in str(there.transcript())
    assert here.search("HX-203/7").total == 0
    assert execute("SELECT count(*) FROM workbench.pages WHERE text LIKE '%HX-203/7%'", _name(fresh_url)) == [(0,)]


def test_tables_and_the_public_schema_are_asked_by_sql(open_home: Open, fresh_url: str, tmp_path: Path) -> None:
    here, there = open_home("here", fresh_url), open_home("there", fresh_url)
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "catch.csv").write_text("boat,tons\n" + "".join(f"boat {n},{n}\n" for n in range(40)), encoding="utf-8")
    load(here, folder, "catches")
    assert there.tables.query("SELECT sum(tons) FROM catch").rows == (("780",),)
    there.open_agent("sql")
    asked = (
        "SELECT s.name, count(*) FROM passages p JOIN source_documents l USING (document_id) "
        "JOIN sources s USING (source_id) GROUP BY 1"
    )
    ((name, count),) = there.tables.query(asked).rows
    assert (name, int(count) > 0) == ("catches", True)


def test_agents_of_the_homes_own_archive_stay_apart(
    open_home: Open, url: str, tmp_path: Path, clock: Ticking, papers: Path
) -> None:
    with Session(Settings(), locate(tmp_path / "here"), clock=clock) as own:
        load(own, papers, "own papers")
        own.open_agent("mine")
    shared = open_home("here", url)
    assert shared.agents() == []
    shared.close()
    with Session(Settings(), locate(tmp_path / "here"), clock=clock) as own:
        assert [row.name for row in own.agents()] == ["mine"]
        assert [row.name for row in own.sources()] == ["own papers"]


def bodies(session: Session) -> list[str]:
    return [json.dumps(session.recorded(step).body()) for step in session.steps()]


def remembering(session: Session, name: str) -> list[str]:
    """An agent with an answer and a note of its own; the requests of its steps as they were sent."""
    session.open_agent(name)
    session.attach("papers")
    assert "HX-203/7" in answer(session, "Which part number did Dora Marner order?").text
    session.current_agent.workspace.notes.insert("The bell rings at noon in Harl.", {"step": 1})
    return bodies(session)


def test_an_agent_of_a_shared_archive_travels_to_a_home_of_its_own_and_back(
    open_home: Open, fresh_url: str, papers: Path, tmp_path: Path
) -> None:
    file = tmp_path / "keeper.agent"
    here = open_home("here", fresh_url)
    load(here, papers)
    sent = remembering(here, "keeper")
    here.agent_service.export("keeper", file)

    own = open_home("own", "")
    found = own.agent_service.import_agent(file)
    assert (found.agent, found.attached, found.missing) == ("keeper", (), ("papers",))
    own.open_agent("keeper")
    assert bodies(own) == sent
    assert [hit.text for hit in own.search("bell rings").hits] == ["The bell rings at noon in Harl."]
    own.agent_service.export("keeper", file)

    there = open_home("there", fresh_url)
    back = there.agent_service.import_agent(file, name="guest")
    assert (back.attached, back.missing) == ((), ()), "in its own home nothing was attached any more"
    there.open_agent("guest")
    assert bodies(there) == sent
    rows = there.app.archive.passages(list(there.current_agent.workspace.memory.handles))
    known = here.app.archive.passages(list(here.current_agent.workspace.memory.handles))
    assert known
    assert set(rows) >= set(known), "passages that the archive has are not stored again"


def test_an_agent_moves_between_homes_of_one_archive(
    open_home: Open, fresh_url: str, papers: Path, tmp_path: Path
) -> None:
    file = tmp_path / "keeper.agent"
    here, there = open_home("here", fresh_url), open_home("there", fresh_url)
    load(here, papers)
    sent = remembering(here, "keeper")
    here.agent_service.export("keeper", file)
    documents = execute("SELECT count(*) FROM workbench.documents", _name(fresh_url))[0][0]
    found = there.agent_service.import_agent(file)
    assert (found.attached, found.missing) == (("papers",), ())
    assert execute("SELECT count(*) FROM workbench.documents", _name(fresh_url)) == [(documents + 1,)], "its note alone"
    there.open_agent("keeper")
    assert bodies(there) == sent
    assert "HX-205/7" in answer(there, "Which part number did Falk Marner order?").text
    assert there.search("bell rings at noon").hits[0].text == "The bell rings at noon in Harl."
    assert "notes of keeper" in [row.name for row in there.app.archive.sources(notes=True)]
    there.open_agent("other")
    there.agent_service.delete("keeper")
    assert here.search("bell rings at noon").hits[0].text == "The bell rings at noon in Harl.", (
        "the first one keeps its own"
    )
    here.library.remove("papers")
    here.open_agent("keeper")
    assert bodies(here) == sent


@pytest.mark.nightly
def test_a_reader_of_the_archive_moves_its_agent_and_brings_nothing_new(
    open_home: Open, fresh_url: str, papers: Path, tmp_path: Path
) -> None:
    file, name = tmp_path / "keeper.agent", _name(fresh_url)
    load(open_home("owner", fresh_url), papers)
    execute("DO $$ BEGIN CREATE ROLE moving_reader LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    for statement in statements("reader", "moving_reader"):
        execute(statement, name)
    url = url_of(name, user="moving_reader")
    here, there = open_home("here", url), open_home("there", url)
    here.open_agent("keeper")
    here.attach("papers")
    answer(here, "Which part number did Dora Marner order?")
    sent = bodies(here)
    here.agent_service.export("keeper", file)
    assert there.agent_service.import_agent(file).attached == ("papers",)
    there.open_agent("keeper")
    assert bodies(there) == sent
    remembering(own := open_home("own", fresh_url), "noter")
    own.agent_service.export("noter", file)
    with pytest.raises(ArchiveError, match="You may not do that"):
        there.agent_service.import_agent(file)
    assert [row.name for row in there.agents()] == ["keeper"]


@pytest.mark.nightly
def test_what_an_agent_brings_into_a_shared_archive_is_whole_or_not_there(
    open_home: Open, fresh_url: str, papers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "keeper.agent"
    own = open_home("own", "")
    load(own, papers)
    remembering(own, "keeper")
    own.agent_service.export("keeper", file)
    there = open_home("there", fresh_url)
    with monkeypatch.context() as broken:
        broken.setattr(SharedAgentWriter, "source_like", _fail)
        with pytest.raises(ArchiveError):
            there.agent_service.import_agent(file)
    assert there.agents() == []
    found = there.agent_service.import_agent(file)
    assert found.missing == ("papers",)
    there.open_agent("keeper")
    assert there.search("HX-203/7").total == 0, "what came along is in no source"


def _fail(*_: object) -> None:
    raise ArchiveError("The disk is full.", "Make room.")


def test_another_embedding_model_is_refused_before_anything_is_asked_or_noted(
    open_home: Open, fresh_url: str, papers: Path, tmp_path: Path
) -> None:
    own = Settings(archive=fresh_url, embedding_model="openai:some-model@http://127.0.0.1:1/v1")
    with Session(own, locate(tmp_path / "other")) as session:
        with pytest.raises(ArchiveError, match="built-in model, not with openai:some-model"):
            load(session, papers)
        with pytest.raises(ArchiveError, match="built-in model"):
            session.library.offer([papers], "queued", LoadOptions())
        assert session.sources() == []
        load(open_home("here", fresh_url), papers)
        with pytest.raises(ArchiveError, match="built-in model"):
            list(session.library.reembed("papers"))
        assert session.search("HX-203/7").total == 1
    with pytest.raises(ArchiveError, match="built-in model"), open_worker(own, locate(tmp_path / "worker")):
        pass


# -- what goes wrong is one sentence -------------------------------------------------------------------------------------


SECRET = "gull-feather-77"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: f"postgresql://keeper:{SECRET}@no-such-host.invalid/papers", "is not known"),
        (lambda: f"postgresql://keeper:{SECRET}@127.0.0.1:1/papers", "Nothing answers"),
        (lambda: url_of("no_such_database", password=SECRET), "no such database"),
        (lambda: url_of("postgres", user="nobody_here", password=SECRET), "no such user"),
        (lambda: url_of("postgres", password=f"%zz{SECRET}").replace("%25zz", "%zz"), "refused"),
    ],
    ids=["host", "port", "database", "user", "escape"],
)
def test_a_wrong_url_is_one_sentence_without_its_password(
    make: Callable[[], str], said: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    url = make()
    with caplog.at_level(logging.DEBUG), pytest.raises(ArchiveError) as refused:
        PostgresServer(url, waits=())
    assert said in refused.value.one_line()
    settings = Settings(archive=url)
    told = refused.value.one_line() + caplog.text + repr(settings) + str(locate(tmp_path).for_archive(url))
    assert SECRET not in told


@pytest.mark.parametrize(
    "url", ["mysql://a/b", "postgresql://[::1", "postgresql://a:no port@h:x/b", "postgresql://h/a b"]
)
def test_what_is_no_url_is_refused_as_a_setting(url: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Settings(archive=url)
    assert url not in refused.value.one_line()


def test_the_password_is_not_shown_with_the_settings(tmp_path: Path) -> None:
    from workbench.cli.commands.setup import _rows

    settings = Settings(archive=f"postgresql://keeper:{SECRET}@db.example.org:5433/papers?password={SECRET}")
    shown = next(row for row in _rows(settings, {}) if row["key"] == "archive")
    assert "db.example.org:5433/papers" in shown["value"]
    assert SECRET not in str(_rows(settings, {}))


def test_a_newer_schema_is_refused_and_left_alone() -> None:
    url = new_database()
    newest = max(scripts())
    execute(f"INSERT INTO workbench.schema_versions VALUES ({newest + 1}, now())", _name(url))
    with pytest.raises(ArchiveError, match=f"newer workbench \\(schema {newest + 1}, this one knows {newest}\\)"):
        PostgresServer(url)


def test_an_older_schema_is_brought_up_and_keeps_what_it_holds() -> None:
    url = new_database(empty=True)
    first = scripts()[1]
    execute("CREATE EXTENSION vector", _name(url))
    execute("CREATE SCHEMA workbench", _name(url))
    execute(
        "SET search_path = workbench, public; CREATE TABLE schema_versions (version INTEGER PRIMARY KEY, applied_at TIMESTAMP NOT NULL);"
        f"{first}; INSERT INTO schema_versions VALUES (1, now()); INSERT INTO sources (name, created_at) VALUES ('papers', now());"
        "INSERT INTO file_queue VALUES (1, 'a.txt', '/d/a.txt', 'waiting', '', '', '', 5, 0, now())",
        _name(url),
    )
    archive = PostgresArchive(PostgresServer(url), "test")
    assert [row.name for row in archive.sources()] == ["papers"]
    claimed = archive.jobs.claim()
    assert claimed is not None
    assert claimed.files == (("a.txt", "/d/a.txt"),)
    archive.close()
    applied = execute("SELECT version FROM workbench.schema_versions ORDER BY 1", _name(url))
    assert applied == [(version,) for version in scripts()]


def test_who_may_not_make_the_schema_is_told_who_may() -> None:
    url = new_database(empty=True)
    execute("DROP ROLE IF EXISTS visitor")
    execute("CREATE ROLE visitor LOGIN")
    with pytest.raises(ArchiveError, match="may not add it"):
        PostgresServer(url_of(_name(url), user="visitor"))
    execute("CREATE EXTENSION vector", _name(url))
    with pytest.raises(ArchiveError, match="is empty, and you may not change that") as refused:
        PostgresServer(url_of(_name(url), user="visitor"))
    assert "owner" in refused.value.hint


def test_who_may_not_bring_an_older_schema_up_is_told_who_may() -> None:
    url = new_database()
    newest = max(scripts())
    execute(f"DELETE FROM workbench.schema_versions WHERE version = {newest}", _name(url))
    execute("DO $$ BEGIN CREATE ROLE old_reader LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    for statement in statements("reader", "old_reader"):
        execute(statement, _name(url))
    with pytest.raises(
        ArchiveError, match=f"has schema {newest - 1}, this workbench needs {newest}, and you may not"
    ) as refused:
        PostgresServer(url_of(_name(url), user="old_reader"))
    assert "owner" in refused.value.hint
    assert execute("SELECT max(version) FROM workbench.schema_versions", _name(url)) == [(newest - 1,)]


def test_homes_that_open_an_empty_archive_at_once_make_its_schema_once() -> None:
    url = new_database(empty=True)
    begin = threading.Barrier(4)

    def open_it(_: int) -> int:
        begin.wait()
        server = PostgresServer(url)
        try:
            return len(server.rows("SELECT 1 FROM schema_versions"))
        finally:
            server.close()

    with ThreadPoolExecutor(4) as homes:
        assert list(homes.map(open_it, range(4))) == [len(scripts())] * 4


def test_a_server_without_the_extension_is_told_so() -> None:
    url = new_database(empty=True)
    execute(f"ALTER DATABASE {_name(url)} SET extension_control_path = '/nonexistent'")
    with pytest.raises(ArchiveError, match="has no extension `vector`") as refused:
        PostgresServer(url)
    assert "pgvector" in refused.value.hint
    assert execute("SELECT to_regnamespace('workbench') IS NULL", _name(url)) == [(True,)], "nothing was begun"


def test_a_server_with_an_old_extension_is_told_so(shared_folder: Path) -> None:
    extension = shared_folder / "extension"
    extension.mkdir()
    (extension / "vector.control").write_text("default_version = '0.7.4'\nrelocatable = true\n", encoding="utf-8")
    (extension / "vector--0.7.4.sql").write_text("CREATE DOMAIN vector AS float4[];\n", encoding="utf-8")
    for path in (extension, *extension.iterdir()):  # under any umask: the command line's own is 077
        path.chmod(0o755)
    url = new_database(empty=True)
    execute(f"ALTER DATABASE {_name(url)} SET extension_control_path = '{shared_folder}'")
    with pytest.raises(ArchiveError, match="has pgvector 0.7.4; 0.8 or newer is needed") as refused:
        PostgresServer(url)
    assert "ALTER EXTENSION" in refused.value.hint
    assert execute("SELECT to_regnamespace('workbench') IS NULL", _name(url)) == [(True,)], "nothing was begun"


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that the server of the tests may read, whose user it is another."""
    with tempfile.TemporaryDirectory(prefix="workbench-extension-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_a_connection_that_was_cut_is_made_anew(open_home: Open, fresh_url: str, papers: Path) -> None:
    session = open_home("here", fresh_url)
    loading = session.load([papers], source="papers", attach=False)
    cut = 0
    for event in loading:
        cut += len(_cut(fresh_url))
        last = event
    assert cut > 0
    assert isinstance(last, Loaded)
    assert (last.documents, last.failed) == (12, ())
    assert session.search("HX-209/7").total == 1


def test_a_server_that_stays_away_costs_a_sentence_and_nothing_else(
    open_home: Open, fresh_url: str, papers: Path
) -> None:
    session, name = open_home("here", fresh_url), _name(fresh_url)
    session.open_agent("reader")
    loading = session.load([papers], source="papers", attach=True)
    next(loading)
    execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    _cut(fresh_url)
    with pytest.raises(ArchiveError) as lost:
        list(loading)
    assert "shared archive" in lost.value.message
    assert lost.value.hint
    with pytest.raises(ArchiveError):
        session.search("oil")
    execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    *_, loaded = session.library.load([papers], "papers", True, LoadOptions())
    assert session.sources()[0].documents == 12
    passages, embedded, waiting = (
        execute(f"SELECT count(*) FROM workbench.{table}", name)[0][0]
        for table in ("passages", "embeddings", "waiting")
    )
    assert (passages, waiting) == (embedded, 0)
    assert "05-falk.md" in {item.document for item in answer(session, "Who ordered part number HX-205/7?").citations}


def _name(url: str) -> str:
    return urlsplit(url).path.strip("/")


def _cut(url: str) -> list[tuple[object, ...]]:
    """Cut all connections to a database; returns which."""
    return execute(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{_name(url)}' AND pid <> pg_backend_pid()"
    )
