"""Drawings for the table and the kitchen: what is turned, thrown, carved and enamelled."""

from random import Random

from rustok.server.demo.drawing.colours import COLOURS, RGB, darker, lighter, mix
from rustok.server.demo.drawing.objects import grain, label, leaf, speckles, sprig, subject
from rustok.server.demo.drawing.pen import Pen, arc, box, flat_light, round_light, smooth

CREAM, OAK, WALNUT, STEEL, BRASS = (COLOURS[name] for name in ("cream", "oak", "walnut", "steel", "brass"))


def _handle(pen: Pen, x: float, low: float, high: float, reach: float, width: float, colour: RGB) -> None:
    middle = (low + high) / 2
    curve = smooth([(x, high), (x + reach, high - 6), (x + reach * 1.12, middle), (x + reach * 0.7, low + 8), (x, low)])
    pen.line(curve, width, darker(colour, 0.22))
    pen.line([(px - width * 0.1, py + width * 0.12) for px, py in curve], width * 0.5, colour)


@subject("mug", width=470, height=400)
def mug(pen: Pen, colour: RGB, random: Random) -> None:
    _handle(pen, 150, 90, 310, 120, 40, colour)
    body = pen.turned([(128, 0), (158, 26), (170, 120), (172, 260), (170, 380)], round_light(colour))
    foot = [(-200, -60), (200, -60), (200, 50), *smooth([(200, 66), (80, 40), (-60, 46), (-200, 70)])]
    with pen.within(body):
        pen.shape(foot, round_light(mix(CREAM, COLOURS["flax"], 0.4)))
    speckles(pen, body, colour, random)
    pen.opening(170, 380, colour)
    pen.ellipse(0, 372, 150, 19, darker(WALNUT, 0.45))


@subject("cups", width=680, height=330)
def cups(pen: Pen, colour: RGB, random: Random) -> None:
    x, y, zoom = pen.x, pen.y, pen.zoom
    for shift, lift, tone in ((-160, 60, lighter(colour, 0.45)), (170, 0, colour)):
        pen.place(x + shift * zoom, y - lift * zoom, zoom)
        pen.turned([(110, 0), (200, 26)], round_light(lighter(tone, 0.1)), squash=0.2)
        pen.ellipse(0, 26, 200, 40, lighter(tone, 0.3))
        pen.ellipse(0, 24, 150, 28, darker(tone, 0.1))
        _handle(pen, 104, 90, 190, 62, 22, tone)
        body = pen.turned([(70, 26), (104, 60), (120, 140), (124, 240)], round_light(tone))
        speckles(pen, body, tone, random, count=26)
        pen.opening(124, 240, tone)
        pen.ellipse(0, 234, 106, 14, darker(WALNUT, 0.5))
    pen.place(x, y, zoom)


@subject("plates", width=760, height=300)
def plates(pen: Pen, colour: RGB, random: Random) -> None:
    for index, size in enumerate((1.0, 0.985, 1.0, 0.98)):
        base = index * 44
        tone = colour if index % 2 == 0 else mix(colour, CREAM, 0.55)
        pen.turned([(300 * size, base - 10), (356 * size, base + 14)], round_light(darker(tone, 0.2)), squash=0.2)
        pen.turned([(372 * size, base + 14), (376 * size, base + 30)], round_light(tone), curved=False, squash=0.2)
    top, size = 3 * 44 + 30, 0.98
    tone = mix(colour, CREAM, 0.55)
    pen.ellipse(0, top, 376 * size, 75 * size, lighter(tone, 0.35))
    pen.shape(arc(0, top - 4, 352 * size, 67 * size), ((0, darker(tone, 0.14)), (0.6, tone), (1, lighter(tone, 0.3))))
    pen.shape(arc(0, top - 12, 250 * size, 44 * size), ((0, lighter(tone, 0.1)), (1, lighter(tone, 0.4))))
    speckles(pen, arc(0, top - 4, 352, 64), tone, random, count=70)


@subject("bowl", width=700, height=330)
def bowl(pen: Pen, colour: RGB, random: Random) -> None:
    body = pen.turned([(130, 0), (140, 22), (230, 70), (310, 160), (344, 290)], round_light(colour), squash=0.2)
    with pen.within(body):
        pen.shape([(-400, -60), (400, -60), (400, 50), *smooth([(400, 70), (120, 40), (-140, 62), (-400, 40)])], CREAM)
        pen.soft(arc(220, 60, 180, 190), darker(colour, 0.5), 50, opacity=0.35)
    speckles(pen, body, colour, random)
    pen.opening(344, 290, colour, squash=0.2, lip=0.04)
    for x, y, size, fruit in ((-110, 300, 84, "ochre"), (40, 312, 92, "clay"), (170, 298, 78, "sage")):
        clip = [*arc(0, 290, 326, 62, 180, 360), (326, 600), (-326, 600)]
        with pen.within(clip):
            pen.shape(arc(x, y, size, size * 0.94), round_light(COLOURS[fruit]))
        leaf(pen, x, y + size * 0.9, 34, 26, 10, COLOURS["moss"])


@subject("jug", width=520, height=640)
def jug(pen: Pen, colour: RGB, random: Random) -> None:
    _handle(pen, 120, 230, 540, 150, 42, colour)
    profile = [(140, 0), (176, 50), (200, 180), (172, 330), (116, 450), (112, 540), (134, 600)]
    body = pen.turned(profile, round_light(colour))
    spout = smooth([(-96, 606), (-190, 626), (-150, 560), (-112, 500)])
    pen.shape([*spout, (-60, 540)], round_light(colour))
    with pen.within(body):
        dip = smooth([(-300, 240), (-100, 200), (40, 250), (160, 210), (300, 250)])
        pen.shape([(300, -80), (-300, -80), *dip], round_light(lighter(mix(colour, CREAM, 0.6), 0.1)))
    speckles(pen, body, colour, random)
    pen.opening(134, 600, colour)
    pen.shape(smooth([(-118, 606), (-188, 626), (-120, 592)]), lighter(colour, 0.34))


@subject("vase", width=520, height=900)
def vase(pen: Pen, colour: RGB, random: Random) -> None:
    green = mix(COLOURS["moss"], COLOURS["sage"], 0.4)
    sprig(pen, [(10, 440), (-30, 600), (-120, 760)], green, size=92, pairs=4)
    sprig(pen, [(-6, 440), (40, 640), (90, 840)], darker(green, 0.12), size=96, pairs=5)
    sprig(pen, [(16, 440), (110, 560), (190, 650)], lighter(green, 0.1), size=76, pairs=3)
    profile = [(90, 0), (130, 30), (205, 150), (190, 270), (90, 370), (58, 440), (74, 490)]
    body = pen.turned(profile, round_light(colour))
    with pen.within(body):
        for y in (120, 150, 180):
            pen.line(arc(0, y + 34, 230, 36, 180, 360), 6, lighter(colour, 0.4), opacity=0.7)
    speckles(pen, body, colour, random, count=40)
    pen.opening(74, 490, colour)
    pen.line([(-10, 490), (-14, 540)], 6, darker(green, 0.3))
    pen.line([(14, 488), (18, 560)], 6, darker(green, 0.3))


@subject("teapot", width=720, height=480)
def teapot(pen: Pen, colour: RGB, random: Random) -> None:
    hoop = smooth([(-150, 330), (-170, 470), (0, 560), (170, 470), (150, 330)])
    pen.line(hoop, 22, darker(OAK, 0.15))
    pen.line([(x - 3, y + 4) for x, y in hoop], 9, lighter(OAK, 0.2))
    spout = smooth([(-170, 130), (-270, 190), (-300, 300), (-350, 356)])
    back = smooth([(-306, 366), (-240, 300), (-180, 270)])
    pen.shape([*spout, *back], flat_light(darker(colour, 0.06), 2))
    profile = [(140, 0), (190, 26), (246, 130), (216, 260), (120, 330)]
    body = pen.turned(profile, round_light(colour))
    speckles(pen, body, colour, random)
    pen.turned([(126, 330), (112, 356), (40, 382)], round_light(lighter(colour, 0.06)))
    pen.turned([(16, 380), (30, 410), (24, 436), (4, 444)], round_light(OAK))


@subject("planter", width=640, height=860)
def planter(pen: Pen, colour: RGB, random: Random) -> None:
    green = COLOURS["pine"]
    for dx, dy, width in (
        (-250, 300, 62),
        (-150, 430, 64),
        (-20, 500, 58),
        (120, 450, 64),
        (240, 320, 62),
        (-290, 150, 46),
        (290, 160, 46),
    ):
        pen.line([(0, 330), (dx * 0.4, 340 + dy * 0.4)], 8, darker(green, 0.2))
        tone = mix(green, COLOURS["sage"], random.uniform(0.05, 0.55))
        leaf(pen, dx * 0.2, 345 + dy * 0.2, dx * 0.8, dy * 0.8, width, tone)
    pen.turned([(200, 0), (236, 30)], round_light(lighter(colour, 0.15)))
    body = pen.turned([(170, 24), (196, 180), (220, 340)], round_light(colour), curved=False)
    with pen.within(body):
        pen.shape(box(-300, 250, 300, 280), round_light(lighter(colour, 0.4)))
    pen.turned([(232, 310), (236, 366)], round_light(colour), curved=False)
    pen.opening(236, 366, colour)
    pen.shape(arc(0, 362, 210, 30), darker(WALNUT, 0.4))
    for dx, dy, width in ((-120, 330, 56), (70, 390, 58), (190, 200, 50), (-210, 170, 50)):
        tone = mix(green, COLOURS["moss"], random.uniform(0.1, 0.7))
        leaf(pen, dx * 0.05, 360, dx, dy, width, tone)


@subject("pot", width=760, height=460)
def pot(pen: Pen, colour: RGB, random: Random) -> None:
    for side in (-1, 1):
        loop = smooth([(side * 290, 260), (side * 374, 262), (side * 372, 206), (side * 290, 204)])
        pen.line(loop, 26, darker(colour, 0.25))
    pen.turned([(250, 0), (290, 30), (306, 160), (306, 300)], round_light(colour))
    pen.turned([(314, 296), (314, 316)], round_light(CREAM), curved=False)
    pen.turned([(310, 318), (280, 366), (180, 400), (60, 414)], round_light(lighter(colour, 0.06)))
    pen.line(arc(0, 322, 312, 50, 180, 360), 7, darker(colour, 0.4))
    pen.turned([(30, 410), (26, 430), (56, 450), (50, 470), (8, 480)], round_light(BRASS))


@subject("kettle", width=640, height=620)
def kettle(pen: Pen, colour: RGB, random: Random) -> None:
    hoop = smooth([(-190, 330), (-210, 520), (0, 620), (210, 520), (190, 330)])
    pen.line(hoop, 20, darker(STEEL, 0.4))
    grip = smooth([(-110, 588), (0, 624), (110, 588)])
    pen.line(grip, 44, darker(OAK, 0.2))
    pen.line([(x - 2, y + 7) for x, y in grip], 16, lighter(OAK, 0.15))
    pen.shape([(-230, 120), (-330, 330), (-372, 346), (-346, 386), (-290, 370), (-170, 260)], flat_light(colour, 2))
    body = pen.turned([(220, 0), (256, 30), (270, 150), (220, 290), (110, 346)], round_light(colour))
    with pen.within(body):
        pen.soft(arc(-110, 190, 34, 110), lighter(colour, 0.8), 18, opacity=0.5)
    pen.line(arc(0, 44, 258, 42, 180, 360), 7, darker(colour, 0.35))
    pen.turned([(120, 342), (104, 366), (30, 384)], round_light(lighter(colour, 0.08)))
    pen.turned([(14, 380), (34, 410), (28, 434), (4, 440)], round_light(OAK))


@subject("board", width=480, height=900, stands=False)
def board(pen: Pen, colour: RGB, random: Random) -> None:
    outline = [
        *smooth([(-52, 420), (-46, 320), (-80, 250), (-200, 226), (-232, 150)]),
        *arc(-182, -392, 50, 50, 180, 270, 12), *arc(182, -392, 50, 50, 270, 360, 12),
        *smooth([(232, 150), (200, 226), (80, 250), (46, 320), (52, 420)]), *arc(0, 420, 52, 46, 0, 180, 20),
    ]  # fmt: skip
    pen.shape([(x + 8, y - 12) for x, y in outline], darker(colour, 0.35))
    pen.shape(outline, flat_light(colour, 1.4))
    grain(pen, outline, colour, random, rows=26)
    pen.ellipse(0, 412, 20, 20, darker(colour, 0.6))
    x = -120.0
    for size, tone in ((92, "clay"), (70, "rust"), (56, "ochre")):
        pen.ellipse(x, -190, size, size, darker(COLOURS[tone], 0.12))
        pen.ellipse(x - 3, -186, size * 0.92, size * 0.92, lighter(COLOURS[tone], 0.22))
        pen.ellipse(x - 3, -186, size * 0.2, size * 0.2, CREAM, opacity=0.8)
        x += size * 1.25
    leaf(pen, -150, -40, 120, 60, 24, COLOURS["moss"])


@subject("apron", width=620, height=1060, stands=False)
def apron(pen: Pen, colour: RGB, random: Random) -> None:
    loop = smooth([(-120, 430), (-70, 560), (0, 590), (70, 560), (120, 430)])
    pen.line(loop, 20, darker(colour, 0.3))
    pen.shape(box(-16, 570, 16, 620, 8), flat_light(BRASS))
    for side in (-1, 1):
        tie = smooth([(side * 270, 130), (side * 340, 60), (side * 330, -120), (side * 352, -260)])
        pen.line(tie, 15, darker(colour, 0.26))
    outline = [
        (-140, 440),
        *smooth([(-140, 440), (-160, 280), (-270, 150)]),
        *smooth([(-276, 120), (-290, -200), (-270, -500)]),
        *smooth([(-270, -500), (0, -516), (270, -500)]),
        *smooth([(270, -500), (290, -200), (276, 120)]),
        *smooth([(270, 150), (160, 280), (140, 440)]),
    ]
    pen.shape(outline, flat_light(colour, 1.6))
    with pen.within(outline):
        for x, width in ((-190, 30), (-60, 22), (130, 34), (230, 20)):
            fold = [(x, -540), (x + 20, -120), (x + 30, 60), (x + width + 20, -120), (x + width * 2, -540)]
            pen.soft(fold, darker(colour, 0.6), 14, opacity=0.36)
        pen.line([(-150, 405), (150, 405)], 4, darker(colour, 0.3))
    pocket = box(-150, -200, 150, 10, 14)
    pen.shape([(x + 4, y - 7) for x, y in pocket], darker(colour, 0.3))
    pen.shape(pocket, flat_light(lighter(colour, 0.08)))
    pen.line([(0, -190), (0, 0)], 4, darker(colour, 0.26))
    pen.line([(-146, -18), (146, -18)], 4, darker(colour, 0.26))
    label(pen, -92, -60, 62, 40)


@subject("knife", width=300, height=1000, stands=False)
def knife(pen: Pen, colour: RGB, random: Random) -> None:
    edge = [(-44, -60), *smooth([(-48, -40), (-52, 200), (-10, 470), (40, 520)]), (46, -60)]
    pen.shape(edge, ((0, lighter(STEEL, 0.6)), (0.35, STEEL), (0.36, darker(STEEL, 0.12)), (1, lighter(STEEL, 0.2))))
    for step in range(34):
        y = -40 + step * 14
        pen.ellipse(-49 + (step / 34) ** 3 * 34, y, 8, 5, darker(STEEL, 0.18))
    pen.shape(box(-48, -92, 48, -56, 6), flat_light(BRASS, 2))
    grip = [*smooth([(-46, -92), (-50, -220), (-40, -340), (-62, -450)]), *arc(0, -450, 62, 40, 180, 360, 20),
            *smooth([(62, -450), (52, -340), (50, -220), (46, -92)])]  # fmt: skip
    pen.shape(grip, round_light(colour, 0.8))
    grain(pen, grip, colour, random, rows=12)
    for y in (-160, -270, -390):
        pen.ellipse(0, y, 13, 13, BRASS)
        pen.ellipse(-3, y + 3, 6, 6, lighter(BRASS, 0.6))


@subject("spoons", width=460, height=820)
def spoons(pen: Pen, colour: RGB, random: Random) -> None:
    for x, lean, top, wood in (
        (-70, -130, 700, OAK),
        (0, -10, 800, WALNUT),
        (70, 120, 730, colour),
        (30, 60, 640, OAK),
    ):
        tip = (x + lean * 0.9, top - 110.0)
        pen.line([(x * 0.6, 320), tip], 24, darker(wood, 0.1))
        pen.line([(x * 0.6 - 5, 320), (tip[0] - 5, tip[1])], 8, lighter(wood, 0.25))
        pen.shape(arc(x + lean, top - 60, 58, 92), round_light(wood, 0.8))
        pen.shape(arc(x + lean + 4, top - 54, 38, 66), ((0, darker(wood, 0.3)), (1, lighter(wood, 0.1))))
    glaze = COLOURS["cream"]
    body = pen.turned([(140, 0), (166, 30), (172, 200), (168, 360)], round_light(glaze))
    with pen.within(body):
        pen.shape(box(-240, 250, 240, 276), round_light(COLOURS["indigo"]))
        pen.shape(box(-240, 220, 240, 234), round_light(COLOURS["indigo"]))
    front = [*arc(0, 360, 168, 27, 180, 360), *arc(0, 360, 158, 22, 360, 180)]
    pen.shape(front, lighter(glaze, 0.4))


@subject("salt", width=460, height=430)
def salt(pen: Pen, colour: RGB, random: Random) -> None:
    body = pen.turned([(160, 0), (196, 30), (206, 140), (190, 270)], round_light(colour))
    speckles(pen, body, colour, random)
    pen.turned([(204, 272), (204, 312)], round_light(OAK), curved=False)
    lid = arc(0, 312, 204, 33)
    pen.shape(lid, flat_light(lighter(OAK, 0.15), 1.6))
    grain(pen, lid, OAK, random, rows=6)
    pen.turned([(26, 312), (24, 336), (44, 360), (38, 386), (6, 396)], round_light(WALNUT))
    label(pen, -20, 150, 130, 76)


@subject("mill", width=300, height=780)
def mill(pen: Pen, colour: RGB, random: Random) -> None:
    profile = [(124, 0), (128, 40), (112, 90), (84, 200), (70, 340), (88, 440), (92, 470)]
    body = pen.turned(profile, round_light(colour))
    with pen.within(body):
        for y in (70, 440):
            pen.line(arc(0, y + 16, 140, 18, 180, 360), 5, darker(colour, 0.4))
    pen.turned([(84, 472), (84, 488)], round_light(BRASS), curved=False)
    pen.turned([(88, 490), (92, 540), (120, 600), (104, 690), (40, 730)], round_light(colour))
    pen.turned([(20, 728), (28, 752), (18, 774), (3, 780)], round_light(BRASS))


@subject("carafe", width=520, height=720)
def carafe(pen: Pen, colour: RGB, random: Random) -> None:
    glass = mix(colour, CREAM, 0.45)
    profile = [(150, 0), (176, 30), (180, 200), (150, 330), (82, 440), (78, 560), (98, 640)]
    body = pen.turned(profile, round_light(glass, 0.5))
    with pen.within(body):
        pen.shape([*arc(0, 300, 190, 30, 180, 360), (300, -80), (-300, -80)], round_light(colour, 0.6), opacity=0.75)
        pen.ellipse(0, 302, 164, 25, lighter(colour, 0.5))
        pen.soft(box(-130, 40, -104, 330, 10), COLOURS["white"], 8, opacity=0.75)
        pen.soft(box(-60, 430, -44, 620, 8), COLOURS["white"], 5, opacity=0.7)
    pen.ellipse(0, 640, 98, 16, lighter(glass, 0.6))
    pen.ellipse(0, 640, 88, 12, darker(glass, 0.12))
    pen.turned([(84, 632), (96, 676)], round_light(COLOURS["ash"]), curved=False)
    pen.ellipse(0, 676, 96, 15, lighter(COLOURS["ash"], 0.2))
