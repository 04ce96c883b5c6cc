"""A browser without scripts: cookies, redirects, forms, and the words that a page shows."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin

import httpx2


@dataclass
class Form:
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    offered: set[str] = field(default_factory=set)
    """Of check boxes and buttons, which are sent only when they are chosen."""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.words: list[str] = []
        self.links: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "form":
            self.forms.append(Form(given.get("method", "get")))
        elif tag in ("input", "button") and self.forms and given.get("name"):
            if given.get("type") == "checkbox" or tag == "button":
                self.forms[-1].offered.add(given["name"])
            else:
                self.forms[-1].fields[given["name"]] = given.get("value", "")
        elif tag == "a":
            self.links.append(given["href"])
        elif tag in ("style", "title"):
            self._unseen += 1

    def handle_endtag(self, tag):
        if tag in ("style", "title"):
            self._unseen -= 1

    def handle_data(self, data):
        if not self._unseen:
            self.words.append(data)


class Page:
    def __init__(self, answer: httpx2.Response) -> None:
        reader = _Reader()
        reader.feed(answer.text)
        self.answer = answer
        self.url = str(answer.url)
        self.status = answer.status_code
        self.forms = reader.forms
        self.links = reader.links
        self.text = " ".join(" ".join(reader.words).split())

    @property
    def code(self) -> str:
        found = re.search(r"\b[2-9A-Z]{4}-[2-9A-Z]{4}\b", self.text)
        assert found, self.text
        return found[0]

    def form(self, method: str) -> Form:
        """The form of one way to log in."""
        return next(f for f in self.forms if f.fields.get("method") == method)


class Browser:
    """Somebody's browser. `page` is what it shows; `visited` every address that it asked for."""

    def __init__(self) -> None:
        self.http = httpx2.Client(trust_env=False, follow_redirects=False, timeout=30)
        self.visited: list[str] = []
        self.page: Page

    def open(self, url: str) -> Page:
        return self._go("GET", url, None)

    def send(self, form: Form, **values: str) -> Page:
        """Fill in what is asked for and send it."""
        assert set(values) <= set(form.fields) | form.offered, (values, form)
        filled = {**form.fields, **values}
        if form.method == "post":
            return self._go("POST", self.page.url, filled)
        return self._go("GET", f"{self.page.url.partition('?')[0]}?{urlencode(filled)}", None)

    def log_in(self, method: str, **values: str) -> Page:
        return self.send(self.page.form(method), **values)

    def _go(self, method: str, url: str, form: dict[str, str] | None) -> Page:
        for _ in range(10):
            self.visited.append(url)
            headers = {"Origin": "null"} if form is not None else {}
            answer = self.http.request(method, url, data=form, headers=headers)
            if not answer.has_redirect_location:
                self.page = Page(answer)
                return self.page
            assert answer.status_code in (302, 303)
            url, method, form = urljoin(url, answer.headers["location"]), "GET", None
        raise AssertionError("it never arrives anywhere")
