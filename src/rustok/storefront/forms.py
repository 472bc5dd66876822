"""Forms that were sent: who may send them, what they hold, and what to say beside a field."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request

from rustok.storefront.asking import Problem
from rustok.storefront.wording import Wording

LONGEST = 64 * 1024  # bytes
MOST_FIELDS = 600  # a cart's lines are fields
_ADDRESS = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


@dataclass
class Form:
    """The values of a form, and what is wrong with them by the field's name."""

    values: Mapping[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)  # what is wrong with none of the fields alone

    def get(self, name: str, most: int = 500) -> str:
        """A value without the spaces around it, nothing where there is none."""
        return self.values.get(name, "").strip()[:most]

    def whole(self, name: str, otherwise: int = 0) -> int:
        """A whole number that is not negative."""
        text = self.get(name, 7)
        return int(text) if text.isascii() and text.isdecimal() else otherwise

    @property
    def is_good(self) -> bool:
        """Nothing is wrong so far."""
        return not self.errors and not self.said

    def refuse(self, name: str, sentence: str) -> None:
        """Say what is wrong with a field; the first sentence stays."""
        self.errors.setdefault(name, sentence)

    def require(self, words: Wording, *names: str) -> None:
        """Each of these must be filled in."""
        for name in names:
            if not self.get(name):
                self.refuse(name, _first(words, f"refusals.missing_{name}", "refusals.missing"))

    def require_email(self, words: Wording, name: str = "email") -> None:
        """It must look like an address."""
        if not self.get(name):
            self.refuse(name, words.say("refusals.missing_email"))
        elif not _ADDRESS.fullmatch(self.get(name)):
            self.refuse(name, words.say("refusals.bad_email"))

    def take(self, words: Wording, problems: Iterable[Problem], fields: Mapping[str, str]) -> None:
        """What the API refused: beside the field that `fields` knows for its input, else above the form."""
        for one in problems:
            name = fields.get(".".join(one.field)) or fields.get(one.last)
            sentence = explained(words, one)
            if name:
                self.refuse(name, sentence)
            elif sentence not in self.said:
                self.said.append(sentence)


def explained(words: Wording, problem: Problem) -> str:
    """The problem in the page's language; in the API's own words where the catalogue has none for it."""
    found = _first(words, f"refusals.{problem.code}_{problem.last}", f"refusals.{problem.code}")
    if found:
        return found
    return problem.message[:1].upper() + problem.message[1:] + ("" if problem.message.endswith((".", "!")) else ".")


def _first(words: Wording, *keys: str) -> str:
    return next((words.say(key) for key in keys if key in words.messages), "")


async def read(request: Request) -> Form | None:
    """The form that was sent, or None where it is too large or no form."""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST:
            return None
    try:
        pairs = parse_qsl(body.decode(), max_num_fields=MOST_FIELDS, keep_blank_values=True)
    except ValueError:
        return None
    return Form({name: value.replace("\x00", "") for name, value in pairs})


def is_foreign(request: Request, origin: str) -> bool:
    """Whether another site sent the form. Browsers say where a form comes from; other programs need not."""
    headers = request.headers
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return True
    sender = headers.get("origin")
    return sender is not None and urlsplit(sender).netloc.lower() != urlsplit(origin).netloc.lower()
