"""Tag names: how they are stored, compared and put into addresses."""

import re
import unicodedata

from rustok.kernel import errors, slugs

LONGEST = 100
_GAP = re.compile(r"[\s_-]+")


class InvalidTag(errors.Invalid):
    """The text is no name for a tag."""

    code = "invalid_tag"


def clean(name: str) -> str:
    """The name as it is stored: NFC, single spaces; raises `InvalidTag` when it is empty, too long or unprintable."""
    cleaned = " ".join(unicodedata.normalize("NFC", name).split())
    if not cleaned:
        raise InvalidTag("a tag needs a name", field="tags")
    if len(cleaned) > LONGEST:
        raise InvalidTag(
            f"the tag {cleaned[:40]!r}… has {len(cleaned)} characters; at most {LONGEST} are allowed", field="tags"
        )
    if any(unicodedata.category(c) in {"Cc", "Cs"} for c in cleaned):
        raise InvalidTag("a tag must not hold control characters", field="tags")
    return cleaned


def key_of(name: str) -> str:
    """What two names of one tag share: `T-Shirt`, `t shirt` and `T_SHIRT` are one, `C` and `C++` are two."""
    return _GAP.sub(" ", unicodedata.normalize("NFKC", clean(name)).casefold()).strip()[: 2 * LONGEST] or clean(name)


def slug_of(name: str) -> str:
    """The name in an address, before it is made unique."""
    return slugs.slugify(name, fallback="tag")[: LONGEST - 6].strip("-")
