"""Make a Shopify product CSV of any size that looks like a shop: the same number and seed give the same bytes.

Words are drawn by a Zipf law, as in language: a few stand in nearly every text and most in hardly any, so that searches
meet common and rare words. Variants, pictures, tags, types and prices are spread as shops spread them.
"""

import argparse
import csv
import random
from bisect import bisect
from collections.abc import Iterator, Sequence
from itertools import accumulate, product
from pathlib import Path

SEED = 20
WORDS = 6000
COLUMNS = [
    "Handle", "Title", "Body (HTML)", "Vendor", "Product Category", "Type", "Tags", "Published", "Option1 Name",
    "Option1 Value", "Option2 Name", "Option2 Value", "Option3 Name", "Option3 Value", "Variant SKU", "Variant Grams",
    "Variant Inventory Tracker", "Variant Inventory Qty", "Variant Inventory Policy", "Variant Fulfillment Service",
    "Variant Price", "Variant Compare At Price", "Variant Requires Shipping", "Variant Taxable", "Variant Barcode",
    "Image Src", "Image Position", "Image Alt Text", "Gift Card", "SEO Title", "SEO Description", "Variant Image",
    "Variant Weight Unit", "Cost per item", "Status",
]  # fmt: skip
_ONSETS = [
    "b", "br", "c", "ch", "cl", "d", "dr", "f", "fl", "g", "gr", "h", "j", "k", "l", "m", "n", "p", "pl", "qu", "r",
    "s", "sh", "sl", "st", "t", "th", "tr", "v", "w",
]  # fmt: skip
_VOWELS = ["a", "e", "i", "o", "u", "ai", "ea", "ee", "io", "ou"]
_CODAS = ["", "", "l", "m", "n", "r", "s", "t", "ck", "nd", "nt", "rn", "sh", "st"]
_COLOURS = ["Black", "White", "Navy", "Sand", "Olive", "Rust", "Teal", "Plum"]
_SIZES = ["XS", "S", "M", "L", "XL", "XXL"]
_MATERIALS = ["Cotton", "Linen", "Wool", "Leather"]
_NAMES = ("Colour", "Size", "Material")
_SHELVES = 12
_SHELF_TYPES = 6


class Shop:
    """Where the rows of one catalogue come from."""

    def __init__(self, seed: int = SEED) -> None:
        self._dice = random.Random(seed)  # noqa: S311 - a catalogue is no secret
        self.words = self._made_words(WORDS)
        weights = [1 / (rank + 2.7) ** 1.05 for rank in range(WORDS)]
        self._ladder = list(accumulate(weights))
        names = [word.capitalize() for word in self.words]
        self._vendors = [f"{names[700 + n]} & {names[900 + n]}" for n in range(60)]
        self._tags = [names[300 + n].lower() for n in range(240)]
        self._shelves = [
            (names[40 + shelf], [names[100 + shelf * _SHELF_TYPES + n] for n in range(_SHELF_TYPES)])
            for shelf in range(_SHELVES)
        ]

    def _made_words(self, number: int) -> list[str]:
        found: dict[str, None] = {}
        while len(found) < number:
            syllables = self._dice.choices((1, 2, 3), (2, 5, 2))[0]
            parts = (
                self._dice.choice(_ONSETS) + self._dice.choice(_VOWELS) + self._dice.choice(_CODAS)
                for _ in range(syllables)
            )
            found.setdefault("".join(parts))
        return list(found)

    def _word(self) -> str:
        return self.words[bisect(self._ladder, self._dice.random() * self._ladder[-1], hi=WORDS - 1)]

    def _sentence(self, least: int, most: int) -> str:
        return " ".join(self._word() for _ in range(self._dice.randint(least, most))).capitalize() + "."

    def _skewed(self, items: Sequence[str]) -> str:
        return items[int(len(items) * self._dice.random() ** 2)]

    def _body(self) -> str:
        dice = self._dice
        paragraphs = "".join(
            f"<p>{' '.join(self._sentence(6, 14) for _ in range(dice.randint(2, 4)))}</p>"
            for _ in range(dice.randint(1, 3))
        )
        if dice.random() < 0.5:
            points = "".join(f"<li>{self._sentence(2, 6)}</li>" for _ in range(dice.randint(2, 5)))
            paragraphs += f"<ul>{points}</ul>"
        return (
            paragraphs.replace(" ", " <strong>", 1).replace(".", "</strong>.", 1) if dice.random() < 0.3 else paragraphs
        )

    def _options(self) -> list[tuple[str, list[str]]]:
        wanted = self._dice.choices((1, 2, 3, 4, 6, 8), (30, 12, 18, 16, 14, 10))[0]
        sides = {1: (), 2: (2,), 3: (3,), 4: (2, 2), 6: (2, 3), 8: (2, 2, 2)}[wanted]
        values = (_COLOURS, _SIZES, _MATERIALS)
        return [(_NAMES[n], self._dice.sample(values[n], side)) for n, side in enumerate(sides)]

    def rows(self, number: int) -> Iterator[dict[str, str]]:
        """The rows of one product, under Shopify's columns."""
        dice = self._dice
        shelf, types = self._shelves[int(_SHELVES * dice.random() ** 1.5)]
        kind = self._skewed(types)
        title = " ".join(self._word().capitalize() for _ in range(dice.randint(2, 4))) + f" {kind}"
        handle = f"{title.lower().replace(' ', '-')}-{number}"
        options = self._options()
        cents = int(10 ** dice.uniform(2.7, 4.7)) // 100 * 100 + 95
        tags = {self._skewed(self._tags) for _ in range(dice.randint(0, 6))}
        pictures = [
            (f"https://pictures.example/{number}/{place}.jpg", f"{title}, view {place}")
            for place in range(1, dice.choices((1, 2, 3, 4, 5), (3, 4, 4, 2, 1))[0] + 1)
        ]
        variants = list(product(*(values for _, values in options))) if options else [("Default Title",)]
        names = [name for name, _ in options] or ["Title"]
        discounted = dice.random() < 0.2
        head = {
            "Title": title,
            "Body (HTML)": self._body(),
            "Vendor": self._skewed(self._vendors),
            "Product Category": f"{shelf} > {kind}",
            "Type": kind,
            "Tags": ", ".join(sorted(tags)),
            "Published": "true",
            "Gift Card": "false",
            "SEO Title": f"{title} by us" if dice.random() < 0.3 else "",
            "SEO Description": self._sentence(8, 16) if dice.random() < 0.3 else "",
            "Status": "active",
        }
        for place in range(max(len(variants), len(pictures))):
            row = {"Handle": handle, **(head if place == 0 else {})}
            if place < len(variants):
                for at, value in enumerate(variants[place], 1):
                    row[f"Option{at} Value"] = value
                    if place == 0:
                        row[f"Option{at} Name"] = names[at - 1]
                price = cents + 500 * (place % 3)
                row |= {
                    "Variant SKU": f"SKU-{number:06}-{place + 1}",
                    "Variant Grams": str(dice.randint(50, 3000)),
                    "Variant Inventory Tracker": "shopify",
                    "Variant Inventory Qty": str(0 if dice.random() < 0.12 else dice.randint(1, 200)),
                    "Variant Inventory Policy": "deny",
                    "Variant Fulfillment Service": "manual",
                    "Variant Price": f"{price / 100:.2f}",
                    "Variant Compare At Price": f"{price * 1.25 / 100:.2f}" if discounted else "",
                    "Variant Requires Shipping": "true",
                    "Variant Taxable": "true",
                    "Variant Barcode": f"{4_000_000_000_000 + number * 10 + place}",
                    "Variant Weight Unit": "g",
                    "Cost per item": f"{price * 0.6 / 100:.2f}",
                }
            if place < len(pictures):
                row["Image Src"], row["Image Alt Text"] = pictures[place]
                row["Image Position"] = str(place + 1)
            yield row


def write(path: Path, products: int, *, seed: int = SEED) -> Shop:
    """Write a catalogue of so many products; returns the shop, whose `words` stand common ones first."""
    shop = Shop(seed)
    with path.open("w", encoding="utf-8", newline="") as stream:
        out = csv.DictWriter(stream, COLUMNS, restval="", lineterminator="\n")
        out.writeheader()
        for number in range(1, products + 1):
            out.writerows(shop.rows(number))
    return shop


def main() -> None:
    """`python -m bench.catalogue 10000 products.csv`."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("products", type=int)
    parser.add_argument("path", type=Path)
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args()
    write(asked.path, asked.products, seed=asked.seed)


if __name__ == "__main__":
    main()
