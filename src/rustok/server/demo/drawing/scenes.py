"""Backdrops and still lifes: where an object stands, what keeps it company, and the shadow it throws."""

from functools import lru_cache
from random import Random
from typing import Final

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from rustok.server.demo.drawing import cloth, desk, home, table
from rustok.server.demo.drawing.colours import BACKDROPS, COLOURS, MATCHES, RGB, darker, lighter, mix
from rustok.server.demo.drawing.objects import SUBJECTS, seeded, sprig
from rustok.server.demo.drawing.pen import SCALE, Pen, arc, box, flat_light, gradient, round_light, smooth

FAMILIES: Final = (cloth, desk, home, table)  # importing them registers their subjects
HORIZON: Final = 0.70
QUARTER: Final = 4


@lru_cache(maxsize=4)
def _paper(width: int, height: int) -> Image.Image:
    """Grey paper grain; drawn once, because noise is slow and looks the same behind everything."""
    noise = Image.frombytes("L", (256, 256), seeded(7).randbytes(256 * 256)).filter(ImageFilter.GaussianBlur(0.8))
    noise = noise.point([round(128 + (level - 128) * 0.06) for level in range(256)])
    sheet = Image.new("L", (width, height))
    for x in range(0, width, 256):
        for y in range(0, height, 256):
            sheet.paste(noise, (x, y))
    return Image.merge("RGB", (sheet, sheet, sheet))


def finish(picture: Image.Image) -> Image.Image:
    """Lay the paper's grain over a finished picture."""
    return ImageChops.add(picture, _paper(*picture.size), 1, -128)


def backdrop(size: tuple[int, int], tones: tuple[RGB, RGB], random: Random, *, table_top: bool) -> Image.Image:
    """A wall in soft window light, above a table top if something is to stand on it."""
    width, height = size
    small = (width // QUARTER, height // QUARTER)
    wall, top = tones
    image = gradient(((0, lighter(wall, 0.32)), (0.6, wall), (1, darker(wall, 0.05))), small)
    draw = ImageDraw.Draw(image)
    horizon = round(small[1] * HORIZON)
    _window(image, lighter(wall, 0.55), random)
    if table_top:
        draw.rectangle((0, horizon, small[0], small[1]), fill=top)
        image.paste(
            gradient(
                ((0, darker(top, 0.07)), (0.25, top), (1, lighter(top, 0.2))), (small[0], small[1] - horizon), down=True
            ),
            (0, horizon),
        )
        image = image.filter(ImageFilter.GaussianBlur(0.6))
    return image.resize(size, Image.Resampling.BILINEAR)


def _window(image: Image.Image, light: RGB, random: Random) -> None:
    """Light that falls through a window onto the wall, blurred."""
    width, height = image.size
    mask = Image.new("L", image.size, 0)
    draw = ImageDraw.Draw(mask)
    left = width * random.uniform(-0.05, 0.12)
    for pane in range(2):
        x = left + pane * width * 0.30
        draw.polygon(
            [
                (x, -10),
                (x + width * 0.25, -10),
                (x + width * 0.25 + height * 0.22, height),
                (x + height * 0.22, height),
            ],
            fill=120,
        )
    mask = mask.filter(ImageFilter.GaussianBlur(width / 60))
    image.paste(light, (0, 0, width, height), mask)


def _shape_behind(picture: Image.Image, tone: RGB, random: Random, *, table_top: bool) -> None:
    """An arch or a disc on the wall, which gives a silhouette something to stand against."""
    width, height = picture.size
    layer = Image.new("L", (width * SCALE, height * SCALE), 0)
    draw = ImageDraw.Draw(layer)
    width, height = layer.size
    middle = width / 2 + random.uniform(-0.05, 0.05) * width
    if table_top:
        floor = height * HORIZON
        if random.random() < 0.55:
            half = min(width, height) * 0.36
            top = height * 0.15
            draw.ellipse((middle - half, top, middle + half, top + 2 * half), fill=255)
            draw.rectangle((middle - half, top + half, middle + half, floor), fill=255)
        else:
            half = min(width, height) * 0.38
            draw.ellipse((middle - half, floor - half * 1.75, middle + half, floor + half * 0.25), fill=255)
        draw.rectangle((0, floor, width, height), fill=0)
    else:
        half = min(width, height) * 0.42
        cy = height / 2 + random.uniform(-0.03, 0.03) * height
        draw.ellipse((middle - half, cy - half, middle + half, cy + half), fill=255)
    picture.paste(tone, (0, 0, *picture.size), layer.reduce(SCALE))


def compose(pen: Pen, ground: Image.Image, *, base: float | None, strength: float = 0.5) -> Image.Image:
    """Bring what was drawn down to size and put it on its ground with a shadow.

    `base` is the height where objects stand, so that their shadow can lie on the table; without it they
    lie flat or hang, and the shadow is only offset.
    """
    size = ground.size
    alpha = pen.alpha.reduce(SCALE)
    small = alpha.reduce(QUARTER)
    if base is None:
        shadows = [(_moved(small, 6, 9).filter(ImageFilter.GaussianBlur(7)), 0.7), (_moved(small, 2, 3), 0.5)]
    else:
        foot = base / QUARTER
        lying = small.transform(
            small.size, Image.Transform.AFFINE,
            (1, 2.0, -2.0 * foot, 0, 3.4, foot - 3.4 * foot), Image.Resampling.BILINEAR,
        )  # fmt: skip
        contact = small.transform(
            small.size, Image.Transform.AFFINE,
            (1, 0, 0, 0, 9, foot + 2 - 9 * (foot + 7)), Image.Resampling.BILINEAR,
        )  # fmt: skip
        shadows = [
            (lying.filter(ImageFilter.GaussianBlur(5)), 0.85),
            (contact.filter(ImageFilter.GaussianBlur(4)), 0.7),
        ]
    picture = ground.copy()
    for fill, halo, light in pen.halos:
        wide = (halo[2] - halo[0], halo[3] - halo[1])
        picture.paste(fill, halo, light.resize(wide, Image.Resampling.BILINEAR))
    level = Image.new("L", small.size, 0)
    for shadow, share in shadows:
        level = ImageChops.lighter(level, shadow.point([round(value * strength * share) for value in range(256)]))
    dark = ImageChops.multiply(picture, Image.new("RGB", size, (96, 90, 112)))
    picture.paste(dark, (0, 0, *size), level.resize(size, Image.Resampling.BILINEAR))
    pen.stamp(picture, alpha)
    return picture


def _moved(mask: Image.Image, dx: int, dy: int) -> Image.Image:
    """The mask shifted right and down; what leaves the picture is gone."""
    shifted = Image.new("L", mask.size, 0)
    shifted.paste(mask, (dx, dy))
    return shifted


def tones_for(colour: str, random: Random) -> tuple[RGB, RGB]:
    """A backdrop against which this colour looks well."""
    return BACKDROPS[random.choice(MATCHES[colour])]


def _pebbles(pen: Pen, x: float, y: float, random: Random) -> None:
    pen.place(x, y, 1.0)
    for shift, lift, size, tone in ((0, 0, 62, "fog"), (74, -14, 44, "slate"), (8, 62, 44, "oat")):
        pen.shape(arc(shift, lift + size * 0.55, size, size * 0.6), round_light(COLOURS[tone]))


def _bottle(pen: Pen, x: float, y: float, random: Random) -> None:
    pen.place(x, y, 1.0)
    green = COLOURS[random.choice(("moss", "sage", "pine"))]
    sprig(pen, [(0, 190), (-16, 330), (30, 470)], green, size=70, pairs=4)
    pen.turned(
        [(52, 0), (60, 20), (60, 120), (22, 180), (22, 226)], round_light(mix(COLOURS["tide"], COLOURS["white"], 0.5))
    )


def _books(pen: Pen, x: float, y: float, random: Random) -> None:
    pen.place(x, y, 1.0)
    base = 0.0
    for width, tone in ((250, "indigo"), (220, "cream"), (232, "rust")):
        height = random.uniform(34, 48)
        pen.shape(box(-width / 2, base, width / 2, base + height, 5), flat_light(COLOURS[tone], 1.6))
        pen.shape(box(width / 2 - 16, base + 5, width / 2 - 2, base + height - 5), COLOURS["cream"])
        base += height + 1
    pen.shape(arc(-20, base + 30, 54, 34), round_light(COLOURS["fog"]))


def _pears(pen: Pen, x: float, y: float, random: Random) -> None:
    for shift, tone in ((0.0, "ochre"), (118.0, "sage")):
        pen.place(x + shift, y + shift * 0.18, 1.0)
        profile = [(40, 0), (66, 30), (68, 70), (40, 120), (26, 160), (6, 176)]
        pen.turned(profile, round_light(COLOURS[tone]), squash=0.3)
        pen.line([(0, 172), (10, 208)], 7, COLOURS["walnut"])


HANGING: Final = frozenset(
    ("apron", "towel", "scarf", "pendant", "walllamp", "shelf", "hooks", "mirror", "calendar", "netbag", "hammock")
)
FURNITURE: Final = frozenset(("stool", "chair", "sidetable", "floorlamp"))
COMPANY: Final = (_pebbles, _bottle, _books, _pears)


def product(size: tuple[int, int], name: str, colour: str, view: str, seed: str) -> Image.Image:
    """One product: `hero` shows it alone, `scene` in company, `close` from near by."""
    random = seeded(name, colour, view, seed)
    thing, width, height = SUBJECTS[name], *size
    tones = tones_for(colour, random)
    ground = backdrop(size, tones, random, table_top=thing.stands)
    tint = mix(tones[0], COLOURS[random.choice(("cream", "blush", "ochre", "sage", "fog"))], 0.4)
    if view != "close":
        _shape_behind(ground, tint, random, table_top=thing.stands)
    pen = Pen(ground)
    fit = min(width * 0.70 / thing.width, height * 0.60 / thing.height, 1.5)
    if thing.stands:
        _stand(pen, name, colour, view, fit, random)
        return finish(compose(pen, ground, base=height * 0.83))
    hangs = name in HANGING
    if view == "hero":
        pen.place(width / 2, height * 0.51, fit * 1.08, turn=0 if hangs else random.choice((-6, -4, 0, 5)))
    elif hangs:
        pen.place(width * 0.5, height * 0.52, fit * 1.22)
    elif view == "close":
        pen.place(width * 0.54, height * 0.56, fit * 1.45, turn=-14)
    else:
        pen.place(width * 0.14, height * 0.93, 1.3, turn=12)
        sprig(pen, smooth([(0, 0), (60, 160), (40, 330)]), COLOURS["sage"], size=96, pairs=5)
        pen.place(width * 0.52, height * 0.5, fit * 0.98, turn=8)
    thing.draw(pen, COLOURS[colour], random)
    return finish(compose(pen, ground, base=None))


def _stand(pen: Pen, name: str, colour: str, view: str, fit: float, random: Random) -> None:
    width, height, thing = pen.width, pen.height, SUBJECTS[name]
    foot = height * 0.83
    if view == "scene":
        side = random.choice((-1, 1))
        if name in FURNITURE:
            pen.place(width * (0.5 + side * 0.33), foot - height * 0.05, 0.42)
            SUBJECTS["planter"].draw(pen, COLOURS["ivory"], random)
        else:
            random.choice(COMPANY)(pen, width * (0.5 + side * 0.31), foot - height * 0.045, random)
        pen.place(width * (0.5 - side * 0.09), foot, fit * 0.9)
    elif view == "close":
        pen.place(width * 0.5, foot + height * 0.02, fit * 1.32)
    else:
        pen.place(width / 2, foot, fit)
    thing.draw(pen, COLOURS[colour], random)


def still_life(size: tuple[int, int], things: tuple[tuple[str, str], ...], tone: str, seed: str) -> Image.Image:
    """Several standing objects side by side on one table, for categories and articles."""
    random = seeded(things, seed)
    width, height = size
    tones = BACKDROPS[tone]
    ground = backdrop(size, tones, random, table_top=True)
    _shape_behind(ground, mix(tones[0], COLOURS["cream"], 0.45), random, table_top=True)
    pen = Pen(ground)
    foot = height * 0.86
    spaces = [SUBJECTS[name].width for name, _ in things]
    zoom = min(width * 0.84 / (sum(spaces) * 1.06), height * 0.66 / max(SUBJECTS[name].height for name, _ in things))
    left = width / 2 - sum(spaces) * 1.06 * zoom / 2
    order = list(enumerate(things))
    places: list[float] = []
    for space in spaces:
        places.append(left + space * zoom * 0.53)
        left += space * zoom * 1.06
    for index, (name, colour) in sorted(order, key=lambda entry: entry[0] % 2, reverse=True):
        pen.place(places[index], foot - (height * 0.035 if index % 2 else 0), zoom)
        SUBJECTS[name].draw(pen, COLOURS[colour], random)
    return finish(compose(pen, ground, base=foot))
