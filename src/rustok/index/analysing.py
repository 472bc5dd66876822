"""What words are made of: lower case, no accents, one stem for the forms of a word. The same for texts and queries."""

import re
import unicodedata
from functools import cache

from tantivy import Filter, TextAnalyzer, TextAnalyzerBuilder, Tokenizer

from rustok.index.languages import SNOWBALL

LONGEST_WORD = 100
SIMPLE = "simple"
_STOPPED = {
    "danish", "dutch", "english", "finnish", "french", "german", "hungarian", "italian", "norwegian", "portuguese",
    "russian", "spanish", "swedish",
}  # fmt: skip
_STEMMED = _STOPPED | {"arabic", "greek", "romanian", "tamil", "turkish"}


def _accented() -> dict[str, str]:
    """Greek letters, and the one of Cyrillic that is written with and without its dots; `ascii_fold` knows Latin."""
    greek = [chr(code) for block in ((0x370, 0x400), (0x1F00, 0x2000)) for code in range(*block)]
    found = {}
    for letter in [*greek, "ё", "Ё"]:
        bare = "".join(c for c in unicodedata.normalize("NFD", letter) if not unicodedata.combining(c))
        if bare != letter and len(bare) == 1:
            found[letter] = bare
    return found


_BARE = _accented()
_ACCENTED = re.compile(f"[{''.join(_BARE)}]")


def language(locale: str) -> str:
    """The language whose stemmer reads a locale: `english` for `en` and `en-GB`, `simple` where there is none."""
    found = SNOWBALL.get(locale.split("-")[0].split("_")[0].lower(), SIMPLE)
    return found if found in _STEMMED else SIMPLE


def folded(text: str) -> str:
    """Composed letters, without the accents that the analysers leave."""
    if text.isascii():
        return text
    return _ACCENTED.sub(lambda found: _BARE[found[0]], unicodedata.normalize("NFC", text))


@cache
def analyser(name: str, *, stopping: bool = True) -> TextAnalyzer:
    """Splits folded text into the stems of a language; `simple` keeps words as they are, stop words too."""
    steps = TextAnalyzerBuilder(Tokenizer.simple()).filter(Filter.remove_long(LONGEST_WORD)).filter(Filter.lowercase())
    steps = steps.filter(Filter.ascii_fold())
    if stopping and name in _STOPPED:
        steps = steps.filter(Filter.stopword(name))
    if name in _STEMMED:
        steps = steps.filter(Filter.stemmer(name))
    return steps.build()


def stems(text: str, name: str, *, stopping: bool = True) -> list[str]:
    """The stems of a text in a language; stop words have none, unless they are wanted."""
    return analyser(name, stopping=stopping).analyze(folded(text))


def words(text: str) -> list[str]:
    """The words of a text as they are, in lower case and without accents."""
    return stems(text, SIMPLE)
