"""Drawings for the desk and for outdoors: paper, pens, flasks and garden things."""

from random import Random

from rustok.server.demo.drawing.colours import COLOURS, RGB, darker, lighter, mix
from rustok.server.demo.drawing.objects import grain, label, leaf, stitches, subject
from rustok.server.demo.drawing.pen import Pen, Point, arc, box, flat_light, round_light, smooth

CREAM, OAK, ASH, BRASS, STEEL, INDIGO = (COLOURS[name] for name in ("cream", "oak", "ash", "brass", "steel", "indigo"))
LEATHER: RGB = (150, 94, 62)


@subject("notebook", width=600, height=820, stands=False)
def notebook(pen: Pen, colour: RGB, random: Random) -> None:
    pen.shape(box(-284, -412, 300, 396, 14), darker(CREAM, 0.32))
    for step in range(4):
        pen.line([(296 - step * 4, -404 + step), (296 - step * 4, 388)], 2, darker(CREAM, 0.1 + 0.06 * step))
    cover = box(-300, -400, 284, 404, 16)
    pen.shape(cover, flat_light(colour, 1.2))
    with pen.within(cover):
        pen.shape(box(-310, -410, -214, 410), flat_light(darker(colour, 0.26), 1.5))
        stitches(pen, (-196, -380), (-196, 390), lighter(colour, 0.55), step=30)
        pen.shape(box(204, -410, 222, 410), darker(colour, 0.32))
        pen.shape(box(204, -410, 209, 410), lighter(colour, 0.12))
    label(pen, 0, 190, 240, 130)
    ribbon = [(-40, -400), (-22, -400), (-18, -470), (-30, -452), (-44, -472)]
    pen.shape(ribbon, COLOURS["rust"])


@subject("pencils", width=560, height=880, stands=False)
def pencils(pen: Pen, colour: RGB, random: Random) -> None:
    tones = (colour, COLOURS["ochre"], COLOURS["tide"], CREAM, COLOURS["rust"], INDIGO)
    for index, tone in enumerate(tones):
        x, low = -225 + index * 90, -420 + (index * 37) % 60
        for left, share in ((-27, 0.16), (-9, 0.0), (9, 0.22)):
            base = lighter(tone, share) if share == 0.16 else darker(tone, share)
            pen.shape(box(x + left, low + 30, x + left + 18, 300), base)
        pen.shape([(x - 27, 300), *smooth([(x - 27, 300), (x - 18, 318), (x - 9, 300)]), (x + 27, 300), (x + 9, 390),
                   (x - 9, 390)], flat_light(ASH, 2))  # fmt: skip
        pen.shape([(x - 10, 386), (x + 10, 386), (x, 436)], tone if tone != CREAM else (70, 70, 76))
        pen.shape(box(x - 27, low, x + 27, low + 34, 6), flat_light(darker(tone, 0.3), 2))
        pen.line([(x, 60), (x, 200)], 4, lighter(tone, 0.6) if tone != CREAM else darker(tone, 0.4), opacity=0.8)
    band = box(-276, -150, 276, -40, 4)
    pen.shape([(x, y - 6) for x, y in band], darker(COLOURS["flax"], 0.5))
    pen.shape(band, flat_light(COLOURS["flax"], 1.4))
    label(pen, 0, -95, 190, 70)


@subject("pen", width=220, height=980, stands=False)
def fountain(pen: Pen, colour: RGB, random: Random) -> None:
    pen.turned([(30, -460), (44, -400), (46, 0)], round_light(colour, 1.2), squash=0.1, curved=False)
    pen.turned([(50, -10), (50, 10)], round_light(BRASS, 1.4), curved=False, squash=0.1)
    pen.turned([(40, 10), (34, 190)], round_light(darker(colour, 0.3), 1.2), curved=False, squash=0.1)
    pen.turned([(36, 190), (36, 206)], round_light(BRASS, 1.4), curved=False, squash=0.1)
    nib = [
        *smooth([(-30, 206), (-38, 270), (-16, 360), (0, 440)]),
        *smooth([(0, 440), (16, 360), (38, 270), (30, 206)]),
    ]
    pen.shape(nib, ((0, lighter(BRASS, 0.4)), (0.5, BRASS), (0.52, darker(BRASS, 0.2)), (1, lighter(BRASS, 0.1))))
    pen.line([(0, 280), (0, 430)], 3, darker(BRASS, 0.6))
    pen.ellipse(0, 276, 8, 8, darker(BRASS, 0.6))
    x, y, zoom, cos, sin = pen.x, pen.y, pen.zoom, pen.cos, pen.sin
    pen.x, pen.y = x + 150 * zoom * cos, y + 150 * zoom * sin
    pen.turned([(38, -430), (52, -400), (54, -60)], round_light(colour, 1.2), curved=False, squash=0.1)
    pen.turned([(56, -76), (56, -50)], round_light(BRASS, 1.4), curved=False, squash=0.1)
    pen.line([(0, -390), (0, -170)], 18, BRASS)
    pen.line([(-4, -386), (-4, -174)], 5, lighter(BRASS, 0.6))
    pen.ellipse(0, -168, 14, 14, darker(BRASS, 0.1))
    pen.x, pen.y = x, y


@subject("ink", width=460, height=520)
def ink(pen: Pen, colour: RGB, random: Random) -> None:
    glass = [*smooth([(-190, 20), (-206, 160), (-180, 280)]), *smooth([(-180, 280), (-90, 330), (-86, 350)]),
             *smooth([(86, 350), (90, 330), (180, 280)]), *smooth([(180, 280), (206, 160), (190, 20)]),
             *arc(0, 20, 190, 26, 0, -180, 30)]  # fmt: skip
    pen.shape(glass, flat_light(mix(colour, (225, 235, 235), 0.6), 1.4))
    with pen.within(glass):
        pen.shape(
            smooth([(-180, 30), (-186, 150), (-164, 240), (164, 240), (186, 150), (180, 30), (0, 6)], closed=True),
            round_light(colour, 0.9),
        )
        pen.ellipse(0, 240, 160, 22, lighter(colour, 0.25))
        pen.soft(box(-170, 60, -150, 250, 10), COLOURS["white"], 9, opacity=0.8)
    pen.turned([(92, 346), (92, 440)], round_light(COLOURS["charcoal"]), curved=False)
    pen.ellipse(0, 440, 92, 15, lighter(COLOURS["charcoal"], 0.2))
    label(pen, 0, 130, 170, 110)


@subject("letters", width=800, height=640, stands=False)
def letters(pen: Pen, colour: RGB, random: Random) -> None:
    for shift, tone in ((56, CREAM), (28, lighter(CREAM, 0.3))):
        sheet = box(-330, -250 + shift, 330, 270 + shift, 3)
        pen.shape([(x + 3, y - 6) for x, y in sheet], darker(CREAM, 0.35))
        pen.shape(sheet, flat_light(tone))
    for row in range(2):
        pen.line([(-280, 300 - row * 34), (60 + row * 110, 300 - row * 34)], 5, darker(CREAM, 0.3))
    body = box(-380, -290, 380, 210, 6)
    pen.shape([(x + 4, y - 8) for x, y in body], darker(colour, 0.45))
    pen.shape(body, flat_light(colour, 1.1))
    pen.line([(-378, -288), (-30, 0)], 4, darker(colour, 0.22))
    pen.line([(378, -288), (30, 0)], 4, darker(colour, 0.22))
    flap = [(-380, 210), *smooth([(-380, 204), (-60, -50), (0, -76), (60, -50), (380, 204)]), (380, 210)]
    pen.shape([(x, y - 10) for x, y in flap], darker(colour, 0.4))
    pen.shape(flap, flat_light(lighter(colour, 0.12), 1.2))
    seal = smooth(
        [(58 * _wave(k) * x, -62 + 54 * _wave(k + 3) * y) for k, (x, y) in enumerate(arc(0, 0, 1, 1, steps=14))],
        closed=True,
    )
    pen.shape([(x + 3, y - 5) for x, y in seal], darker(COLOURS["berry"], 0.5))
    pen.shape(seal, COLOURS["berry"])
    pen.line(arc(0, -62, 34, 32), 4, darker(COLOURS["berry"], 0.35))
    leaf(pen, -16, -82, 34, 42, 9, lighter(COLOURS["berry"], 0.25))


def _wave(step: int) -> float:
    return 1 + 0.07 * ((step * 5) % 3 - 1)


@subject("calendar", width=620, height=900, stands=False)
def calendar(pen: Pen, colour: RGB, random: Random) -> None:
    pen.line(smooth([(-70, 420), (0, 500), (70, 420)]), 6, darker(OAK, 0.3))
    pen.ellipse(0, 496, 12, 12, BRASS)
    sheet = box(-300, -440, 300, 400, 3)
    pen.shape([(x + 5, y - 9) for x, y in sheet], darker(CREAM, 0.3))
    pen.shape(sheet, flat_light(CREAM))
    picture = box(-264, -20, 264, 350)
    pen.shape(picture, mix(colour, CREAM, 0.5))
    with pen.within(picture):
        pen.ellipse(110, 220, 70, 70, COLOURS["ochre"])
        pen.shape(
            [*smooth([(-264, 120), (-120, 190), (40, 90), (264, 160)]), (264, -30), (-264, -30)],
            mix(colour, CREAM, 0.2),
        )
        pen.shape([*smooth([(-264, 40), (-60, 90), (120, 20), (264, 70)]), (264, -30), (-264, -30)], colour)
        pen.shape([*smooth([(-264, -6), (0, 36), (264, 0)]), (264, -30), (-264, -30)], darker(colour, 0.3))
    for row in range(5):
        for column in range(7):
            if (row, column) in ((0, 0), (0, 1), (4, 5), (4, 6)):
                continue
            x, y = -234 + column * 78, -140 - row * 62
            tone = COLOURS["rust"] if column == 6 else darker(CREAM, 0.55)
            pen.line([(x - 10, y), (x + 10, y)], 7, tone)
    pen.line([(-250, -80), (-110, -80)], 12, darker(CREAM, 0.6))
    pen.shape(box(-308, 386, 308, 424, 6), flat_light(OAK, 2))


@subject("tray", width=820, height=560, stands=False)
def tray(pen: Pen, colour: RGB, random: Random) -> None:
    outer = box(-410, -270, 410, 270, 46)
    pen.shape([(x + 4, y - 10) for x, y in outer], darker(colour, 0.5))
    pen.shape(outer, flat_light(lighter(colour, 0.1), 1.6))
    inner = box(-376, -236, 376, 236, 30)
    pen.shape(inner, flat_light(darker(colour, 0.12), 1.4))
    grain(pen, inner, colour, random, rows=16)
    with pen.within(inner):
        pen.soft(
            [(-376, 236), (376, 236), (376, 200), (-340, 200), (-340, -236), (-376, -236)],
            darker(colour, 0.8),
            14,
            opacity=0.5,
        )
    pen.shape(box(96, -236, 112, 236), darker(colour, 0.34))
    pen.shape(box(92, -236, 104, 236), lighter(colour, 0.15))
    for x, tone in ((-270, CREAM), (-220, INDIGO)):
        pen.line([(x, -150), (x + 70, 160)], 24, tone)
        pen.line([(x + 70, 160), (x + 76, 188)], 10, ASH)
    pen.shape(box(-110, -130, 40, 90, 4), flat_light(CREAM))
    for row in range(4):
        pen.line([(-84, 50 - row * 36), (14 - row * 12, 50 - row * 36)], 4, darker(CREAM, 0.35))
    for x, y in ((190, 90), (250, 130), (220, 40)):
        pen.line(arc(x, y, 26, 14), 5, BRASS)
    pen.ellipse(240, -110, 66, 66, darker(COLOURS["sage"], 0.3))
    pen.shape(arc(238, -106, 62, 62), flat_light(COLOURS["sage"], 2))


@subject("ruler", width=260, height=960, stands=False)
def ruler(pen: Pen, colour: RGB, random: Random) -> None:
    outline = box(-70, -470, 70, 470, 8)
    pen.shape([(x + 3, y - 7) for x, y in outline], darker(colour, 0.5))
    pen.shape(
        outline, ((0, lighter(colour, 0.4)), (0.3, colour), (0.6, lighter(colour, 0.25)), (1, darker(colour, 0.15)))
    )
    for step in range(91):
        length = 62 if step % 10 == 0 else 42 if step % 5 == 0 else 26
        pen.line([(-68, -450 + step * 10), (-68 + length, -450 + step * 10)], 2.5, darker(colour, 0.65))
    pen.ellipse(20, 430, 18, 18, darker(colour, 0.65))


@subject("flask", width=360, height=880)
def flask(pen: Pen, colour: RGB, random: Random) -> None:
    body = pen.turned(
        [(128, 0), (146, 20), (150, 60), (150, 560), (140, 610), (112, 650)], round_light(colour), squash=0.14
    )
    with pen.within(body):
        pen.shape(box(-200, -40, 200, 70), round_light(STEEL))
        pen.soft(box(-96, 120, -74, 560, 10), lighter(colour, 0.8), 12, opacity=0.55)
    pen.turned([(112, 648), (112, 676)], round_light(STEEL), curved=False, squash=0.14)
    pen.turned([(124, 680), (122, 830), (110, 850)], round_light(lighter(colour, 0.12)), squash=0.14)
    loop = smooth([(120, 790), (190, 770), (186, 650), (150, 600)])
    pen.line(loop, 15, LEATHER)
    label(pen, -6, 330, 90, 130)


@subject("campmug", width=500, height=420)
def campmug(pen: Pen, colour: RGB, random: Random) -> None:
    curve = smooth([(170, 320), (276, 316), (290, 210), (250, 110), (164, 110)])
    pen.line(curve, 30, darker(colour, 0.25))
    pen.line([(x - 3, y + 4) for x, y in curve], 12, lighter(colour, 0.15))
    body = pen.turned([(172, 0), (180, 20), (184, 370)], round_light(colour), curved=False)
    with pen.within(body):
        for _ in range(150):
            x, y = random.uniform(-190, 190), random.uniform(-30, 380)
            pen.ellipse(x, y, random.uniform(1.5, 5), random.uniform(1.5, 4), CREAM, opacity=0.85)
    pen.opening(188, 370, mix(CREAM, colour, 0.15), lip=0.02)
    pen.line(arc(0, 370, 188, 30), 9, darker(INDIGO, 0.2))
    pen.ellipse(0, 356, 158, 20, (70, 44, 34))


@subject("picnic", width=800, height=420)
def picnic(pen: Pen, colour: RGB, random: Random) -> None:
    body = [*arc(-330, 170, 66, 170, 90, 270, 40), *arc(330, 170, 66, 170, -90, 90, 40)]
    pen.shape(body, flat_light(colour), down=True)
    check = mix(colour, CREAM, 0.7)
    with pen.within(body):
        for step in range(-5, 7):
            x = step * 70
            pen.shape([(x, -10), (x + 30, -10), (x + 30, 350), (x, 350)], check, opacity=0.5)
        for y in (40, 120, 200, 280):
            pen.shape(box(-420, y, 420, y + 30), check, opacity=0.45)
        pen.soft(box(-420, -30, 420, 60), darker(colour, 0.7), 40, opacity=0.6)
        pen.soft(box(-420, 270, 420, 320), lighter(colour, 0.7), 26, opacity=0.5)
    face = arc(330, 170, 66, 170)
    pen.shape(face, flat_light(lighter(colour, 0.2)))
    with pen.within(face):
        for size in (0.82, 0.64, 0.46, 0.28):
            pen.line(arc(330, 170, 66 * size, 170 * size), 6, darker(colour, 0.3))
    for x in (-190, 150):
        band = [*arc(x, 170, 34, 176, 90, 270, 30), *reversed(arc(x + 40, 170, 34, 176, 90, 270, 30))]
        pen.shape(band, LEATHER)
        pen.shape(box(x - 34, 140, x + 14, 204, 6), BRASS)
        pen.shape(box(x - 22, 152, x + 2, 192, 4), darker(LEATHER, 0.2))
    pen.line(smooth([(-176, 344), (-120, 410), (110, 410), (166, 344)]), 22, darker(LEATHER, 0.1))


@subject("wateringcan", width=760, height=620)
def wateringcan(pen: Pen, colour: RGB, random: Random) -> None:
    hoop = smooth([(-90, 360), (-110, 560), (60, 600), (220, 480), (210, 120)])
    pen.line(hoop, 30, darker(colour, 0.3))
    pen.line([(x - 4, y + 5) for x, y in hoop], 10, lighter(colour, 0.25))
    pen.shape([(-120, 60), (-140, 170), (-340, 470), (-310, 490), (-110, 260)], flat_light(darker(colour, 0.12), 2))
    pen.shape([(-420, 470), (-280, 560), (-306, 474), (-356, 440)], flat_light(BRASS, 2))
    body = pen.turned([(170, 0), (176, 20), (180, 330), (140, 372)], round_light(colour), curved=False)
    with pen.within(body):
        for y in (50, 310):
            pen.line(arc(0, y + 24, 190, 28, 180, 360), 6, darker(colour, 0.35))
            pen.line(arc(0, y + 30, 190, 28, 180, 360), 3, lighter(colour, 0.5))
    half = [*arc(0, 372, 140, 22, 0, 180, 30)]
    pen.opening(140, 372, colour)
    pen.shape([*half, (-140, 372)], darker(colour, 0.08), opacity=0.4)


@subject("trowel", width=260, height=940, stands=False)
def trowel(pen: Pen, colour: RGB, random: Random) -> None:
    pen.line([(0, 0), (0, 130)], 26, darker(STEEL, 0.3))
    blade = smooth([(-30, 20), (-104, -40), (-110, -240), (0, -450), (110, -240), (104, -40), (30, 20)])
    pen.shape(blade, ((0, lighter(STEEL, 0.5)), (0.46, STEEL), (0.52, darker(STEEL, 0.3)), (1, lighter(STEEL, 0.2))))
    pen.line([(0, -20), (0, -330)], 5, darker(STEEL, 0.35))
    pen.shape(box(-34, 110, 34, 160, 6), flat_light(BRASS, 2))
    grip = [*smooth([(-36, 160), (-50, 260), (-38, 360), (-48, 430)]), *arc(0, 430, 48, 40, 180, 0, 20),
            *smooth([(48, 430), (38, 360), (50, 260), (36, 160)])]  # fmt: skip
    pen.shape(grip, round_light(colour, 0.8))
    grain(pen, grip, colour, random, rows=10)
    pen.line(smooth([(0, 440), (-50, 510), (20, 540), (10, 450)]), 10, LEATHER)


@subject("umbrella", width=760, height=980)
def umbrella(pen: Pen, colour: RGB, random: Random) -> None:
    pen.line([(0, 40), (0, 900)], 16, darker(OAK, 0.25))
    hook = smooth([(0, 120), (-2, 30), (48, 8), (100, 26), (108, 80)])
    pen.line(hook, 32, darker(OAK, 0.18))
    pen.line([(x - 4, y + 4) for x, y in hook], 10, lighter(OAK, 0.25))
    dome = [*arc(0, 480, 390, 400, 0, 180, 50)]
    lower: list[Point] = [(-390, 480)]
    for index in range(4):
        a = -390 + index * 195
        lower += smooth([(a, 480), (a + 97, 530), (a + 195, 480)])
    pen.shape([*dome, *lower], round_light(colour, 0.8))
    with pen.within([*dome, *lower]):
        for k in (-0.5, 0.0, 0.5):
            rib = smooth([(0, 880), (390 * k * 0.9, 740), (390 * k, 480)])
            pen.line(rib, 4, darker(colour, 0.35))
        panel = [
            *smooth([(0, 880), (-176, 740), (-195, 480)]),
            (-390, 470),
            *smooth([(-390, 480), (-300, 740), (0, 884)]),
        ]
        pen.shape(panel, lighter(colour, 0.3), opacity=0.35)
    pen.line([(0, 870), (0, 950)], 12, darker(OAK, 0.3))


@subject("hammock", width=900, height=520, stands=False)
def hammock(pen: Pen, colour: RGB, random: Random) -> None:
    for side in (-1, 1):
        for step in range(9):
            pen.line([(side * 480, 240), (side * 300, 60 - step * 22 + (step - 4) ** 2 * -0.0)], 4, darker(CREAM, 0.2))
        pen.line([(side * 302, 80), (side * 302, -130)], 24, darker(OAK, 0.2))
        pen.ellipse(side * 484, 244, 22, 22, BRASS)
    cloth = [*smooth([(-300, 80), (0, -90), (300, 80)]), *smooth([(300, -120), (0, -300), (-300, -120)])]
    pen.shape(cloth, flat_light(colour, 1.6))
    with pen.within(cloth):
        for index, width in ((-3, 12), (-2, 30), (0, 12), (1, 12), (3, 30)):
            line = index * 30 - 20
            pen.line(smooth([(-310, line), (0, line - 176), (310, line)]), width, mix(colour, CREAM, 0.7))
    for side in (-1, 1):
        for step in range(12):
            x = -290 + step * 52
            y = -120 - (1 - (x / 300) ** 2) * 180
            pen.line([(x, y), (x + side * 6, y - 40)], 4, mix(colour, CREAM, 0.5))
