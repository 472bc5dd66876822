"""Take HTML apart just enough to set paragraphs: text whose paragraphs are blank lines becomes HTML."""

import html
import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

_TOKEN = re.compile(
    r"""<!--.*?(?:-->|\Z)|<(/?)([a-zA-Z][a-zA-Z0-9:-]*)(?:[^<>"']|"[^"]*"|'[^']*')*+>""",
    re.DOTALL,
)
FLOW = {"div", "section", "article", "aside", "main", "header", "footer", "blockquote", "center", "details", "form",
        "fieldset", "nav", "figure", "body", "dialog"}  # fmt: skip
"""Blocks in which loose text becomes paragraphs."""
LINES = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "li", "dt", "dd", "td", "th", "figcaption", "caption", "address",
         "summary", "legend", "cite"}  # fmt: skip
"""Blocks that hold lines of text, not paragraphs."""
STRUCTURE = {"ul", "ol", "dl", "table", "thead", "tbody", "tfoot", "tr", "colgroup", "col", "hr", "menu", "hgroup",
             "iframe", "video", "audio", "object", "picture", "select", "optgroup", "option", "map", "noscript",
             "html", "head", "canvas", "embed", "source", "track", "param", "area"}  # fmt: skip
"""Blocks whose own text is only white space."""
VERBATIM = {"pre", "script", "style", "textarea", "svg", "math", "xmp", "plaintext"}
BLOCKS = (FLOW | LINES | STRUCTURE | VERBATIM) - {"cite"}
VOID = {"hr", "col", "embed", "source", "track", "param", "area"}
_ADDRESS = re.compile(r"https?://[^\s<>\"']+")
_BLANK = re.compile(r"\n[ \t\f\xa0]*(?:\n[ \t\f\xa0]*)+")
_BREAK_BEFORE = re.compile(r"(?:\s|<br\s*/?>)+", re.IGNORECASE)
_BREAK_AFTER = re.compile(r"<br\s{0,9}/?>\Z", re.IGNORECASE)


class Token(NamedTuple):
    """A piece of HTML: text (no name), a comment ("!"), or a tag."""

    text: str
    name: str = ""
    closing: bool = False


def tokens(text: str) -> Iterator[Token]:
    """The pieces of `text`, which joined give `text` again."""
    at = 0
    for found in _TOKEN.finditer(text):
        if found.start() > at:
            yield Token(text[at : found.start()])
        name = found[2]
        yield Token(found[0], name.lower() if name else "!", bool(found[1]))
        at = found.end()
    if at < len(text):
        yield Token(text[at:])


def link(address: str) -> str:
    """A paragraph with one link: what an embedded tweet or video becomes."""
    safe = html.escape(html.unescape(address.strip()), quote=True)
    return f'<p><a href="{safe}">{safe}</a></p>'


def plain(markup: str) -> str:
    """The words of some HTML on one line."""
    words: list[str] = []
    hidden = ""
    for token in tokens(markup):
        if hidden:
            hidden = "" if token.name == hidden and token.closing else hidden
        elif token.name in ("script", "style") and not token.closing:
            hidden = token.name
        elif not token.name:
            words.append(token.text)
        elif token.name in BLOCKS or token.name == "br":
            words.append(" ")
    return " ".join(html.unescape("".join(words)).split())


def paragraphs(text: str) -> str:
    """Blank lines become paragraphs and line breaks `<br>`, except inside what is already a block."""
    setter = _Setter()
    for token in tokens(text.replace("\r\n", "\n").replace("\r", "\n")):
        setter.take(token)
    return setter.finish()


class _Setter:
    """Collects inline runs and closes them at every block."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.run: list[str] = []
        self.stack: list[str] = []
        self.open_names: Counter[str] = Counter()
        self.verbatim = ""
        self.depth = 0

    def take(self, token: Token) -> None:
        if self.verbatim:
            self.out.append(token.text)
            if token.name == self.verbatim and not token.text.endswith("/>"):
                self.depth += -1 if token.closing else 1
                if self.depth == 0:
                    self.verbatim = ""
                    self.pop()
        elif token.name not in BLOCKS:
            self.run.append(token.text)
        elif token.closing:
            self.flush()
            self.close(token.name)
            self.out.append(token.text)
        else:
            self.flush()
            if self.stack and self.stack[-1] == "p":
                self.pop()
            self.out.append(token.text)
            if token.name in VOID or token.text.endswith("/>"):
                return
            self.stack.append(token.name)
            self.open_names[token.name] += 1
            if token.name in VERBATIM:
                self.verbatim, self.depth = token.name, 1

    def close(self, name: str) -> None:
        if self.open_names[name]:
            while self.pop() != name:
                pass

    def pop(self) -> str:
        name = self.stack.pop()
        self.open_names[name] -= 1
        return name

    def flush(self) -> None:
        run = "".join(self.run)
        self.run = []
        inside = self.stack[-1] if self.stack else ""
        if not run.strip():
            if inside not in ("", *FLOW) and run:
                self.out.append(run)
            return
        if inside in LINES:
            self.out.append(_broken(run.strip("\n")))
        elif inside in STRUCTURE or (inside and inside != "blockquote" and "\n" not in run.strip()):
            self.out.append(run)
        else:
            for part in _BLANK.split(run):
                words = _trimmed(part)
                if not words:
                    continue
                if _only_comments(words):
                    self.out.append(words)
                elif _ADDRESS.fullmatch(words):
                    self.out.append(link(words) + "\n")
                else:
                    self.out.append(f"<p>{_broken(words)}</p>\n")

    def finish(self) -> str:
        self.flush()
        return "".join(self.out).strip()


def _trimmed(text: str) -> str:
    """Without white space and breaks at both ends."""
    before = _BREAK_BEFORE.match(text)
    text = (text[before.end() :] if before else text).rstrip()
    while found := _BREAK_AFTER.search(text, max(0, len(text) - 16)):
        text = text[: found.start()].rstrip()
    return text


def _only_comments(text: str) -> bool:
    return text.startswith("<!--") and all(token.name == "!" or not token.text.strip() for token in tokens(text))


def _broken(text: str) -> str:
    """Line breaks of the text, not those inside tags, become `<br>`."""
    parts: list[str] = []
    after_break = True
    for token in tokens(text):
        if token.name:
            parts.append(token.text)
            after_break = token.name == "br"
            continue
        words = token.text.lstrip("\n") if after_break else token.text
        first, *lines = words.split("\n")
        if lines:
            lines = [first.rstrip(" \t"), *(line.strip(" \t") for line in lines[:-1]), lines[-1].lstrip(" \t")]
            parts.append("<br>\n".join(lines))
        else:
            parts.append(words)
        after_break = False
    return "".join(parts).replace("<br>\n<br", "<br")
