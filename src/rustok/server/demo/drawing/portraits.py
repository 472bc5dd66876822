"""Portraits of the people who write the magazine."""

from dataclasses import dataclass
from typing import Final

from PIL import Image

from rustok.server.demo.drawing.colours import COLOURS, RGB, darker, lighter
from rustok.server.demo.drawing.pen import SCALE, Pen, arc, flat_light, gradient, smooth
from rustok.server.demo.drawing.scenes import finish


@dataclass(frozen=True, slots=True)
class Face:
    """What an author looks like."""

    skin: RGB
    hair: RGB
    style: str
    top: str
    ground: str
    glasses: bool = False


FACES: Final[dict[str, Face]] = {
    "marta": Face((226, 178, 148), (96, 60, 44), "bun", "rust", "fog", True),
    "ilya": Face((232, 192, 164), (120, 112, 108), "beard", "indigo", "honey"),
    "noor": Face((184, 128, 96), (40, 34, 40), "bob", "ochre", "tide"),
    "tomas": Face((238, 200, 172), (196, 128, 72), "short", "pine", "blush", True),
}


def portrait(size: tuple[int, int], name: str) -> Image.Image:
    """The head and shoulders of one author."""
    face = FACES[name]
    ground_tone = COLOURS[face.ground]
    ground = gradient(((0, lighter(ground_tone, 0.35)), (1, ground_tone)), size)
    pen = Pen(ground)
    width, height = size
    pen.place(width / 2, height, width / 800)
    pen.ellipse(0, 400, 330, 330, lighter(ground_tone, 0.4))
    if face.style == "bun":
        pen.ellipse(0, 660, 84, 78, darker(face.hair, 0.1))
    if face.style == "bob":
        pen.shape(smooth([(-190, 260), (-210, 440), (-130, 620), (0, 650), (130, 620), (210, 440), (190, 260)]),
                  flat_light(face.hair, 2))  # fmt: skip
    top = COLOURS[face.top]
    pen.shape(
        smooth([(-330, -20), (-290, 130), (-120, 210), (0, 220), (120, 210), (290, 130), (330, -20)]),
        flat_light(top, 2),
    )
    pen.shape([(-66, 190), (66, 190), (64, 330), (-64, 330)], darker(face.skin, 0.14))
    pen.shape(smooth([(-80, 200), (0, 150), (80, 200)]), darker(face.skin, 0.14))
    for side in (-1, 1):
        pen.ellipse(side * 146, 410, 26, 36, darker(face.skin, 0.1))
    head = smooth(
        [
            (-144, 470),
            (-140, 360),
            (-70, 262),
            (0, 244),
            (70, 262),
            (140, 360),
            (144, 470),
            (90, 580),
            (0, 604),
            (-90, 580),
        ],
        closed=True,
    )
    pen.shape(head, flat_light(face.skin, 1.4))
    with pen.within(head):
        for side in (-1, 1):
            pen.soft(arc(side * 84, 362, 40, 30), (214, 110, 96), 16, opacity=0.35)
        if face.style == "beard":
            pen.shape([*smooth([(-160, 420), (-100, 372), (0, 350), (100, 372), (160, 420)]), (160, 200), (-160, 200)],
                      flat_light(face.hair, 1.6))  # fmt: skip
    ink = darker(face.hair, 0.4)
    for side in (-1, 1):
        pen.ellipse(side * 56, 432, 10, 12, ink)
        pen.line(smooth([(side * 34, 474), (side * 58, 484), (side * 84, 472)]), 9, ink)
        if face.glasses:
            pen.line(arc(side * 58, 430, 42, 38), 6, (60, 54, 60))
    if face.glasses:
        pen.line([(-17, 438), (17, 438)], 6, (60, 54, 60))
    pen.line(smooth([(0, 430), (14, 384), (-6, 378)]), 7, darker(face.skin, 0.26))
    pen.line(smooth([(-38, 330), (0, 312), (38, 330)]), 8, (150, 70, 66))
    fringe = {
        "bun": [
            (-152, 430),
            (-158, 560),
            (-60, 626),
            (60, 626),
            (158, 560),
            (152, 430),
            (110, 540),
            (0, 560),
            (-110, 540),
        ],
        "bob": [
            (-156, 400),
            (-160, 560),
            (-70, 622),
            (60, 622),
            (160, 560),
            (156, 400),
            (130, 500),
            (20, 520),
            (-110, 516),
        ],
        "short": [
            (-150, 450),
            (-176, 560),
            (-110, 640),
            (20, 650),
            (130, 620),
            (164, 540),
            (150, 450),
            (110, 540),
            (-60, 548),
        ],
        "beard": [
            (-150, 450),
            (-160, 560),
            (-80, 628),
            (60, 630),
            (150, 570),
            (150, 450),
            (118, 552),
            (0, 576),
            (-110, 556),
        ],
    }
    pen.shape(smooth([(float(x), float(y)) for x, y in fringe[face.style]], closed=True), flat_light(face.hair, 1.8))
    pen.stamp(ground, pen.alpha.reduce(SCALE))
    return finish(ground)
