"""Web pages, from a server of our own on this machine: limits, redirects, private addresses, what is kept and re-used."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from loaders import addresses, fetch, registry
from loaders.document import Document, LoadError
from loaders.web_origin import WebOrigin
from tests.support.ingest_fakes import pdf

ARTICLE = (
    "<html><head><title>The lease</title></head><body><nav><ul>"
    + "".join(f"<li><a href='/{n}'>Menu item {n}</a></li>" for n in range(30))
    + "</ul></nav><article><h1>The lease of 2019</h1><p>"
    + "Rent is five hundred dollars and is due on the first day of each month. " * 6
    + "</p><h2>Terms</h2><table><tr><th>Year</th><th>Rent</th></tr><tr><td>2019</td><td>500</td></tr></table>"
    + "<p>The deposit is kept in the bank until the lease ends, with its interest.</p></article>"
    + "<footer>Cookies and imprint</footer></body></html>"
)


class Site:
    """What the server answers, by path: (status, headers, body) or something that writes by itself."""

    def __init__(self) -> None:
        self.pages: dict[str, Any] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.released = threading.Event()

    def put(
        self, path: str, body: bytes | str, kind: str = "text/html; charset=utf-8", status: int = 200, **more: str
    ) -> str:
        data = body.encode() if isinstance(body, str) else body
        headers = {"Content-Type": kind, **{name.replace("_", "-"): value for name, value in more.items()}}
        self.pages[path] = (status, headers, data)
        return self.url(path)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    port = 0


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            made.asked.append((self.path, headers))
            page = made.pages.get(self.path, (404, {}, b"nothing"))
            if callable(page):
                page(self)
                return
            status, sent, body = page
            if sent.get("ETag") and headers.get("if-none-match") == sent["ETag"]:
                status, body = 304, b""
            self.send_response(status)
            for name, value in sent.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that leaves early is what is tested
    made.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield made
    made.released.set()
    server.shutdown()
    server.server_close()


def load(url: str, folder: Path) -> Document:
    (found,) = WebOrigin(url, folder, private=True).found(threading.Event())
    return registry.read(found.path)


def refused(url: str, **options: Any) -> LoadError:
    with pytest.raises(LoadError) as caught:
        fetch.fetch(url, **({"private": True} | options))
    assert caught.value.remedy
    return caught.value


def test_the_main_text_of_a_page_with_its_headings_table_and_address(site: Site, tmp_path: Path) -> None:
    url = site.put("/lease", ARTICLE)
    document = load(url + "#terms", tmp_path)
    text = document.pages[0].text
    assert "five hundred dollars" in text
    assert "Year: 2019 | Rent: 500" in text
    assert "Menu item" not in text
    assert "Cookies" not in text
    assert [heading.title for heading in document.pages[0].headings] == ["The lease of 2019", "Terms"]
    assert document.title
    assert document.metadata["url"] == url
    (found,) = WebOrigin(url, tmp_path, private=True).found(threading.Event())
    assert found.relative == url


def test_a_page_of_links_is_kept_whole(site: Site, tmp_path: Path) -> None:
    url = site.put(
        "/", "<html><body><ul>" + "".join(f"<li><a href='/{n}'>Report {n}</a></li>" for n in range(9)) + "</ul>"
    )
    assert "Report 8" in load(url, tmp_path).pages[0].text


@pytest.mark.parametrize("kind", ["application/pdf", "text/html", "application/octet-stream", ""])
def test_a_pdf_behind_any_address_is_a_pdf(site: Site, tmp_path: Path, kind: str) -> None:
    file = pdf(tmp_path / "a.pdf", ["the first page", "the second page"])
    document = load(site.put("/download.php?id=7", file.read_bytes(), kind), tmp_path / "web")
    assert [page.text.strip() for page in document.pages] == ["the first page", "the second page"]
    assert document.metadata["url"].endswith("/download.php?id=7")


def test_other_types_are_read_by_their_loaders_and_charsets_obeyed(site: Site, tmp_path: Path) -> None:
    table = site.put("/data", "name;rent\nAda;5\n", "text/csv")
    assert "name: Ada | rent: 5" in load(table, tmp_path).pages[0].text
    greek = site.put(
        "/gr", "<html><body><p>Ενοίκιο</p></body></html>".encode("iso8859-7"), "text/html; charset=ISO-8859-7"
    )
    assert load(greek, tmp_path).pages[0].text == "Ενοίκιο"


def test_a_page_that_has_not_changed_is_not_sent_again(site: Site, tmp_path: Path) -> None:
    url = site.put("/lease", ARTICLE, ETag='"v1"')
    (first,) = WebOrigin(url, tmp_path, private=True).found(threading.Event())
    before = first.path.read_bytes()
    (again,) = WebOrigin(url, tmp_path, private=True).found(threading.Event())
    assert again.path.read_bytes() == before
    assert [headers.get("if-none-match") for _, headers in site.asked] == [None, '"v1"']
    site.put("/lease", ARTICLE.replace("five hundred", "six hundred"), ETag='"v2"')
    assert "six hundred" in load(url, tmp_path).pages[0].text


def test_redirects_are_followed_and_counted(site: Site, tmp_path: Path) -> None:
    site.put("/new", ARTICLE)
    url = site.put("/old", "", status=302, Location="/new")
    document = load(url, tmp_path)
    assert document.metadata["redirected_to"] == site.url("/new")
    loop = site.put("/loop", "", status=301, Location="/loop")
    assert "redirected more than" in refused(loop).reason
    assert sum(path == "/loop" for path, _ in site.asked) == fetch.REDIRECTS + 1


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://example.org/a", "gopher://example.org", "http://u:p@example.org/"]
)
def test_a_redirect_leads_nowhere_but_to_the_web(site: Site, target: str) -> None:
    url = site.put("/out", "", status=302, Location=target)
    assert "fetched" in refused(url).reason


def test_private_addresses_are_refused_before_anything_is_sent(site: Site) -> None:
    error = refused(site.put("/", ARTICLE), private=False)
    assert "private network" in error.reason
    assert "--private" in error.remedy
    assert "private network" in refused(f"http://localhost:{site.port}/", private=False).reason
    assert site.asked == []


def test_a_name_that_turns_private_gains_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: public when first asked, this machine when it is connected to for the redirect."""
    real, answers = socket.getaddrinfo, [("8.8.8.8", site.port), ("127.0.0.1", site.port)]
    connected: list[Any] = []

    def resolver(host: str, port: int, **more: Any) -> Any:
        number, port = answers.pop(0)
        return real(number, port, **more)

    def connect(self: socket.socket, place: Any) -> None:
        connected.append(place[0])
        original(self, ("127.0.0.1", site.port))

    original = socket.socket.connect
    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    monkeypatch.setattr(socket.socket, "connect", connect)
    site.put("/", "", status=302, Location=f"http://example.org:{site.port}/again")
    assert "private network" in refused(f"http://example.org:{site.port}/", private=False).reason
    assert connected == ["8.8.8.8"], "the number that was checked is the number that is connected to"
    assert [path for path, _ in site.asked] == ["/"]


@pytest.mark.parametrize(
    ("number", "public"),
    [
        ("8.8.8.8", True), ("2606:4700::1111", True), ("127.0.0.1", False), ("10.1.2.3", False), ("192.168.0.1", False),
        ("172.20.0.1", False), ("169.254.169.254", False), ("100.64.0.1", False), ("0.0.0.0", False), ("224.0.0.1", False),
        ("::1", False), ("::", False), ("fe80::1%eth0", False), ("fd00::1", False), ("::ffff:127.0.0.1", False),
        ("::ffff:8.8.8.8", True), ("64:ff9b::7f00:1", False), ("2002:7f00:1::", False), ("::7f00:1", False), ("nonsense", False),
    ],
)  # fmt: skip
def test_which_addresses_are_public(number: str, public: bool) -> None:
    assert addresses.is_public(number) is public


def test_size_is_limited_whether_told_or_not_packed_or_not(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "BYTES", 100_000)
    assert "more than 100,000 bytes" in refused(site.put("/big", "x" * 100_001)).reason
    bomb = site.put("/bomb", gzip.compress(bytes(50 << 20)), Content_Encoding="gzip")
    assert "more than 100,000 bytes" in refused(bomb).reason
    small = site.put("/small", gzip.compress(b"<html>packed</html>"), Content_Encoding="gzip")
    assert fetch.fetch(small, private=True).body == b"<html>packed</html>"


def test_a_server_that_drips_or_hangs_is_left(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def drip(handler: Any) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not site.released.wait(0.05):
            handler.wfile.write(b"x")
            handler.wfile.flush()

    site.pages["/drip"] = drip
    monkeypatch.setattr(fetch, "SECONDS", 0.5)
    assert "took more than 0.5 seconds" in refused(site.url("/drip")).reason
    cancel = threading.Event()
    cancel.set()
    monkeypatch.setattr(fetch, "SECONDS", 60.0)
    assert "stopped" in refused(site.url("/drip"), cancel=cancel).reason


def test_errors_of_servers_are_told(site: Site) -> None:
    assert "404" in refused(site.url("/missing")).reason
    assert "login" in refused(site.put("/private", "", status=403)).remedy
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        assert "cannot be fetched" in refused(f"http://127.0.0.1:{unused.getsockname()[1]}/").reason
    assert "safe connection" in refused(site.url("/").replace("http:", "https:")).reason
    site.pages["/cut"] = lambda handler: handler.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Length: 100\r\n\r\nonly this")
    assert "cannot be fetched" in refused(site.url("/cut")).reason or "broke" in refused(site.url("/cut")).reason


def test_proxies_are_not_asked(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert fetch.fetch(site.put("/", ARTICLE), private=True).body == ARTICLE.encode()


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("HTTP://Example.org", "http://example.org/"),
        ("https://example.org/a b?q=ä#part", "https://example.org/a%20b?q=%C3%A4"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
        ("https://example.org/%20/", "https://example.org/%20/"),
    ],
)
def test_an_address_is_made_ready_to_be_sent(url: str, sent: str) -> None:
    assert fetch.normal(url) == sent
