"""Turn WordPress shortcodes into HTML: captions, galleries, embeds, players and code; others leave their content."""

import html
import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rustok.core.importing import markup

_OPEN = re.compile(
    r"\[(\[?)(/?)([a-zA-Z][\w-]*)((?:\s+|=)(?:[^\[\]\"']|\"[^\"]*\"|'[^']*'|\[[^\[\]]*\])*+)?(/?)\](\]?)"
)
_PAIR = re.compile(r"""([\w-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'\]]+))|"([^"]*)"|'([^']*)'|(\S+)""")
_FIRST_IMAGE = re.compile(r"((?:<a\s[^<>]*>\s*)?<img\s[^<>]*>(?:\s*</a>)?)(.*)", re.DOTALL | re.IGNORECASE)
_AUDIO = ("src", "mp3", "m4a", "ogg", "oga", "wav", "wma", "flac")
_VIDEO = ("src", "mp4", "m4v", "webm", "ogv", "mov", "wmv", "flv")
_CODE = {"code", "sourcecode", "source", "php", "css", "html", "js", "javascript", "python", "ruby", "sql", "xml",
         "bash", "java", "pre", "highlight", "cc"}  # fmt: skip
_EMBEDS = {"embed", "youtube", "vimeo", "soundcloud", "tweet", "twitter", "instagram", "dailymotion", "ted", "vine",
           "wpvideo", "videopress", "slideshare", "scribd", "googlemaps", "facebook", "gist", "spotify",
           "wordpresstv", "blip.tv", "hulu", "kickstarter", "flickr", "getty", "archiveorg"}  # fmt: skip
_KNOWN = {"caption", "wp_caption", "gallery", "audio", "video", "playlist", "contact-form", "contact-form-7"} | _EMBEDS
_SITES = {"youtube": "https://www.youtube.com/watch?v=", "vimeo": "https://vimeo.com/"}
DEEPEST = 8
ALONE = 100
"""How far a line may reach around a lone shortcode."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An attachment that a gallery may show."""

    url: str
    alt: str = ""
    caption: str = ""


@dataclass(slots=True)
class Surroundings:
    """What a body may refer to: the site's attachments by id, those of this post, and its reusable blocks."""

    pictures: Mapping[int, Picture] = field(default_factory=dict)
    own_pictures: Sequence[int] = ()
    reusable: Mapping[int, str] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)
    """Names of shortcodes and blocks that could not be kept; filled while converting."""


@dataclass(slots=True)
class _Tag:
    start: int
    end: int
    name: str
    attributes: str
    closing: bool
    single: bool


def expand(text: str, around: Surroundings, depth: int = 0) -> str:
    """`text` with its shortcodes replaced. `[[gallery]]` is the text "[gallery]"; code is never touched."""
    if "[" not in text or depth > DEEPEST:
        return text
    tags = _tags(text)
    if not tags:
        return text.replace("[[", "[").replace("]]", "]") if "[[" in text and _OPEN.search(text) else text
    closings: dict[str, deque[int]] = {}
    for number, tag in enumerate(tags):
        if tag.closing:
            closings.setdefault(tag.name, deque()).append(number)
    out: list[str] = []
    at = number = 0
    while number < len(tags):
        tag = tags[number]
        if tag.start < at:
            number += 1
            continue
        later = closings.get(tag.name, deque())
        while later and later[0] <= number:
            later.popleft()
        close = later[0] if later and not tag.single and not tag.closing else None
        if not _is_shortcode(text, tag, paired=close is not None):
            number += 1
            continue
        out.append(_literal(text[at : tag.start]))
        if close is None:
            out.append("" if tag.closing else _replaced(tag, None, around, depth))
            at = tag.end
            number += 1
        else:
            out.append(_replaced(tag, text[tag.end : tags[close].start], around, depth))
            at = tags[close].end
            number = close + 1
    out.append(_literal(text[at:]))
    return "".join(out)


def _literal(text: str) -> str:
    return re.sub(r"\[(\[/?[a-zA-Z][^\[\]]*\])\]", r"\1", text) if "[[" in text else text


def _tags(text: str) -> list[_Tag]:
    """Where shortcode tags may be: not in code, not in HTML tags, not escaped by a second bracket."""
    found: list[_Tag] = []
    closed: list[tuple[int, int]] = []
    start, at, hidden = 0, 0, ""
    for token in markup.tokens(text):
        if token.name in ("pre", "code", "script", "style") and token.name in (hidden or token.name):
            if not token.closing and not hidden:
                hidden, start = token.name, at
            elif token.closing and hidden == token.name:
                closed.append((start, at))
                hidden = ""
        elif token.name and not hidden:
            closed.append((at, at + len(token.text)))
        at += len(token.text)
    if hidden:
        closed.append((start, len(text)))
    closed.sort()
    fence = 0
    for match in _OPEN.finditer(text):
        while fence < len(closed) and closed[fence][1] <= match.start():
            fence += 1
        if fence < len(closed) and closed[fence][0] <= match.start():
            continue
        if match[1] and match[6]:
            continue
        begin = match.start() + len(match[1])
        end = match.end() - len(match[6])
        found.append(_Tag(begin, end, match[3].lower(), match[4] or "", bool(match[2]), bool(match[5])))
    return found


def _is_shortcode(text: str, tag: _Tag, *, paired: bool) -> bool:
    """Brackets are also just brackets: "[sic]" in a sentence stays."""
    if tag.name in _KNOWN or paired or tag.closing or tag.single or "=" in tag.attributes:
        return True
    if "_" in tag.name or "-" in tag.name:
        return True
    if tag.attributes.strip() or not text[tag.start + 1].islower():
        return False
    before = text[max(0, tag.start - ALONE) : tag.start].rpartition("\n")
    after = text[tag.end : tag.end + ALONE].partition("\n")
    alone = (before[1] or tag.start <= ALONE) and (after[1] or tag.end + ALONE >= len(text))
    return bool(alone) and not re.sub(r"</?p>|\s", "", before[2] + after[0])


def attributes_of(text: str) -> tuple[dict[str, str], list[str]]:
    """Named attributes and bare ones."""
    named: dict[str, str] = {}
    bare: list[str] = []
    for found in _PAIR.finditer(text):
        if found[1]:
            named[found[1].lower()] = html.unescape(next((part for part in found.group(2, 3, 4) if part), ""))
        else:
            bare.append(html.unescape(next((part for part in found.group(5, 6, 7) if part), "")))
    return named, bare


def _replaced(tag: _Tag, content: str | None, around: Surroundings, depth: int) -> str:
    named, bare = attributes_of(tag.attributes)
    name = tag.name
    if name in ("caption", "wp_caption"):
        return _caption(named, expand(content or "", around, depth + 1))
    if name == "gallery":
        return _gallery(named, around) + expand(content or "", around, depth + 1)
    if name in _CODE and content is not None:
        return f"\n\n<pre><code>{html.escape(html.unescape(content.strip(chr(10))), quote=False)}</code></pre>\n\n"
    if name in ("audio", "video"):
        return _player(name, named, bare, content)
    if name == "playlist":
        return _playlist(named, around)
    if name in _EMBEDS:
        target = (content or "").strip() or named.get("url") or named.get("id") or named.get("src") or " ".join(bare)
        target = markup.plain(target).strip("= ")
        if target and not re.match(r"https?://", target) and name in _SITES:
            target = _SITES[name] + target
        return f"\n\n{markup.link(target)}\n\n" if re.match(r"https?://\S+$", target) else html.escape(target)
    around.dropped.add(name)
    return expand(content, around, depth + 1) if content else ""


def _caption(named: dict[str, str], content: str) -> str:
    found = _FIRST_IMAGE.search(content)
    if found is None:
        return content
    words = found[2].strip() or named.get("caption", "")
    below = f"<figcaption>{words}</figcaption>" if words else ""
    return f"\n\n<figure>{found[1]}{below}</figure>\n\n"


def picture(one: Picture) -> str:
    """A figure of one picture."""
    below = f"<figcaption>{html.escape(one.caption, quote=False)}</figcaption>" if one.caption else ""
    return f'<figure><img src="{html.escape(one.url)}" alt="{html.escape(one.alt)}">{below}</figure>'


def pictures(ids: Sequence[int], around: Surroundings) -> str:
    """Figures of those attachments that the export holds."""
    return "".join(picture(around.pictures[one]) for one in dict.fromkeys(ids) if one in around.pictures)


def _numbers(text: str) -> list[int]:
    return [int(part) for part in re.findall(r"[0-9]{1,12}", text)]


def _gallery(named: dict[str, str], around: Surroundings) -> str:
    wanted = _numbers(named.get("ids") or named.get("include") or "") or list(around.own_pictures)
    left_out = set(_numbers(named.get("exclude", "")))
    shown = pictures([one for one in wanted if one not in left_out], around)
    return f'\n\n<div class="gallery">{shown}</div>\n\n' if shown else ""


def _player(name: str, named: dict[str, str], bare: list[str], content: str | None) -> str:
    for key in _AUDIO if name == "audio" else _VIDEO:
        if named.get(key):
            return player(name, named[key])
    for text in (*bare, (content or "").strip()):
        found = re.search(r"https?://[^\s|<>\"']+", text)
        if found:
            return player(name, found[0])
    return ""


def player(name: str, address: str) -> str:
    """An audio or video element that is still a link where players are not allowed."""
    safe = html.escape(address)
    return f'\n\n<figure><{name} controls src="{safe}"><a href="{safe}">{safe}</a></{name}></figure>\n\n'


def _playlist(named: dict[str, str], around: Surroundings) -> str:
    kind = "video" if named.get("type") == "video" else "audio"
    found = [around.pictures[one] for one in _numbers(named.get("ids", "")) if one in around.pictures]
    return "".join(player(kind, one.url) for one in found)
