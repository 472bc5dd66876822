"""Landscapes for the magazine's covers: the coast where the shop lives, in some weather."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from PIL import Image

from rustok.server.demo.drawing.colours import COLOURS, RGB, darker, lighter, mix
from rustok.server.demo.drawing.objects import seeded
from rustok.server.demo.drawing.pen import SCALE, Pen, Point, arc, box, flat_light, gradient, round_light, smooth
from rustok.server.demo.drawing.scenes import finish


@dataclass(frozen=True, slots=True)
class Weather:
    """The colours of a landscape: the sky from above to the horizon, the sun, the land from far to near."""

    sky: tuple[RGB, RGB]
    sun: RGB
    far: RGB
    near: RGB


WEATHERS: Final[dict[str, Weather]] = {
    "dawn": Weather(((222, 214, 214), (244, 214, 186)), (248, 236, 212), (206, 176, 168), (104, 92, 110)),
    "noon": Weather(((188, 210, 216), (236, 232, 214)), (250, 240, 206), (160, 184, 176), (70, 106, 98)),
    "dusk": Weather(((120, 118, 148), (232, 170, 140)), (250, 214, 160), (168, 118, 128), (58, 56, 86)),
    "night": Weather(((36, 46, 78), (92, 110, 140)), (244, 236, 208), (70, 86, 118), (22, 28, 50)),
    "snow": Weather(((206, 214, 222), (238, 236, 230)), (250, 240, 222), (196, 206, 216), (132, 148, 168)),
    "autumn": Weather(((224, 214, 190), (242, 222, 178)), (246, 232, 196), (214, 166, 110), (130, 74, 52)),
    "spring": Weather(((204, 218, 214), (240, 230, 208)), (250, 238, 200), (170, 192, 154), (84, 112, 78)),
}


def _ridge(width: float, level: float, rough: float, random: Random, *, bumps: int = 6) -> list[Point]:
    points = [(-40 + (width + 80) * k / bumps, level + random.uniform(-rough, rough)) for k in range(bumps + 1)]
    return smooth(points, steps=14)


def _land(pen: Pen, ridge: list[Point], colour: RGB) -> None:
    low = [(ridge[-1][0], -20.0), (ridge[0][0], -20.0)]
    pen.shape([*ridge, *low], ((0, lighter(colour, 0.12)), (1, darker(colour, 0.06))), down=True)


def _height(ridge: list[Point], x: float) -> float:
    return min(ridge, key=lambda point: abs(point[0] - x))[1]


def _tree(pen: Pen, x: float, y: float, size: float, colour: RGB, random: Random, *, pointed: bool) -> None:
    pen.line([(x, y - 6), (x, y + size * 0.5)], max(size * 0.07, 3), darker(colour, 0.45))
    if pointed:
        for step in range(3):
            low, half = y + size * (0.16 + step * 0.26), size * (0.30 - step * 0.075)
            pen.shape([(x - half, low), (x + half, low), (x, low + size * 0.46)], flat_light(colour, 2))
    else:
        pen.shape(arc(x, y + size * 0.66, size * 0.34, size * 0.4), round_light(colour, 0.8))


def _house(pen: Pen, x: float, y: float, size: float, random: Random, *, lit: bool) -> None:
    wall = COLOURS[random.choice(("cream", "rust", "ochre", "tide", "oat", "clay"))]
    roof = darker(COLOURS[random.choice(("slate", "rust", "charcoal"))], 0.1)
    if lit:
        wall, roof = mix(wall, (40, 48, 80), 0.55), mix(roof, (30, 36, 64), 0.6)
    half = size / 2
    pen.shape(box(x - half, y - 16, x + half, y + size * 0.8), flat_light(wall, 1.8))
    pen.shape(
        [(x - half * 1.12, y + size * 0.8), (x, y + size * 1.3), (x + half * 1.12, y + size * 0.8)], flat_light(roof, 2)
    )
    pen.shape(box(x + half * 0.3, y + size, x + half * 0.52, y + size * 1.32), darker(roof, 0.2))
    glass = (255, 218, 140) if lit else darker(wall, 0.5)
    for dx in (-0.26, 0.26):
        left = x + size * dx - size * 0.09
        pen.shape(box(left, y + size * 0.36, left + size * 0.18, y + size * 0.6), glass)


def _boat(pen: Pen, x: float, y: float, size: float, sail: RGB) -> None:
    pen.shape([(x - size * 0.5, y + size * 0.1), (x + size * 0.56, y + size * 0.12), (x + size * 0.36, y - size * 0.1),
               (x - size * 0.36, y - size * 0.1)], COLOURS["walnut"])  # fmt: skip
    pen.shape(
        [(x - 4, y + size * 0.16), (x - 4, y + size * 1.1), (x + size * 0.46, y + size * 0.2)], flat_light(sail, 2)
    )
    pen.shape(
        [(x - 12, y + size * 0.18), (x - 12, y + size * 0.9), (x - size * 0.34, y + size * 0.2)], lighter(sail, 0.4)
    )


def _birds(pen: Pen, random: Random, colour: RGB) -> None:
    x, y = pen.width * random.uniform(0.2, 0.7), pen.height * random.uniform(0.62, 0.82)
    for _ in range(5):
        bx, by, span = x + random.uniform(-150, 150), y + random.uniform(-60, 60), random.uniform(14, 26)
        pen.line(smooth([(bx - span, by + span * 0.3), (bx - span * 0.4, by + span * 0.5), (bx, by)]), 4, colour)
        pen.line(smooth([(bx, by), (bx + span * 0.4, by + span * 0.5), (bx + span, by + span * 0.3)]), 4, colour)


def _sea(pen: Pen, weather: Weather, random: Random) -> None:
    width, height = pen.width, pen.height
    level = height * 0.42
    far = _ridge(width, level + 26, 22, random, bumps=4)
    _land(pen, far, weather.far)
    pen.shape(box(-10, -10, width + 10, level),
              ((0, mix(weather.far, weather.sky[1], 0.35)), (1, darker(weather.near, 0.05))), down=True)  # fmt: skip
    for _ in range(46):
        y = level * random.random() ** 1.4
        x, reach = random.uniform(0, width), random.uniform(30, 150) * (1.2 - y / level)
        pen.line([(x, y), (x + reach, y)], 3, mix(weather.sun, weather.near, 0.35), opacity=0.4)
    sails = (COLOURS["cream"], COLOURS["rust"], COLOURS["ochre"])
    for index in range(3):
        size = 60 + index * 60
        _boat(
            pen,
            width * random.uniform(0.12 + index * 0.28, 0.26 + index * 0.28),
            level - 20 - index * 70,
            size,
            sails[index],
        )


def _harbour(pen: Pen, weather: Weather, random: Random) -> None:
    width, height = pen.width, pen.height
    hill = _ridge(width, height * 0.52, 60, random, bumps=5)
    _land(pen, hill, weather.far)
    shore = _ridge(width, height * 0.40, 8, random, bumps=4)
    lit = weather is WEATHERS["night"] or weather is WEATHERS["dusk"]
    for row in range(2):
        x = 40.0
        while x < width:
            size = random.uniform(78, 124)
            if random.random() < 0.86:
                _house(pen, x, height * (0.50 - row * 0.10) + random.uniform(-8, 8), size, random, lit=lit)
            x += size * random.uniform(0.98, 1.3)
        _land(pen, [(px, py + 50 - row * 50) for px, py in shore], mix(weather.far, weather.near, 0.35 + row * 0.25))
    pen.shape(
        box(-10, -10, width + 10, height * 0.32),
        ((0, mix(weather.far, weather.sky[1], 0.3)), (1, weather.near)),
        down=True,
    )
    for _ in range(40):
        x, y = random.uniform(0, width), random.uniform(0, height * 0.31)
        pen.line([(x, y), (x + random.uniform(30, 120), y)], 3, weather.sun, opacity=0.3)
    _boat(pen, width * random.uniform(0.2, 0.4), height * 0.15, 150, COLOURS["cream"])
    _boat(pen, width * random.uniform(0.62, 0.8), height * 0.22, 100, COLOURS["rust"])


def _hills(pen: Pen, weather: Weather, random: Random) -> None:
    width, height = pen.width, pen.height
    layers = 5
    for layer in range(layers):
        share = layer / (layers - 1)
        ridge = _ridge(width, height * (0.58 - 0.12 * layer), 60 - 6 * layer, random)
        tone = mix(weather.far, weather.near, share**1.2)
        _land(pen, ridge, tone)
        for _ in range(3 + layer * 2):
            x = random.uniform(0, width)
            size = random.uniform(40, 70) * (1 + layer * 0.55)
            _tree(pen, x, _height(ridge, x) - 6, size, darker(tone, 0.18), random, pointed=random.random() < 0.6)
        if layer == 2:
            x = width * random.uniform(0.25, 0.7)
            _house(pen, x, _height(ridge, x) - 8, 74, random, lit=weather is WEATHERS["night"])


def _forest(pen: Pen, weather: Weather, random: Random) -> None:
    width, height = pen.width, pen.height
    for layer in range(4):
        share = layer / 3
        tone = mix(weather.far, weather.near, share)
        ridge = _ridge(width, height * (0.34 - 0.08 * layer), 22, random)
        x = random.uniform(-40, 0)
        while x < width + 40:
            size = random.uniform(0.8, 1.25) * height * (0.34 + 0.07 * layer)
            _tree(pen, x, _height(ridge, x) - 6, size, darker(tone, 0.12), random, pointed=True)
            x += size * random.uniform(0.34, 0.7)
        _land(pen, ridge, tone)


def _orchard(pen: Pen, weather: Weather, random: Random) -> None:
    width, height = pen.width, pen.height
    _land(pen, _ridge(width, height * 0.5, 40, random, bumps=4), weather.far)
    for row in range(4):
        tone = mix(weather.far, weather.near, 0.3 + row * 0.2)
        level = height * (0.42 - row * 0.115)
        ridge = _ridge(width, level, 10, random, bumps=4)
        _land(pen, ridge, tone)
        size, x = 110 + row * 62.0, random.uniform(0, 90)
        while x < width + 80:
            y = _height(ridge, x) - 10
            _tree(pen, x, y, size, darker(mix(tone, COLOURS["moss"], 0.45), 0.06), random, pointed=False)
            for _ in range(9):
                angle, reach = random.uniform(0, 360), random.uniform(0.05, 0.27) * size
                fx, fy = (
                    x + reach * math.cos(math.radians(angle)),
                    y + size * 0.66 + reach * math.sin(math.radians(angle)),
                )
                pen.ellipse(fx, fy, size * 0.03, size * 0.03, COLOURS[random.choice(("clay", "rust", "ochre"))])
            x += size * random.uniform(0.95, 1.2)


def _fields(pen: Pen, weather: Weather, random: Random) -> None:
    width, height = pen.width, pen.height
    _land(pen, _ridge(width, height * 0.56, 34, random, bumps=4), weather.far)
    level = height * 0.5
    flower = (COLOURS["tide"], COLOURS["indigo"], lighter(COLOURS["tide"], 0.4))
    ground = mix(weather.near, COLOURS["sage"], 0.45)
    pen.shape(box(-10, -10, width + 10, level), ((0, lighter(ground, 0.3)), (1, darker(ground, 0.1))), down=True)
    vanishing = width * random.uniform(0.4, 0.6)
    for row in range(-12, 13):
        near = vanishing + row * width * 0.12
        pen.shape(
            [(vanishing + row * 16 - 3, level), (vanishing + row * 16 + 3, level), (near + 34, -10), (near - 34, -10)],
            mix(flower[row % 3], ground, 0.25),
        )
    _house(pen, width * 0.78, level - 12, 120, random, lit=False)
    for x, size in ((0.68, 150), (0.88, 190), (0.16, 130)):
        _tree(pen, width * x, level - 14, size, darker(ground, 0.3), random, pointed=False)


def _kiln(pen: Pen, weather: Weather, random: Random) -> None:
    width, height = pen.width, pen.height
    _land(pen, _ridge(width, height * 0.32, 14, random, bumps=4), weather.near)
    brick, base = COLOURS["clay"], height * 0.18
    middle = width * 0.5
    pen.shape(box(middle + 150, base, middle + 250, base + 560), flat_light(darker(brick, 0.2), 2))
    dome = [*arc(middle, base, 340, 420, 0, 180, 50)]
    pen.shape(dome, round_light(brick))
    with pen.within(dome):
        for row in range(15):
            pen.line(
                [(middle - 360, base + row * 30), (middle + 360, base + row * 30)], 3, darker(brick, 0.3), opacity=0.6
            )
            for column in range(-6, 7):
                x = middle + column * 60 + (row % 2) * 30
                pen.line([(x, base + row * 30), (x, base + row * 30 + 30)], 3, darker(brick, 0.3), opacity=0.6)
    mouth = [(middle - 120, base - 4), (middle + 120, base - 4), *arc(middle, base + 90, 120, 120, 0, 180, 30)]
    pen.soft(arc(middle, base + 60, 330, 230), (255, 190, 90), 80, opacity=0.6)
    pen.shape(mouth, ((0, (255, 214, 120)), (1, (214, 92, 44))), down=True)
    with pen.within(mouth):
        pen.soft(arc(middle, base + 10, 100, 90), (255, 244, 190), 30, opacity=0.9)
        for x, size in ((-60, 50), (10, 74), (70, 44)):
            pen.shape(box(middle + x - 22, base, middle + x + 22, base + size, 8), (150, 60, 36))
    for index, x in enumerate((-560, -470, -390, 410, 500, 590)):
        tone = COLOURS[("cream", "tide", "clay", "sage", "oat", "indigo")[index]]
        pen.place(middle + x, height - base + 30 + (index % 3) * 12, 0.5)
        pen.turned([(70, 0), (130, 60), (120, 200), (60, 290), (70, 320)], round_light(mix(tone, weather.near, 0.2)))
        pen.opening(70, 320, tone)
    pen.place(0, height)


def _loom(pen: Pen, weather: Weather, random: Random) -> None:
    width, height = pen.width, pen.height
    tones = ("cream", "tide", "cream", "clay", "oat", "indigo", "cream", "ochre", "sage")
    cloth = height * 0.46
    pen.shape(box(-10, -10, width + 10, height + 10), flat_light(mix(COLOURS["oat"], COLOURS["cream"], 0.5), 1.2))
    for step in range(110):
        x = width * 0.1 + step * width * 0.8 / 109
        pen.line([(x, 0), (x, height)], 3, lighter(COLOURS["flax"], 0.3 if step % 2 else 0.6))
    y, index = -10.0, 0
    while y < cloth:
        thick = random.choice((16, 24, 40, 60))
        tone = COLOURS[tones[index % len(tones)]]
        edge = random.uniform(-4, 4)
        pen.shape(box(width * 0.1 - 8 + edge, y, width * 0.9 + 8 + edge, y + thick), flat_light(tone, 1.4))
        for step in range(0, 110, 2):
            x = width * 0.1 + step * width * 0.8 / 109
            pen.line([(x, y), (x, y + thick)], 2, darker(tone, 0.3), opacity=0.3)
        y, index = y + thick, index + 1
    pen.shape(box(-10, cloth + 80, width + 10, cloth + 140, 10), flat_light(COLOURS["oak"], 2))
    pen.shape(box(-10, height * 0.93, width + 10, height + 20), flat_light(COLOURS["walnut"], 2))
    sx, sy = width * 0.56, cloth + 30
    pen.shape(smooth([(sx - 200, sy), (sx - 60, sy + 38), (sx + 100, sy + 36), (sx + 220, sy), (sx + 100, sy - 34),
                      (sx - 60, sy - 36)], closed=True), flat_light(COLOURS["oak"], 2.4))  # fmt: skip
    pen.shape(box(sx - 90, sy - 18, sx + 100, sy + 18, 16), flat_light(COLOURS["rust"], 2))


SCENES: Final[dict[str, Callable[[Pen, Weather, Random], None]]] = {
    "sea": _sea, "harbour": _harbour, "hills": _hills, "forest": _forest, "orchard": _orchard,
    "fields": _fields, "kiln": _kiln, "loom": _loom,
}  # fmt: skip


def landscape(size: tuple[int, int], scene: str, weather_name: str, seed: str) -> Image.Image:
    """A view of the coast where the shop lives, in some weather."""
    random, weather = seeded(scene, weather_name, seed), WEATHERS[weather_name]
    sky = gradient(((0, weather.sky[0]), (0.62, weather.sky[1]), (1, weather.sky[1])), size, down=True)
    pen = Pen(sky)
    pen.place(0, size[1])
    width, height = size
    sun = (width * random.uniform(0.2, 0.8), height * random.uniform(0.68, 0.82))
    pen.soft(arc(*sun, height * 0.2, height * 0.2), weather.sun, 70, opacity=0.55)
    if weather_name == "night":
        for _ in range(90):
            x, y, star = random.uniform(0, width), height * random.uniform(0.5, 1), random.uniform(1, 2.6)
            pen.ellipse(x, y, star, star, weather.sun, opacity=0.8)
    pen.ellipse(*sun, height * 0.095, height * 0.095, weather.sun)
    SCENES[scene](pen, weather, random)
    if weather_name == "snow":
        for _ in range(240):
            x, y, flake = random.uniform(0, width), random.uniform(0, height), random.uniform(1.5, 5)
            pen.ellipse(x, y, flake, flake, (252, 250, 246), opacity=0.85)
    elif weather_name != "night" and scene not in ("loom", "kiln"):
        _birds(pen, random, darker(weather.near, 0.1))
    for fill, halo, light in pen.halos:
        sky.paste(fill, halo, light.resize((halo[2] - halo[0], halo[3] - halo[1]), Image.Resampling.BILINEAR))
    pen.stamp(sky, pen.alpha.reduce(SCALE))
    return finish(sky)
