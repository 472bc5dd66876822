"""A pen that fills smooth shapes with light and shade at twice the final size."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from rustok.server.demo.drawing.colours import RGB, darker, lighter

Point = tuple[float, float]
Stops = Sequence[tuple[float, RGB]]
Fill = RGB | Stops

SCALE = 2


def is_flat(fill: Fill) -> bool:
    """Whether a fill is one colour rather than the stops of a gradient."""
    return isinstance(fill[0], int)


def round_light(colour: RGB, depth: float = 1.0) -> Stops:
    """Stops across something round that is lit from the upper left."""
    return (
        (0.0, darker(colour, 0.10 * depth)),
        (0.22, lighter(colour, 0.24 * depth)),
        (0.5, colour),
        (0.85, darker(colour, 0.30 * depth)),
        (1.0, darker(colour, 0.24 * depth)),
    )


def flat_light(colour: RGB, depth: float = 1.0) -> Stops:
    """Stops across something flat: barely lighter on the side of the window."""
    return ((0.0, lighter(colour, 0.12 * depth)), (0.55, colour), (1.0, darker(colour, 0.12 * depth)))


def smooth(points: Sequence[Point], *, closed: bool = False, steps: int = 10) -> list[Point]:
    """A curve through all the points (Catmull-Rom)."""
    count = len(points)
    if count < 3:
        return list(points)
    curve: list[Point] = []
    for index in range(count if closed else count - 1):
        if closed:
            p0, p1, p2, p3 = (points[(index + shift) % count] for shift in (-1, 0, 1, 2))
        else:
            p0, p1 = points[max(index - 1, 0)], points[index]
            p2, p3 = points[index + 1], points[min(index + 2, count - 1)]
        for step in range(steps):
            t = step / steps
            curve.append(
                (
                    _spline(p0[0], p1[0], p2[0], p3[0], t),
                    _spline(p0[1], p1[1], p2[1], p3[1], t),
                )
            )
    if not closed:
        curve.append(points[-1])
    return curve


def _spline(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t * t * t)


def arc(cx: float, cy: float, rx: float, ry: float, start: float = 0, end: float = 360, steps: int = 64) -> list[Point]:
    """Points along an ellipse; degrees run anticlockwise from the right, y points up."""
    return [
        (
            cx + rx * math.cos(math.radians(start + (end - start) * step / steps)),
            cy + ry * math.sin(math.radians(start + (end - start) * step / steps)),
        )
        for step in range(steps + 1)
    ]


def box(left: float, bottom: float, right: float, top: float, radius: float = 0) -> list[Point]:
    """A rectangle, with round corners if asked."""
    if radius <= 0:
        return [(left, bottom), (right, bottom), (right, top), (left, top)]
    r = min(radius, (right - left) / 2, (top - bottom) / 2)
    return [
        *arc(right - r, top - r, r, r, 0, 90, 12),
        *arc(left + r, top - r, r, r, 90, 180, 12),
        *arc(left + r, bottom + r, r, r, 180, 270, 12),
        *arc(right - r, bottom + r, r, r, 270, 360, 12),
    ]


class Pen:
    """Draws in its own coordinates: the origin where an object stands, y upwards, one unit one pixel."""

    def __init__(self, ground: Image.Image) -> None:
        self.width, self.height = ground.size
        size = (self.width * SCALE, self.height * SCALE)
        # Only the edges of shapes ever show this ground, so the fastest enlargement will do.
        self.paint = ground.resize(size, Image.Resampling.NEAREST)
        self.alpha = Image.new("L", size, 0)
        self.halos: list[tuple[RGB, tuple[int, int, int, int], Image.Image]] = []
        self._clip: Image.Image | None = None
        self.x, self.y, self.zoom, self.cos, self.sin = self.width / 2, self.height / 2, 1.0, 1.0, 0.0

    def place(self, x: float, y: float, zoom: float = 1.0, turn: float = 0.0) -> None:
        """Put the origin at a pixel of the picture, and turn and scale what follows."""
        self.x, self.y, self.zoom = x, y, zoom
        self.cos, self.sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))

    def shape(self, points: Sequence[Point], fill: Fill, *, opacity: float = 1.0, down: bool = False) -> None:
        """Fill a polygon, with one colour or a gradient from left to right (or from the top down)."""
        pixels = [self._pixel(point) for point in points]
        bounds = self._bounds(pixels)
        if bounds is None:
            return
        left, top, right, bottom = bounds
        if is_flat(fill) and opacity >= 1 and self._clip is None:
            ImageDraw.Draw(self.paint).polygon(pixels, fill=fill)  # type: ignore[arg-type]  # is_flat just said so
            ImageDraw.Draw(self.alpha).polygon(pixels, fill=255)
            return
        mask = Image.new("L", (right - left, bottom - top), 0)
        level = round(255 * min(opacity, 1))
        ImageDraw.Draw(mask).polygon([(x - left, y - top) for x, y in pixels], fill=level)
        self._apply(mask, bounds, fill, down)

    def ellipse(self, cx: float, cy: float, rx: float, ry: float, fill: Fill, *, opacity: float = 1.0) -> None:
        """Fill an ellipse."""
        self.shape(arc(cx, cy, rx, ry, steps=72), fill, opacity=opacity)

    def line(self, points: Sequence[Point], width: float, fill: RGB, *, opacity: float = 1.0) -> None:
        """A line of constant width with round ends."""
        self.lines([points], width, fill, opacity=opacity)

    def lines(self, paths: Sequence[Sequence[Point]], width: float, fill: RGB, *, opacity: float = 1.0) -> None:
        """Many lines of one colour at once, which is far cheaper than one after the other."""
        drawn = [[self._pixel(point) for point in path] for path in paths]
        stroke = max(1, round(width * self.zoom * SCALE))
        bounds = self._bounds([pixel for pixels in drawn for pixel in pixels], stroke)
        if bounds is None:
            return
        left, top, right, bottom = bounds
        mask = Image.new("L", (right - left, bottom - top), 0)
        draw = ImageDraw.Draw(mask)
        level, half = round(255 * min(opacity, 1)), stroke / 2
        for pixels in drawn:
            local = [(x - left, y - top) for x, y in pixels]
            draw.line(local, fill=level, width=stroke, joint="curve")
            if stroke > 3:
                for x, y in (local[0], local[-1]):
                    draw.ellipse((x - half, y - half, x + half, y + half), fill=level)
        self._apply(mask, bounds, fill, False)

    def soft(self, points: Sequence[Point], fill: RGB, blur: float, *, opacity: float = 0.5) -> None:
        """A shape with blurred edges, for light and shade on something."""
        quarter = 8
        pixels = [self._pixel(point) for point in points]
        bounds = self._bounds(pixels, blur * self.zoom * SCALE * 2.5)
        if bounds is None:
            return
        left, top, right, bottom = bounds
        small = ((right - left) // quarter + 1, (bottom - top) // quarter + 1)
        mask = Image.new("L", small, 0)
        ImageDraw.Draw(mask).polygon(
            [((x - left) / quarter, (y - top) / quarter) for x, y in pixels], fill=round(255 * opacity)
        )
        mask = mask.filter(ImageFilter.GaussianBlur(blur * self.zoom * SCALE / quarter))
        if self._clip is None:
            # Light without a shape under it falls on the ground and is no object that throws a shadow.
            halo = (left // SCALE, top // SCALE, right // SCALE, bottom // SCALE)
            self.halos.append((fill, halo, mask))
            return
        mask = mask.resize((right - left, bottom - top), Image.Resampling.BILINEAR)
        self._apply(mask, bounds, fill, False)

    @contextmanager
    def within(self, points: Sequence[Point]) -> Iterator[None]:
        """Everything drawn inside the block stays inside the polygon."""
        before = self._clip
        clip = Image.new("L", self.alpha.size, 0)
        ImageDraw.Draw(clip).polygon([self._pixel(point) for point in points], fill=255)
        self._clip = clip if before is None else ImageChops.multiply(before, clip)
        yield
        self._clip = before

    def turned(
        self, profile: Sequence[Point], fill: Fill, *, squash: float = 0.16, curved: bool = True, steps: int = 10
    ) -> list[Point]:
        """Something from a lathe: (radius, height) from the foot upwards; answers its outline."""
        side = smooth(profile, steps=steps) if curved else list(profile)
        foot, head = side[0], side[-1]
        outline = [
            *side,
            *arc(0, head[1], head[0], head[0] * squash, 0, 180, 32),
            *[(-radius, height) for radius, height in reversed(side)],
            *arc(0, foot[1], foot[0], foot[0] * squash, 180, 360, 32),
        ]
        self.shape(outline, fill)
        return outline

    def opening(self, radius: float, height: float, colour: RGB, *, squash: float = 0.16, lip: float = 0.06) -> None:
        """The rim of a vessel and the dark inside it."""
        self.ellipse(0, height, radius, radius * squash, lighter(colour, 0.34))
        inner = radius * (1 - lip)
        inside = arc(0, height, inner, inner * squash * 0.94, steps=72)
        self.shape(inside, ((0.0, darker(colour, 0.52)), (0.6, darker(colour, 0.34)), (1.0, darker(colour, 0.12))))

    def stamp(self, picture: Image.Image, alpha: Image.Image) -> None:
        """Put what was drawn on a picture of final size, through the alpha brought down to that size."""
        bounds = alpha.getbbox()
        if bounds is not None:
            left, top, right, bottom = bounds
            region = (left * SCALE, top * SCALE, right * SCALE, bottom * SCALE)
            picture.paste(self.paint.reduce(SCALE, region), bounds, alpha.crop(bounds))

    def _apply(self, mask: Image.Image, bounds: tuple[int, int, int, int], fill: Fill, down: bool) -> None:
        if self._clip is not None:
            mask = ImageChops.multiply(mask, self._clip.crop(bounds))
        if is_flat(fill):
            self.paint.paste(fill, bounds, mask)  # type: ignore[arg-type]  # is_flat just said so
        else:
            self.paint.paste(gradient(fill, mask.size, down=down), bounds, mask)  # type: ignore[arg-type]  # stops
        self.alpha.paste(255, bounds, mask)

    def _pixel(self, point: Point) -> Point:
        x, y = point[0] * self.zoom, -point[1] * self.zoom
        return (
            (self.x + x * self.cos - y * self.sin) * SCALE,
            (self.y + x * self.sin + y * self.cos) * SCALE,
        )

    def _bounds(self, pixels: Sequence[Point], margin: float = 0) -> tuple[int, int, int, int] | None:
        left = max(0, math.floor(min(x for x, _ in pixels) - margin))
        top = max(0, math.floor(min(y for _, y in pixels) - margin))
        right = min(self.paint.width, math.ceil(max(x for x, _ in pixels) + margin) + 1)
        bottom = min(self.paint.height, math.ceil(max(y for _, y in pixels) + margin) + 1)
        return (left, top, right, bottom) if right > left and bottom > top else None


def gradient(stops: Stops, size: tuple[int, int], *, down: bool = False) -> Image.Image:
    """An image that runs through the stops."""
    length = 128
    row: list[RGB] = []
    for step in range(length):
        at = step / (length - 1)
        before = max((stop for stop in stops if stop[0] <= at), key=lambda stop: stop[0], default=stops[0])
        after = min((stop for stop in stops if stop[0] >= at), key=lambda stop: stop[0], default=stops[-1])
        span = after[0] - before[0]
        share = (at - before[0]) / span if span else 0.0
        row.append(
            (
                round(before[1][0] + (after[1][0] - before[1][0]) * share),
                round(before[1][1] + (after[1][1] - before[1][1]) * share),
                round(before[1][2] + (after[1][2] - before[1][2]) * share),
            )
        )
    strip = Image.frombytes("RGB", (length, 1) if not down else (1, length), bytes(part for rgb in row for part in rgb))
    line = strip.resize((1, size[1]) if down else (size[0], 1), Image.Resampling.BILINEAR)
    return line.resize(size, Image.Resampling.NEAREST)
