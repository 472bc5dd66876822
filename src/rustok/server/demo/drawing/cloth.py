"""Drawings of cloth: blankets, towels, cushions, knitwear and bags."""

from random import Random

from rustok.server.demo.drawing.colours import COLOURS, RGB, darker, lighter, mix
from rustok.server.demo.drawing.objects import fringe, label, stitches, subject
from rustok.server.demo.drawing.pen import Pen, Point, arc, box, flat_light, round_light, smooth

CREAM, OAK, BRASS, LEATHER = COLOURS["cream"], COLOURS["oak"], COLOURS["brass"], (150, 94, 62)


def _folds(pen: Pen, outline: list[Point], colour: RGB, places: list[float], *, width: float = 26) -> None:
    low, high = min(y for _, y in outline), max(y for _, y in outline)
    with pen.within(outline):
        for x in places:
            pen.soft([(x - width, low), (x + width, low), (x + width * 0.2, high), (x - width * 0.2, high)],
                     darker(colour, 0.6), width * 0.6, opacity=0.3)  # fmt: skip
            pen.soft([(x + width * 1.5, low), (x + width * 2.3, low), (x + width, high)],
                     lighter(colour, 0.7), width * 0.5, opacity=0.25)  # fmt: skip


def _folded(pen: Pen, base: float, width: float, thick: float, colour: RGB, layers: int) -> float:
    """A folded cloth seen from its round side; answers the height of its top."""
    height = thick * layers
    half = width / 2
    outline = [*smooth([(-half, base), (-half - 18, base + height / 2), (-half, base + height)]),
               *smooth([(half, base + height), (half + 12, base + height / 2), (half, base)])]  # fmt: skip
    pen.shape(outline, flat_light(colour, 1.8))
    with pen.within(outline):
        for layer in range(1, layers):
            y = base + layer * thick
            bow = smooth([(-half - 20, y), (-half * 0.2, y - 5), (half + 20, y + 4)])
            pen.line(bow, 4, darker(colour, 0.38))
            pen.line([(x, py - 4) for x, py in bow], 2.5, lighter(colour, 0.35))
        pen.soft(box(-half - 20, base - 10, half + 20, base + 14), darker(colour, 0.6), 8, opacity=0.4)
        pen.soft(
            box(-half - 20, base + height - 16, half + 20, base + height + 8), lighter(colour, 0.6), 8, opacity=0.4
        )
    return base + height


@subject("blanket", width=740, height=440)
def blanket(pen: Pen, colour: RGB, random: Random) -> None:
    stripe = mix(colour, CREAM, 0.72)
    top = _folded(pen, 0, 700, 62, mix(colour, CREAM, 0.6), 2)
    top = _folded(pen, top, 690, 64, colour, 4)
    front = box(-250, 0, -20, top + 4, 10)
    drop = [(-250, -26), (-20, -26), (-20, top + 6), (-250, top + 6)]
    pen.shape(drop, flat_light(colour, 1.5))
    with pen.within(drop):
        for x, width in ((-226, 16), (-200, 6), (-70, 6), (-44, 16)):
            pen.line([(x, -40), (x, top + 10)], width, stripe)
        pen.soft(box(-270, -40, -240, top), darker(colour, 0.6), 12, opacity=0.35)
    fringe(pen, -246, -24, -24, 54, stripe, random)
    label(pen, -134, front[0][1] * 0 + 70, 76, 46)


@subject("linen", width=760, height=560)
def linen(pen: Pen, colour: RGB, random: Random) -> None:
    top = _folded(pen, 0, 720, 56, mix(colour, CREAM, 0.25), 3)
    top = _folded(pen, top, 690, 52, colour, 3)
    top = _folded(pen, top, 640, 48, mix(colour, COLOURS["slate"], 0.25), 2)
    ribbon = darker(COLOURS["flax"], 0.2)
    pen.shape(box(84, 0, 124, top + 3), flat_light(ribbon, 1.5))
    pen.shape(box(84, 0, 92, top + 3), lighter(ribbon, 0.3))
    for side in (-1, 1):
        bow = smooth([(104, top), (104 + side * 70, top + 62), (104 + side * 96, top + 22), (104, top)])
        pen.shape(bow, flat_light(ribbon, 2))
    pen.ellipse(104, top + 8, 18, 15, darker(ribbon, 0.15))


@subject("quilt", width=780, height=820, stands=False)
def quilt(pen: Pen, colour: RGB, random: Random) -> None:
    tones = (colour, mix(colour, CREAM, 0.55), CREAM, mix(colour, COLOURS["ochre"], 0.5), darker(colour, 0.25))
    pen.shape(box(-392, -412, 392, 412, 12), darker(colour, 0.3))
    for row in range(4):
        for column in range(4):
            x, y = -380 + column * 190, -400 + row * 200
            pen.shape(box(x, y, x + 190, y + 200), tones[(row + column) % 3])
            for (x1, y1), (x2, y2), pick in (((0, 0), (190, 0), 1), ((190, 200), (0, 200), 4), ((0, 0), (0, 200), 3)):
                pen.shape([(x + x1, y + y1), (x + x2, y + y2), (x + 95, y + 100)], tones[(row * column + pick) % 5])
            for step in (0, 1):
                stitches(
                    pen, (x, y + step * 200), (x + 190, y + 200 - step * 200), lighter(colour, 0.6), step=15, width=2
                )
    for place in (-190, 0, 190):
        pen.soft(box(place - 4, -400, place + 4, 400), darker(colour, 0.7), 8, opacity=0.35)
    for place in (-200, 0, 200):
        pen.soft(box(-380, place - 4, 380, place + 4), darker(colour, 0.7), 8, opacity=0.35)
    corner = [(392, -412), (392, -180), (170, -412)]
    pen.shape(corner, darker(colour, 0.5))
    fold = [(170, -412), (392, -180), (200, -200)]
    pen.shape(fold, flat_light(mix(colour, CREAM, 0.75), 2))


@subject("towel", width=520, height=880, stands=False)
def towel(pen: Pen, colour: RGB, random: Random) -> None:
    for side in (-1, 1):
        pen.line([(side * 330, 420), (side * 330, 470)], 22, darker(OAK, 0.3))
        pen.ellipse(side * 330, 474, 24, 24, darker(OAK, 0.1))
    pen.line([(-370, 420), (370, 420)], 30, darker(OAK, 0.22))
    pen.line([(-368, 426), (368, 426)], 9, lighter(OAK, 0.2))
    back = [(-190, 430), (215, 430), (222, -250), (-180, -262)]
    pen.shape(back, flat_light(darker(colour, 0.2)))
    front = [*smooth([(-240, 432), (-246, 0), (-236, -400)]), *smooth([(-236, -400), (-60, -408), (160, -396)]),
             *smooth([(160, -396), (168, 0), (160, 432)]), *arc(-40, 430, 200, 16, 0, 180, 20)]  # fmt: skip
    pen.shape(front, flat_light(colour, 1.4))
    stripe = COLOURS["indigo"] if colour[0] > 190 else CREAM
    with pen.within(front):
        for y, width in ((-250, 34), (-300, 8), (-200, 8), (300, 8), (330, 8)):
            pen.line([(-260, y), (200, y + 3)], width, stripe, opacity=0.85)
    _folds(pen, front, colour, [-150, -10, 90])
    fringe(pen, -234, 158, -398, 46, colour, random)


@subject("bathtowel", width=700, height=480)
def bathtowel(pen: Pen, colour: RGB, random: Random) -> None:
    def roll(x: float, y: float, radius: float, tone: RGB) -> None:
        pen.shape(arc(x, y, radius, radius), round_light(tone))
        with pen.within(arc(x, y, radius, radius)):
            spiral = [
                (x + (radius - 12) * (1 - t / 90) * _cos(t * 12), y + (radius - 12) * (1 - t / 90) * _sin(t * 12))
                for t in range(84)
            ]
            pen.line(spiral, 6, darker(tone, 0.32))
            pen.line([(px - 4, py + 5) for px, py in spiral], 3, lighter(tone, 0.35))

    roll(-180, 130, 130, colour)
    roll(180, 130, 130, mix(colour, CREAM, 0.5))
    roll(0, 346, 128, lighter(colour, 0.16))


def _cos(degrees: float) -> float:
    return arc(0, 0, 1, 1, degrees, degrees, 1)[0][0]


def _sin(degrees: float) -> float:
    return arc(0, 0, 1, 1, degrees, degrees, 1)[0][1]


@subject("cushion", width=720, height=640)
def cushion(pen: Pen, colour: RGB, random: Random) -> None:
    outline = smooth(
        [
            (-350, 20),
            (-160, 36),
            (0, 30),
            (180, 36),
            (356, 14),
            (334, 200),
            (336, 400),
            (360, 610),
            (170, 586),
            (0, 592),
            (-170, 586),
            (-352, 616),
            (-330, 420),
            (-334, 200),
        ],
        closed=True,
    )
    pen.shape(outline, flat_light(colour, 1.6))
    with pen.within(outline):
        pen.soft(arc(-90, 400, 190, 150), lighter(colour, 0.7), 60, opacity=0.4)
        pen.soft([(-400, -20), (400, -20), (400, 130), (0, 60), (-400, 110)], darker(colour, 0.6), 46, opacity=0.45)
        motif = mix(colour, CREAM, 0.78)
        for row in range(4):
            for column in range(5):
                x, y = -240 + column * 120 + (row % 2) * 60, 130 + row * 120
                pen.line(arc(x, y, 42, 52, 20, 160), 7, motif)
                pen.line(arc(x, y - 4, 24, 30, 20, 160), 5, motif)
    pen.line(smooth(outline[::6], closed=True), 5, darker(colour, 0.3), opacity=0.6)


@subject("scarf", width=420, height=1000, stands=False)
def scarf(pen: Pen, colour: RGB, random: Random) -> None:
    pen.line([(0, 440), (0, 480)], 28, darker(OAK, 0.3))
    pen.ellipse(0, 488, 36, 36, darker(OAK, 0.1))
    pen.ellipse(-6, 494, 20, 20, lighter(OAK, 0.2))
    stripe = mix(colour, CREAM, 0.6)
    back = [*smooth([(-20, 480), (110, 420), (150, 200), (176, -330)]), *smooth([(20, -320), (10, 100), (-30, 470)])]
    pen.shape(back, flat_light(darker(colour, 0.22), 1.5))
    fringe(pen, 26, 172, -326, 70, darker(stripe, 0.15), random)
    front = [*smooth([(30, 486), (-110, 430), (-160, 160), (-190, -400)]), *smooth([(10, -412), (40, 120), (60, 462)])]
    pen.shape(front, flat_light(colour, 1.6))
    with pen.within(front):
        for y, width in ((-340, 40), (-280, 12), (-240, 12), (20, 14), (60, 14)):
            pen.line([(-240, y), (80, y - 8)], width, stripe)
    _folds(pen, front, colour, [-100, -20], width=22)
    fringe(pen, -186, 6, -404, 76, stripe, random)


@subject("rug", width=800, height=900, stands=False)
def rug(pen: Pen, colour: RGB, random: Random) -> None:
    fringe(pen, -308, 308, -430, 46, CREAM, random)
    for index in range(24):
        x = -308 + 616 * index / 23
        pen.line([(x, 428), (x + random.uniform(-4, 4), 470)], 5, darker(CREAM, random.uniform(0, 0.15)))
    outline = box(-314, -432, 314, 432, 4)
    pen.shape(outline, flat_light(colour, 1.2))
    pale, deep, gold = mix(colour, CREAM, 0.75), darker(colour, 0.34), COLOURS["ochre"]
    with pen.within(outline):
        for y in (-392, -352, 352, 392):
            pen.line([(-330, y), (330, y)], 12, pale)
        for row in range(5):
            y = -240 + row * 120
            for column in range(-2, 3):
                x = column * 150
                tone = (pale, gold, deep)[(row + column) % 3]
                pen.shape([(x, y + 54), (x + 68, y), (x, y - 54), (x - 68, y)], tone)
                pen.shape([(x, y + 24), (x + 30, y), (x, y - 24), (x - 30, y)], colour)
        weft = [[(-320.0, -432.0 + row * 8), (320.0, -432.0 + row * 8)] for row in range(108)]
        pen.lines(weft, 1.2, deep, opacity=0.22)


@subject("tote", width=600, height=860)
def tote(pen: Pen, colour: RGB, random: Random) -> None:
    pen.line(smooth([(-120, 560), (-130, 800), (0, 862), (130, 800), (120, 560)]), 24, darker(colour, 0.4))
    outline = [(-250, 0), *smooth([(-250, 0), (0, -14), (256, 2)]), *smooth([(256, 2), (280, 300), (290, 600)]),
               *smooth([(290, 600), (0, 586), (-286, 602)])]  # fmt: skip
    pen.shape(outline, flat_light(colour, 1.7))
    with pen.within(outline):
        pen.line(smooth([(-300, 556), (0, 542), (300, 556)]), 3, darker(colour, 0.35))
        pen.shape([(-300, -40), (300, -40), (300, 120), (-300, 116)], flat_light(darker(colour, 0.25)))
        stitches(pen, (-290, 128), (290, 132), lighter(colour, 0.5), step=15)
    _folds(pen, outline, colour, [-150, 130], width=30)
    strap = smooth([(-120, 420), (-130, 700), (0, 780), (130, 700), (120, 420)])
    pen.line(strap, 26, darker(colour, 0.18))
    pen.line([(x - 5, y + 3) for x, y in strap], 5, lighter(colour, 0.3))
    for x in (-120, 120):
        pen.shape(box(x - 15, 410, x + 15, 444, 4), LEATHER)
    label(pen, 0, 320, 110, 64)


@subject("rucksack", width=620, height=860)
def rucksack(pen: Pen, colour: RGB, random: Random) -> None:
    pen.line(smooth([(-60, 760), (-50, 846), (50, 846), (60, 760)]), 20, LEATHER)
    for side in (-1, 1):
        strap = smooth([(side * 240, 560), (side * 316, 380), (side * 290, 150), (side * 230, 60)])
        pen.line(strap, 34, darker(colour, 0.42))
    body = [
        *smooth([(-230, 0), (-264, 120), (-262, 500), (-190, 720), (0, 780)]),
        *smooth([(0, 780), (190, 720), (262, 500), (264, 120), (230, 0)]),
        *arc(0, 4, 230, 24, 0, -180, 24),
    ]
    pen.shape(body, flat_light(colour, 2))
    with pen.within(body):
        pen.soft(box(-300, -40, 300, 30), darker(colour, 0.7), 26, opacity=0.5)
    pocket = box(-200, 50, 200, 330, 34)
    pen.shape([(x + 5, y - 8) for x, y in pocket], darker(colour, 0.4))
    pen.shape(pocket, flat_light(lighter(colour, 0.08), 1.6))
    flap = [
        *smooth([(-268, 420), (-266, 560), (-190, 724), (0, 784)]),
        *smooth([(0, 784), (190, 724), (266, 560), (268, 420)]),
        *smooth([(268, 420), (0, 396), (-268, 420)]),
    ]
    pen.shape([(x, y - 12) for x, y in flap], darker(colour, 0.4))
    pen.shape(flap, flat_light(darker(colour, 0.08), 2))
    for x in (-120, 120):
        pen.shape(box(x - 19, 270, x + 19, 500, 6), flat_light(LEATHER, 2))
        pen.shape(box(x - 27, 320, x + 27, 366, 6), BRASS)
        pen.shape(box(x - 15, 330, x + 15, 356, 4), darker(LEATHER, 0.2))
    label(pen, 0, 600, 100, 60)


@subject("netbag", width=520, height=860, stands=False)
def netbag(pen: Pen, colour: RGB, random: Random) -> None:
    pen.line(smooth([(-130, 160), (-90, 380), (-14, 440), (14, 440), (90, 380), (130, 160)]), 16, darker(colour, 0.2))
    pen.ellipse(0, 446, 18, 18, BRASS)
    outline = smooth([(-150, 170), (-210, 0), (-240, -200), (-150, -380), (0, -420), (150, -380), (240, -200), (210, 0),
                      (150, 170), (0, 150)], closed=True)  # fmt: skip
    with pen.within(outline):
        for x, y, size, fruit in (
            (-90, -290, 104, "ochre"),
            (110, -280, 110, "clay"),
            (0, -130, 112, "ochre"),
            (-150, -120, 80, "sage"),
            (160, -110, 84, "sage"),
            (-30, 30, 84, "clay"),
        ):
            pen.shape(arc(x, y, size, size), round_light(COLOURS[fruit], 0.9))
        for lean in (1, -1):
            threads = [
                smooth([(step * 46, 200), (step * 46 + 110 * lean, -120), (step * 46 + 150 * lean, -440)])
                for step in range(-14, 15)
            ]
            pen.lines(threads, 5, colour)
    pen.line(smooth([(-150, 170), (0, 148), (150, 170)]), 14, darker(colour, 0.12))


@subject("duffle", width=860, height=600)
def duffle(pen: Pen, colour: RGB, random: Random) -> None:
    pen.line(smooth([(-190, 300), (-180, 500), (0, 580), (180, 500), (190, 300)]), 24, darker(LEATHER, 0.35))
    body = smooth([(-380, 30), (-410, 190), (-370, 370), (-200, 410), (0, 416), (200, 410), (370, 370), (410, 190),
                   (380, 30), (200, 0), (0, -6), (-200, 0)], closed=True)  # fmt: skip
    pen.shape(body, flat_light(colour, 2))
    with pen.within(body):
        pen.soft([(-420, -30), (420, -30), (420, 80), (-420, 60)], darker(colour, 0.7), 40, opacity=0.5)
        pen.soft(arc(-120, 330, 240, 50), lighter(colour, 0.6), 30, opacity=0.35)
        for side in (-1, 1):
            pen.shape(
                [(side * 440, -30), (side * 296, -30), (side * 280, 440), (side * 440, 440)], flat_light(LEATHER, 1.6)
            )
            stitches(pen, (side * 288, 0), (side * 274, 410), lighter(LEATHER, 0.5), step=18)
        pen.line(smooth([(-270, 386), (0, 396), (270, 386)]), 12, darker(colour, 0.5))
        pen.line(smooth([(-270, 390), (0, 400), (270, 390)]), 4, BRASS)
    for x in (-190, 190):
        pen.shape(box(x - 20, -4, x + 20, 310), flat_light(LEATHER, 2))
        pen.ellipse(x, 296, 9, 9, BRASS)
    strap = smooth([(-190, 290), (-200, 420), (0, 520), (200, 420), (190, 290)])
    pen.line(strap, 26, LEATHER)
    pen.line([(x - 4, y + 5) for x, y in strap], 5, lighter(LEATHER, 0.35))
    label(pen, 0, 150, 120, 70)


@subject("pouch", width=640, height=420, stands=False)
def pouch(pen: Pen, colour: RGB, random: Random) -> None:
    outline = box(-330, -200, 330, 200, 34)
    pen.shape([(x + 4, y - 8) for x, y in outline], darker(colour, 0.4))
    pen.shape(outline, flat_light(colour, 1.5))
    with pen.within(outline):
        pen.shape(box(-340, 128, 340, 210), flat_light(darker(colour, 0.22)))
        pen.line([(-310, 140), (310, 140)], 14, darker(colour, 0.5))
        for step in range(62):
            pen.line([(-308 + step * 10, 136), (-308 + step * 10, 144)], 4, BRASS)
        stitches(pen, (-316, -182), (316, -182), lighter(colour, 0.5))
        pen.soft(arc(-80, 0, 190, 80), lighter(colour, 0.6), 50, opacity=0.3)
    pen.shape(box(240, 118, 286, 160, 8), BRASS)
    pen.line([(262, 124), (276, 40)], 14, LEATHER)
    label(pen, -210, -90, 96, 58)


@subject("sleeve", width=820, height=580, stands=False)
def sleeve(pen: Pen, colour: RGB, random: Random) -> None:
    outline = box(-410, -280, 410, 280, 26)
    pen.shape([(x + 4, y - 9) for x, y in outline], darker(colour, 0.4))
    pen.shape(outline, flat_light(colour, 1.2))
    with pen.within(outline):
        for _ in range(240):
            x, y = random.uniform(-410, 410), random.uniform(-280, 280)
            tone = lighter(colour, 0.3) if random.random() < 0.5 else darker(colour, 0.25)
            pen.line([(x, y), (x + random.uniform(-14, 14), y + random.uniform(-6, 6))], 2, tone, opacity=0.5)
    flap = [(-410, 250), *arc(-384, 254, 26, 26, 180, 90, 8), *arc(384, 254, 26, 26, 90, 0, 8), (410, 120),
            *smooth([(410, 120), (180, 20), (0, 0), (-180, 20), (-410, 120)])]  # fmt: skip
    pen.shape([(x, y - 12) for x, y in flap], darker(colour, 0.45))
    pen.shape(flap, flat_light(LEATHER, 1.5))
    pen.ellipse(0, 44, 20, 20, BRASS)
    pen.ellipse(-4, 48, 9, 9, lighter(BRASS, 0.6))


@subject("crossbody", width=560, height=960)
def crossbody(pen: Pen, colour: RGB, random: Random) -> None:
    pen.line(
        smooth([(-220, 330), (-210, 700), (-60, 930), (60, 930), (210, 700), (220, 330)]), 20, darker(LEATHER, 0.12)
    )
    body = box(-250, 0, 250, 400, 70)
    pen.shape(body, flat_light(colour, 2))
    with pen.within(body):
        pen.soft(box(-260, -30, 260, 40), darker(colour, 0.7), 26, opacity=0.45)
    flap = [*arc(-180, 330, 76, 76, 180, 90, 10), *arc(180, 330, 76, 76, 90, 0, 10),
            *smooth([(256, 330), (240, 160), (0, 110), (-240, 160), (-256, 330)])]  # fmt: skip
    pen.shape([(x, y - 12) for x, y in flap], darker(colour, 0.4))
    pen.shape(flap, flat_light(lighter(colour, 0.07), 1.8))
    stitches(pen, (-226, 300), (-206, 180), lighter(colour, 0.5))
    stitches(pen, (226, 300), (206, 180), lighter(colour, 0.5))
    pen.shape(box(-24, 84, 24, 190, 10), flat_light(LEATHER, 2))
    pen.ellipse(0, 112, 13, 13, BRASS)
    for x in (-228, 228):
        pen.ellipse(x, 336, 24, 24, BRASS)
        pen.ellipse(x, 336, 13, 13, darker(colour, 0.3))


@subject("beanie", width=560, height=520)
def beanie(pen: Pen, colour: RGB, random: Random) -> None:
    crown = [
        (-250, 120),
        *smooth([(-250, 120), (-236, 320), (-120, 452), (0, 480), (120, 452), (236, 320), (250, 120)]),
    ]
    pen.shape(crown, round_light(colour, 0.8))
    with pen.within(crown):
        for step in range(-7, 8):
            pen.line(smooth([(step * 38, 90), (step * 36, 280), (step * 9, 478)]), 5, darker(colour, 0.3), opacity=0.6)
            pen.line(smooth([(step * 38 - 9, 90), (step * 36 - 8, 280), (step * 9 - 2, 478)]), 4, lighter(colour, 0.4),
                     opacity=0.5)  # fmt: skip
    cuff = [*smooth([(-262, 6), (-272, 90), (-262, 176)]), *smooth([(-262, 176), (0, 200), (262, 176)]),
            *smooth([(262, 176), (272, 90), (262, 6)]), *smooth([(262, 6), (0, -16), (-262, 6)])]  # fmt: skip
    pen.shape(cuff, round_light(lighter(colour, 0.06), 0.9))
    with pen.within(cuff):
        for step in range(-12, 13):
            pen.line([(step * 22, -20), (step * 22, 200)], 5, darker(colour, 0.32), opacity=0.6)
    pen.shape(box(96, 70, 166, 124, 3), flat_light(LEATHER))


@subject("socks", width=560, height=760, stands=False)
def socks(pen: Pen, colour: RGB, random: Random) -> None:
    for shift, tone, trim in ((120, darker(colour, 0.14), CREAM), (-90, colour, CREAM)):
        outline = [(shift - 90, 360), *smooth([(shift - 90, 360), (shift - 84, 60), (shift - 96, -150)]),
                   *smooth([(shift - 96, -150), (shift - 130, -250), (shift - 60, -330), (shift + 60, -320),
                            (shift + 200, -330), (shift + 250, -270), (shift + 200, -190), (shift + 96, -130)]),
                   *smooth([(shift + 96, -130), (shift + 84, 60), (shift + 92, 360)])]  # fmt: skip
        pen.shape([(x + 5, y - 8) for x, y in outline], darker(tone, 0.4))
        pen.shape(outline, flat_light(tone, 1.5))
        with pen.within(outline):
            pen.shape(box(shift - 110, 240, shift + 110, 380), flat_light(mix(tone, trim, 0.7)))
            for step in range(-8, 9):
                pen.line([(shift + step * 12, 240), (shift + step * 12, 380)], 3, darker(trim, 0.25), opacity=0.6)
            pen.shape(arc(shift - 90, -250, 88, 90), flat_light(mix(tone, trim, 0.7)))
            pen.shape(arc(shift + 236, -270, 86, 90), flat_light(mix(tone, trim, 0.7)))
            for y in (180, 150):
                pen.line([(shift - 110, y), (shift + 110, y)], 12, mix(tone, trim, 0.7))
