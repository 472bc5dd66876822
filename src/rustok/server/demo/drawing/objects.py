"""The register of everything the demo can draw, and the details that many things share."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from rustok.server.demo.drawing.colours import COLOURS, RGB, darker, lighter
from rustok.server.demo.drawing.pen import Pen, Point, box, flat_light, smooth

Drawing = Callable[[Pen, RGB, Random], None]


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing that can be drawn: how, where it belongs, and how tall it is in pixels."""

    draw: Drawing
    stands: bool
    height: int
    width: int


SUBJECTS: Final[dict[str, Subject]] = {}


def subject(name: str, *, width: int, height: int, stands: bool = True) -> Callable[[Drawing], Drawing]:
    """Register a drawing. What stands has its origin at the foot, what lies or hangs at the middle."""

    def register(draw: Drawing) -> Drawing:
        SUBJECTS[name] = Subject(draw, stands, height, width)
        return draw

    return register


def seeded(*parts: object) -> Random:
    """Chance that falls the same way every time for the same parts."""
    return Random("/".join(map(str, parts)))  # noqa: S311  # it places freckles, it guards no secret


def leaf(pen: Pen, x: float, y: float, dx: float, dy: float, width: float, colour: RGB) -> None:
    """A leaf from its stem to its tip, in two tones with a fine vein."""
    nx, ny = -dy, dx
    length = (dx * dx + dy * dy) ** 0.5 or 1.0
    nx, ny = nx / length * width, ny / length * width
    one = smooth([(x, y), (x + dx * 0.4 + nx, y + dy * 0.4 + ny), (x + dx, y + dy)])
    other = smooth([(x + dx, y + dy), (x + dx * 0.4 - nx, y + dy * 0.4 - ny), (x, y)])
    pen.shape([*one, (x, y)], lighter(colour, 0.1))
    pen.shape([*other, (x, y)], darker(colour, 0.14))


def sprig(pen: Pen, stem: list[Point], colour: RGB, *, size: float = 60, pairs: int = 5) -> None:
    """A twig with leaves on both sides and one at the tip."""
    curve = smooth(stem)
    pen.line(curve, 5, darker(colour, 0.3))
    for pair in range(pairs):
        at = curve[int((pair + 1) / (pairs + 0.6) * (len(curve) - 1))]
        reach = size * (1.1 - 0.1 * pair)
        ahead = curve[min(int((pair + 1) / (pairs + 0.6) * (len(curve) - 1)) + 2, len(curve) - 1)]
        tx, ty = ahead[0] - at[0], ahead[1] - at[1]
        norm = (tx * tx + ty * ty) ** 0.5 or 1.0
        tx, ty = tx / norm, ty / norm
        for side in (1, -1):
            dx = (tx * 0.55 - ty * side * 0.85) * reach
            dy = (ty * 0.55 + tx * side * 0.85) * reach
            leaf(pen, at[0], at[1], dx, dy, reach * 0.24, colour)
    end, before = curve[-1], curve[-3]
    tx, ty = end[0] - before[0], end[1] - before[1]
    norm = (tx * tx + ty * ty) ** 0.5 or 1.0
    leaf(pen, end[0], end[1], tx / norm * size, ty / norm * size, size * 0.24, colour)


def speckles(pen: Pen, outline: list[Point], colour: RGB, random: Random, *, count: int = 60) -> None:
    """Iron specks in a glaze."""
    xs, ys = [x for x, _ in outline], [y for _, y in outline]
    with pen.within(outline):
        for _ in range(count):
            x, y = random.uniform(min(xs), max(xs)), random.uniform(min(ys), max(ys))
            size = random.uniform(1.2, 3.4)
            pen.ellipse(x, y, size, size, darker(colour, 0.5), opacity=0.55)


def grain(pen: Pen, outline: list[Point], colour: RGB, random: Random, *, rows: int = 9) -> None:
    """The long lines of planed wood."""
    xs, ys = [x for x, _ in outline], [y for _, y in outline]
    left, right, low, high = min(xs), max(xs), min(ys), max(ys)
    with pen.within(outline):
        for row in range(rows):
            y = low + (row + 0.5) * (high - low) / rows + random.uniform(-4, 4)
            bend = random.uniform(-0.06, 0.06) * (high - low)
            line = smooth([(left, y), (left + (right - left) * 0.4, y + bend), (right, y - bend * 0.4)])
            pen.line(line, random.uniform(1.5, 4), darker(colour, 0.22), opacity=0.45)


def stitches(pen: Pen, start: Point, end: Point, colour: RGB, *, step: float = 16, width: float = 3) -> None:
    """A row of visible stitches."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = (dx * dx + dy * dy) ** 0.5
    count = max(int(length / step), 1)
    for index in range(count):
        a, b = (index + 0.2) / count, (index + 0.75) / count
        pen.line([(start[0] + dx * a, start[1] + dy * a), (start[0] + dx * b, start[1] + dy * b)], width, colour)


def fringe(pen: Pen, left: float, right: float, y: float, length: float, colour: RGB, random: Random) -> None:
    """Loose warp ends under a woven edge."""
    count = max(int((right - left) / 13), 2)
    for index in range(count + 1):
        x = left + (right - left) * index / count
        sway = random.uniform(-5, 5)
        tone = darker(colour, random.uniform(0, 0.16))
        pen.line([(x, y), (x + sway, y - length * random.uniform(0.85, 1.05))], 5, tone)


def label(pen: Pen, x: float, y: float, width: float, height: float, turn: int = 0) -> None:
    """The house's small sewn or printed label: two lines that stand for a name."""
    pen.shape(box(x - width / 2, y - height / 2, x + width / 2, y + height / 2, 3), flat_light(COLOURS["cream"]))
    ink = darker(COLOURS["oat"], 0.55)
    pen.line([(x - width * 0.28, y + height * 0.12), (x + width * 0.28, y + height * 0.12)], max(height * 0.1, 2), ink)
    pen.line([(x - width * 0.16, y - height * 0.2), (x + width * 0.16, y - height * 0.2)], max(height * 0.06, 2), ink)
