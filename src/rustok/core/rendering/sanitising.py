"""HTML from people to HTML that is safe on our own pages: a deliberate allow-list, everything else is dropped."""

import html
import re
from urllib.parse import urlsplit

import nh3

from rustok.core.rendering import limits
from rustok.kernel.slugs import slugify

SECTION = "s-"
"""Every id of a text starts with this, so that no text can take the name of an element of the page around it."""

VIDEO_HOSTS = frozenset(
    {"www.youtube.com", "youtube.com", "www.youtube-nocookie.com", "player.vimeo.com", "www.dailymotion.com"}
)
_INLINE = (
    "a abbr b bdi bdo br cite code data del dfn em i ins kbd mark q rp rt ruby s samp small span strong sub sup time u"
    " var wbr"
)
_BLOCK = (
    "address article aside blockquote caption center col colgroup dd details div dl dt figcaption figure footer h1 h2"
    " h3 h4 h5 h6 header hgroup hr li main ol p pre section summary table tbody td tfoot th thead tr ul"
)
_MEDIA = "img picture source video audio track iframe"
_TAGS = frozenset(f"{_INLINE} {_BLOCK} {_MEDIA}".split())
_COMMENT_TAGS = frozenset(
    """
    a abbr b blockquote br cite code del em i ins li ol p pre q s strong sub sup ul
    """.split()  # noqa: SIM905 - a paragraph reads better than a column of quotes
)
# These go with all that they hold: their content was never meant as text, or is parsed by rules of its own.
_WITH_CONTENT = frozenset(
    """
    script style template noscript noembed noframes xmp title textarea select object applet svg math
    head plaintext
    """.split()  # noqa: SIM905 - a paragraph reads better than a column of quotes
)
_ATTRIBUTES: dict[str, set[str]] = {
    "*": {"title", "lang", "dir", "class", "id"},
    "a": {"href", "hreflang"},
    "img": {"src", "srcset", "sizes", "alt", "width", "height", "loading", "decoding"},
    "source": {"src", "srcset", "sizes", "type", "media", "width", "height"},
    "video": {"src", "poster", "controls", "width", "height", "preload", "muted", "loop", "playsinline"},
    "audio": {"src", "controls", "preload", "loop"},
    "track": {"src", "kind", "srclang", "label", "default"},
    "iframe": {"src", "width", "height", "allowfullscreen"},
    "blockquote": {"cite"},
    "q": {"cite"},
    "del": {"cite", "datetime"},
    "ins": {"cite", "datetime"},
    "time": {"datetime"},
    "data": {"value"},
    "ol": {"start", "reversed", "type"},
    "li": {"value"},
    "td": {"colspan", "rowspan", "headers", "align"},
    "th": {"colspan", "rowspan", "headers", "scope", "align"},
    "col": {"span"},
    "colgroup": {"span"},
    "details": {"open"},
}
_COMMENT_ATTRIBUTES: dict[str, set[str]] = {"a": {"href", "title"}, "*": {"lang", "dir"}}
_FIXED = {
    "iframe": {
        "sandbox": "allow-scripts allow-same-origin allow-presentation allow-popups",
        "referrerpolicy": "strict-origin-when-cross-origin",
        "loading": "lazy",
    },
    "video": {"controls": ""},
    "audio": {"controls": ""},
}
_SCHEMES = {"http", "https", "mailto", "tel"}
_CLASS = re.compile(
    r"(?:wp-|align|has-|is-|language-|footnote|size-|columns?-|gallery|task-list|caption)[\w-]{0,60}", re.ASCII
)
_ID = re.compile(r"[\w.:-]{1,100}")
_NUMBER = re.compile(r"\d{1,5}%?", re.ASCII)
_CANDIDATE = re.compile(r"\s*([^\s,][^\s]*[^\s,]|[^\s,])(\s+\d+(?:\.\d+)?[wx])?\s*(?:,|$)", re.ASCII)
_EMPTY_FRAME = re.compile(r"<iframe(?![^>]*\ssrc=)[^>]*></iframe>")
_HEADING = re.compile(r"<(h[1-6])((?:\s[^>]*)?)>(.*?)</\1>", re.DOTALL)
_ALIGNED = re.compile(r'<(t[dh])([^>]*?)\sstyle="text-align:\s*(left|center|right);?"')


def sanitise(source: str, *, field: str = "body") -> str:
    """Safe HTML with ids on its headings; raises `BodyTooLarge` and `BodyTooDeep`. Saying it twice changes nothing."""
    limits.check_size(source, field=field)
    limits.check_depth(source, field=field)
    cleaned = _with_heading_ids(_EMPTY_FRAME.sub("", _cleaner.clean(_aligned(source))))
    return cleaned.replace("\x00", "")


def sanitise_comment(source: str, *, field: str = "body") -> str:
    """Safe HTML for readers' comments: text, links that search engines ignore, and no pictures, classes or ids."""
    limits.check_size(source, field=field)
    limits.check_depth(source, field=field)
    return _comment_cleaner.clean(source).replace("\x00", "")


def _aligned(source: str) -> str:
    """Table columns say their alignment by an attribute, because no style survives."""
    return _ALIGNED.sub(r'<\1\2 align="\3"', source)


def _filter(tag: str, attribute: str, value: str) -> str | None:
    """Keep, change or drop one attribute that is on the allow-list; nh3 has checked schemes of `href` and `src`."""
    if attribute == "class":
        return " ".join(name for name in value.split() if _CLASS.fullmatch(name)) or None
    if attribute == "id":
        return _section(value)
    if attribute == "href":
        return _href(value)
    if attribute in ("src", "poster", "cite"):
        if tag == "iframe":
            return value if _is_video(value) else None
        return value if _is_web(value) else None
    if attribute == "srcset":
        return _srcset(value)
    if attribute in ("width", "height"):
        return value if _NUMBER.fullmatch(value.strip()) else None
    return value


def _section(value: str) -> str | None:
    name = value.removeprefix(SECTION)
    return f"{SECTION}{name}" if _ID.fullmatch(name) else None


def _href(value: str) -> str | None:
    if value.startswith("#") and len(value) > 1:
        name = _section(value[1:])
        return f"#{name}" if name else None
    return value


def _is_web(url: str) -> bool:
    """Whether the address is relative or http(s)."""
    try:
        scheme = urlsplit(url.strip()).scheme.lower()
    except ValueError:
        return False
    return scheme in ("", "http", "https")


def _is_video(url: str) -> bool:
    try:
        parts = urlsplit(url.strip())
        return parts.scheme in ("https", "") and parts.hostname in VIDEO_HOSTS and not parts.username
    except ValueError:
        return False


def _srcset(value: str) -> str | None:
    """The candidates whose address is relative or http(s)."""
    kept = [f"{match[1]}{match[2] or ''}" for match in _CANDIDATE.finditer(value[:10_000]) if _is_web(match[1])]
    return ", ".join(kept) or None


def _with_heading_ids(cleaned: str) -> str:
    """Give each heading without an id one made of its text, unique within this text."""
    taken = set(re.findall(r'\sid="([^"]*)"', cleaned))

    def named(match: re.Match[str]) -> str:
        if ' id="' in match[2]:
            return match[0]
        base = SECTION + slugify(html.unescape(re.sub(r"<[^>]*>", "", match[3])), fallback="section")[:80]
        name, number = base, 2
        while name in taken:
            name, number = f"{base}-{number}", number + 1
        taken.add(name)
        return f'<{match[1]}{match[2]} id="{html.escape(name)}">{match[3]}</{match[1]}>'

    return _HEADING.sub(named, cleaned)


_cleaner = nh3.Cleaner(
    tags=set(_TAGS),
    clean_content_tags=set(_WITH_CONTENT),
    attributes=_ATTRIBUTES,
    attribute_filter=_filter,
    set_tag_attribute_values=_FIXED,
    url_schemes=_SCHEMES,
    link_rel="noopener",
    strip_comments=True,
)
_comment_cleaner = nh3.Cleaner(
    tags=set(_COMMENT_TAGS),
    clean_content_tags=set(_WITH_CONTENT) | {"iframe"},
    attributes=_COMMENT_ATTRIBUTES,
    url_schemes=_SCHEMES,
    link_rel="noopener nofollow ugc",
    strip_comments=True,
)
