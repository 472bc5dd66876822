"""Drawings for the room: lamps, candles and small furniture."""

from random import Random

from rustok.server.demo.drawing.colours import COLOURS, RGB, darker, lighter, mix
from rustok.server.demo.drawing.objects import grain, leaf, subject
from rustok.server.demo.drawing.pen import Fill, Pen, arc, box, flat_light, round_light, smooth

CREAM, OAK, ASH, WALNUT, BRASS, STEEL, HONEY = (
    COLOURS[name] for name in ("cream", "oak", "ash", "walnut", "brass", "steel", "honey")
)
GLOW: RGB = (255, 226, 160)


def _shade(colour: RGB) -> Fill:
    """Cloth or paper with a bulb behind it."""
    return (
        (0.0, darker(colour, 0.12)),
        (0.42, mix(lighter(colour, 0.5), GLOW, 0.55)),
        (0.6, mix(lighter(colour, 0.35), GLOW, 0.45)),
        (1.0, darker(colour, 0.2)),
    )


@subject("tablelamp", width=560, height=880)
def tablelamp(pen: Pen, colour: RGB, random: Random) -> None:
    pen.soft(arc(0, 640, 460, 400), GLOW, 110, opacity=0.42)
    pen.turned([(16, 420), (16, 560)], round_light(BRASS), curved=False)
    profile = [(120, 0), (140, 24), (170, 120), (160, 230), (80, 340), (34, 400), (30, 440)]
    body = pen.turned(profile, round_light(colour))
    with pen.within(body):
        pen.soft(arc(-70, 170, 20, 90), lighter(colour, 0.8), 14, opacity=0.5)
    shade = pen.turned([(280, 500), (180, 850)], _shade(mix(COLOURS["flax"], CREAM, 0.6)), curved=False, squash=0.12)
    with pen.within(shade):
        pen.soft(arc(0, 480, 250, 90), GLOW, 50, opacity=0.55)
    pen.ellipse(0, 850, 180, 21, lighter(CREAM, 0.3))
    pen.ellipse(0, 849, 168, 16, mix(GLOW, COLOURS["ochre"], 0.35))


@subject("pendant", width=640, height=1000, stands=False)
def pendant(pen: Pen, colour: RGB, random: Random) -> None:
    pen.soft([(-250, -140), (250, -140), (480, -620), (-480, -620)], GLOW, 90, opacity=0.4)
    pen.line([(0, 220), (0, 900)], 8, darker(WALNUT, 0.3))
    x, y, zoom = pen.x, pen.y, pen.zoom
    pen.turned([(34, 200), (34, 264)], round_light(BRASS), curved=False)
    pen.place(x, y, zoom)
    shade = pen.turned([(310, -140), (296, -60), (220, 90), (90, 190), (60, 214)], round_light(colour), squash=0.14)
    with pen.within(shade):
        pen.soft(arc(-140, 20, 26, 90), lighter(colour, 0.8), 16, opacity=0.5)
    pen.ellipse(0, -140, 310, 44, darker(colour, 0.3))
    pen.ellipse(0, -142, 296, 38, mix(CREAM, GLOW, 0.6))
    pen.shape(arc(0, -150, 74, 60), ((0, GLOW), (0.5, (255, 250, 230)), (1, GLOW)))


@subject("lantern", width=460, height=760)
def lantern(pen: Pen, colour: RGB, random: Random) -> None:
    pen.soft(arc(0, 290, 330, 330), GLOW, 90, opacity=0.45)
    pen.line(smooth([(-176, 420), (-190, 640), (0, 750), (190, 640), (176, 420)]), 11, darker(STEEL, 0.4))
    pen.turned([(190, 0), (196, 40), (176, 110), (120, 130)], round_light(colour))
    glass = pen.turned(
        [(110, 140), (150, 210), (156, 300), (110, 420), (90, 440)], round_light(mix(CREAM, GLOW, 0.4), 0.4)
    )
    with pen.within(glass):
        flame = smooth([(-30, 190), (-40, 250), (0, 360), (40, 250), (30, 190)])
        pen.soft(arc(0, 270, 90, 120), (255, 236, 170), 30, opacity=0.8)
        pen.shape(flame, (240, 160, 70))
        pen.shape([(x * 0.55, 190 + (y - 190) * 0.7) for x, y in flame], (255, 240, 190))
        pen.soft(box(-120, 190, -100, 400), COLOURS["white"], 9, opacity=0.8)
    for side in (-1, 1):
        pen.line(
            smooth([(side * 160, 100), (side * 184, 260), (side * 172, 420), (side * 120, 460)]),
            14,
            darker(colour, 0.2),
        )
    pen.turned([(112, 436), (130, 470), (104, 520), (70, 540), (74, 580)], round_light(colour))
    pen.turned([(90, 580), (60, 620), (20, 632)], round_light(darker(colour, 0.1)))


@subject("floorlamp", width=520, height=1060)
def floorlamp(pen: Pen, colour: RGB, random: Random) -> None:
    pen.soft(arc(0, 860, 440, 300), GLOW, 100, opacity=0.42)
    for x, width in ((-170, 22), (180, 22), (30, 20)):
        pen.line([(0, 700), (x, 6)], width, darker(colour, 0.2 if x != 30 else 0.42))
        pen.line([(-3, 700), (x - 4, 6)], 7, lighter(colour, 0.25))
    pen.ellipse(0, 690, 40, 26, darker(BRASS, 0.1))
    pen.turned([(13, 690), (13, 780)], round_light(BRASS), curved=False)
    shade = pen.turned([(240, 760), (226, 1030)], _shade(CREAM), curved=False, squash=0.1)
    with pen.within(shade):
        for step in range(-9, 10):
            pen.line([(step * 26, 720), (step * 24.5, 1060)], 2, darker(CREAM, 0.3), opacity=0.35)
        pen.soft(arc(0, 740, 210, 80), GLOW, 50, opacity=0.5)
    pen.ellipse(0, 1030, 226, 22, lighter(CREAM, 0.5))


@subject("desklamp", width=640, height=900)
def desklamp(pen: Pen, colour: RGB, random: Random) -> None:
    pen.soft([(150, 560), (330, 640), (420, 0), (-60, 0)], GLOW, 80, opacity=0.4)
    pen.turned([(170, 0), (170, 26), (150, 44)], round_light(colour), curved=False, squash=0.2)
    pen.line([(-10, 50), (-150, 440)], 18, darker(STEEL, 0.3))
    pen.line([(-14, 54), (-154, 440)], 5, lighter(STEEL, 0.5))
    pen.line([(-150, 440), (150, 760)], 18, darker(STEEL, 0.3))
    pen.line([(-152, 446), (146, 764)], 5, lighter(STEEL, 0.5))
    pen.ellipse(-150, 440, 30, 30, BRASS)
    pen.ellipse(-156, 446, 12, 12, lighter(BRASS, 0.6))
    x, y, zoom = pen.x, pen.y, pen.zoom
    pen.place(x + 190 * zoom, y - 730 * zoom, zoom, turn=-32)
    pen.turned([(150, -160), (140, -70), (64, 40), (40, 90)], round_light(colour))
    pen.ellipse(0, -160, 150, 25, mix(CREAM, GLOW, 0.7))
    pen.shape(arc(0, -168, 52, 40), (255, 248, 226))
    pen.place(x, y, zoom)


@subject("walllamp", width=520, height=760, stands=False)
def walllamp(pen: Pen, colour: RGB, random: Random) -> None:
    pen.soft(arc(0, 110, 480, 470), GLOW, 120, opacity=0.5)
    plate = box(-64, -340, 64, -40, 64)
    pen.shape(plate, flat_light(BRASS, 2))
    pen.line(smooth([(0, -230), (0, -150), (0, -60), (0, 0)]), 22, darker(BRASS, 0.15))
    pen.ellipse(0, -230, 28, 28, darker(BRASS, 0.2))
    globe = arc(0, 150, 200, 200)
    pen.shape(globe, ((0, mix(CREAM, GLOW, 0.5)), (0.4, (255, 250, 234)), (1, mix(CREAM, GLOW, 0.7))))
    with pen.within(globe):
        pen.soft(arc(0, 150, 110, 110), (255, 255, 246), 44, opacity=0.9)
        pen.soft(arc(90, 60, 120, 150), mix(colour, GLOW, 0.5), 50, opacity=0.35)
    pen.turned([(74, -40), (66, -8)], round_light(colour), curved=False)


@subject("candles", width=560, height=720)
def candles(pen: Pen, colour: RGB, random: Random) -> None:
    x, y, zoom = pen.x, pen.y, pen.zoom
    for shift, lift, height, width, tone in (
        (-150, 50, 400, 74, lighter(colour, 0.25)),
        (150, 60, 290, 80, mix(colour, CREAM, 0.6)),
        (0, 0, 540, 78, colour),
    ):
        pen.place(x + shift * zoom, y - lift * zoom, zoom)
        pen.soft(arc(0, height + 70, 150, 150), GLOW, 50, opacity=0.55)
        body = pen.turned([(width, 0), (width, height)], round_light(tone), curved=False, squash=0.2)
        with pen.within(body):
            pen.soft(box(-width, height - 120, width, height + 20), (255, 240, 190), 40, opacity=0.6)
        pen.ellipse(0, height, width, width * 0.2, lighter(tone, 0.5))
        pen.ellipse(0, height - 2, width * 0.7, width * 0.12, mix(tone, GLOW, 0.5))
        pen.line([(0, height), (3, height + 34)], 5, (70, 54, 46))
        flame = smooth([(0, height + 20), (-22, height + 56), (0, height + 120), (22, height + 56), (0, height + 20)])
        pen.shape(flame, (244, 176, 84))
        pen.shape([(px * 0.5, height + 24 + (py - height - 20) * 0.62) for px, py in flame], (255, 244, 206))
    pen.place(x, y, zoom)


@subject("candlestick", width=460, height=860)
def candlestick(pen: Pen, colour: RGB, random: Random) -> None:
    pen.soft(arc(0, 800, 190, 190), GLOW, 60, opacity=0.5)
    pen.turned([(26, 380), (24, 720)], round_light(CREAM), curved=False)
    pen.line([(0, 722), (2, 750)], 5, (70, 54, 46))
    flame = smooth([(0, 738), (-22, 776), (0, 846), (22, 776), (0, 738)])
    pen.shape(flame, (244, 176, 84))
    pen.shape([(x * 0.5, 742 + (y - 738) * 0.62) for x, y in flame], (255, 244, 206))
    pen.turned([(190, 0), (196, 30), (180, 44)], round_light(colour), squash=0.2)
    pen.ellipse(0, 44, 180, 34, lighter(colour, 0.2))
    pen.turned(
        [(60, 46), (34, 90), (26, 180), (44, 220), (26, 260), (30, 340), (56, 370), (52, 400)], round_light(colour)
    )
    loop = arc(196, 80, 58, 66)
    pen.line(loop, 18, darker(colour, 0.25))
    pen.line([(x - 3, y + 4) for x, y in loop], 6, lighter(colour, 0.4))
    pen.opening(52, 400, colour, squash=0.2, lip=0.2)
    pen.turned([(26, 396), (26, 430)], round_light(CREAM), curved=False)


@subject("stool", width=600, height=680)
def stool(pen: Pen, colour: RGB, random: Random) -> None:
    for x, foot, tone in ((-90, -130, 0.34), (100, 150, 0.34)):
        pen.line([(x, 600), (foot, 60)], 36, darker(colour, tone))
    pen.line([(-170, 214), (180, 226)], 24, darker(colour, 0.3))
    for x, foot in ((-180, -250), (190, 256)):
        pen.line([(x, 600), (foot, 16)], 42, darker(colour, 0.14))
        pen.line([(x - 8, 600), (foot - 9, 16)], 12, lighter(colour, 0.22))
    pen.line([(-214, 300), (224, 300)], 28, darker(colour, 0.1))
    pen.line([(-214, 306), (224, 306)], 8, lighter(colour, 0.24))
    pen.turned([(280, 600), (288, 624), (284, 644)], round_light(colour, 0.9), squash=0.17)
    seat = arc(0, 644, 284, 48)
    pen.shape(seat, flat_light(lighter(colour, 0.16), 1.6))
    grain(pen, seat, colour, random, rows=9)


@subject("chair", width=600, height=980)
def chair(pen: Pen, colour: RGB, random: Random) -> None:
    for x, top in ((-210, 940), (130, 960)):
        pen.line(smooth([(x + 20, 70), (x + 24, 480), (x, top)]), 34, darker(colour, 0.3))
    for step in range(5):
        x = -160 + step * 64
        pen.line([(x + 24, 500), (x + 6, 860)], 16, darker(colour, 0.16))
        pen.line([(x + 20, 500), (x + 2, 860)], 5, lighter(colour, 0.2))
    rail = smooth([(-230, 850), (-100, 884), (40, 896), (166, 880)])
    pen.line(rail, 64, darker(colour, 0.18))
    pen.line([(x, y + 14) for x, y in rail], 18, lighter(colour, 0.25))
    for x in (-230, 220):
        pen.line([(x, 440), (x + (-16 if x < 0 else 24), 18)], 38, darker(colour, 0.12))
        pen.line([(x - 8, 440), (x - 8 + (-16 if x < 0 else 24), 18)], 10, lighter(colour, 0.25))
    pen.line([(-232, 220), (226, 220)], 24, darker(colour, 0.2))
    seat = [(-270, 430), (250, 430), (210, 530), (-210, 530)]
    pen.shape(box(-272, 396, 254, 432, 8), flat_light(darker(colour, 0.2), 2))
    pen.shape(seat, flat_light(COLOURS["flax"], 1.4))
    with pen.within(seat):
        for step in range(26):
            pen.line([(-270 + step * 21, 430), (-210 + step * 17, 530)], 4, darker(COLOURS["flax"], 0.25), opacity=0.6)
            pen.line([(-280, 430 + step * 8), (260, 430 + step * 8)], 2.5, lighter(COLOURS["flax"], 0.4), opacity=0.6)


@subject("shelf", width=820, height=640, stands=False)
def shelf(pen: Pen, colour: RGB, random: Random) -> None:
    for base in (-200.0, 110.0):
        board = box(-400, base - 34, 400, base, 4)
        pen.shape(board, flat_light(colour, 1.6))
        grain(pen, board, colour, random, rows=3)
        pen.soft(box(-390, base - 70, 390, base - 40), darker(colour, 0.8), 14, opacity=0.3)
    for x in (-330.0, 330.0):
        pen.shape(box(x - 8, -300, x + 8, 320, 6), flat_light(BRASS, 2))
    tones = ("rust", "indigo", "cream", "ochre", "sage", "berry", "tide", "flax", "pine")
    place: float = -290
    for index in range(9):
        width, height = random.uniform(28, 50), random.uniform(170, 240)
        if place + width > 70:
            break
        tone = COLOURS[tones[index]]
        pen.shape(box(place, -200, place + width, -200 + height, 3), flat_light(tone, 1.6))
        pen.line([(place + 8, -200 + height - 30), (place + width - 8, -200 + height - 30)], 4, lighter(tone, 0.5))
        place += width + 3
    x, y, zoom = pen.x, pen.y, pen.zoom
    pen.place(x + 190 * zoom, y + 200 * zoom, zoom)
    pen.turned([(50, 0), (80, 20), (90, 90), (40, 150), (30, 180)], round_light(COLOURS["clay"]))
    pen.opening(30, 180, COLOURS["clay"])
    pen.place(x - 190 * zoom, y - 110 * zoom, zoom)
    pen.turned([(60, 0), (70, 110)], round_light(CREAM), curved=False)
    for dx, dy in ((-90, 60), (-50, 130), (20, 160), (80, 110), (100, 30), (-110, -40), (120, -60)):
        leaf(pen, 0, 110, dx, dy, 22, mix(COLOURS["moss"], COLOURS["pine"], random.random()))
    pen.place(x + 120 * zoom, y - 110 * zoom, zoom)
    pen.turned([(90, 0), (130, 60), (140, 110)], round_light(COLOURS["tide"]), squash=0.2)
    pen.opening(140, 110, COLOURS["tide"], squash=0.2)
    pen.place(x, y, zoom)


@subject("hooks", width=860, height=560, stands=False)
def hooks(pen: Pen, colour: RGB, random: Random) -> None:
    rail = box(-410, 120, 410, 230, 14)
    pen.shape([(x + 3, y - 10) for x, y in rail], darker(colour, 0.45))
    pen.shape(rail, flat_light(colour, 1.5))
    grain(pen, rail, colour, random, rows=6)
    for x in (-300, -100, 100, 300):
        if x == -100:
            strap = smooth([(x - 10, 170), (x - 70, -40), (x - 90, -160)])
            pen.line(strap, 14, COLOURS["rust"])
            pen.line([(2 * x - px, y) for px, y in strap], 14, darker(COLOURS["rust"], 0.2))
            pen.shape(
                [(x - 130, -160), (x + 130, -160), (x + 116, -430), (x - 116, -430)], flat_light(COLOURS["rust"], 1.5)
            )
        if x == 300:
            scarf = [
                (x - 40, 190),
                (x + 40, 190),
                (x + 66, -330),
                (x - 10, -330),
                (x - 6, 0),
                (x - 70, -260),
                (x - 100, -240),
            ]
            pen.shape(scarf, flat_light(COLOURS["ochre"], 2))
        pen.line([(x, 176), (x, 150)], 22, darker(BRASS, 0.3))
        pen.ellipse(x, 176, 34, 34, darker(colour, 0.2))
        pen.ellipse(x - 3, 179, 30, 30, lighter(colour, 0.14))
        pen.ellipse(x - 8, 184, 12, 12, lighter(colour, 0.45))


@subject("basket", width=660, height=560)
def basket(pen: Pen, colour: RGB, random: Random) -> None:
    throw = smooth([(-220, 400), (-180, 500), (-40, 530), (60, 490), (170, 520), (230, 400)])
    pen.shape([*throw, (0, 360)], flat_light(COLOURS["tide"], 2))
    body = pen.turned([(220, 0), (270, 60), (300, 220), (284, 400)], round_light(colour))
    with pen.within(body):
        for row in range(17):
            y = 4 + row * 25
            for column in range(-13, 14):
                x = column * 26 + (row % 2) * 13
                bend = -abs(x) * 0.0 + (x / 300) ** 2 * 44 - 44
                pen.line([(x - 9, y + bend), (x + 9, y + bend + 4)], 11, darker(colour, 0.26), opacity=0.55)
                pen.line([(x - 7, y + bend + 6), (x + 7, y + bend + 9)], 3, lighter(colour, 0.5), opacity=0.7)
    pen.line(arc(0, 402, 286, 46, 180, 360), 26, darker(colour, 0.12))
    pen.line(arc(0, 407, 286, 46, 180, 360), 7, lighter(colour, 0.3))
    for side in (-1, 1):
        pen.line(
            smooth([(side * 240, 396), (side * 330, 430), (side * 336, 330), (side * 286, 300)]), 18, (150, 94, 62)
        )


@subject("sidetable", width=700, height=720)
def sidetable(pen: Pen, colour: RGB, random: Random) -> None:
    for x, foot, tone in ((0.0, 30.0, 0.36), (-160.0, -220.0, 0.14), (170.0, 236.0, 0.2)):
        pen.line([(x, 520), (foot, 16 if tone < 0.3 else 70)], 36, darker(colour, tone))
        pen.line([(x - 8, 520), (foot - 8, 16 if tone < 0.3 else 70)], 9, lighter(colour, 0.2))
    pen.turned([(310, 520), (320, 540), (318, 556)], round_light(colour, 0.9), squash=0.18)
    top = arc(0, 556, 318, 57)
    pen.shape(top, flat_light(lighter(colour, 0.16), 1.6))
    grain(pen, top, colour, random, rows=10)
    x, y, zoom = pen.x, pen.y, pen.zoom
    pen.place(x - 90 * zoom, y - 556 * zoom, zoom)
    for base, width, cover in ((-10, 230, "indigo"), (22, 210, "cream")):
        pen.shape(box(-width / 2, base, width / 2, base + 30, 4), flat_light(COLOURS[cover], 1.6))
    pen.place(x - 80 * zoom, y - 608 * zoom, zoom)
    pen.turned([(44, 0), (56, 20), (58, 84)], round_light(COLOURS["clay"]))
    pen.opening(58, 84, COLOURS["clay"])
    pen.place(x, y, zoom)


@subject("mirror", width=620, height=760, stands=False)
def mirror(pen: Pen, colour: RGB, random: Random) -> None:
    pen.line(smooth([(-120, 300), (0, 470), (120, 300)]), 14, (150, 94, 62))
    pen.ellipse(0, 462, 20, 20, BRASS)
    pen.ellipse(0, 0, 330, 330, darker(colour, 0.14))
    pen.shape(arc(-3, 4, 322, 322), flat_light(colour, 2))
    glass = arc(0, 0, 286, 286)
    pen.shape(glass, ((0, (206, 220, 222)), (0.5, (226, 234, 230)), (1, (180, 198, 206))))
    with pen.within(glass):
        pen.shape([(-300, 40), (-60, 300), (40, 300), (-300, -80)], COLOURS["white"], opacity=0.4)
        pen.shape([(-300, -130), (90, 300), (120, 300), (-300, -170)], COLOURS["white"], opacity=0.3)
        pen.soft([(-300, -300), (300, -300), (300, -120), (0, -210)], COLOURS["slate"], 50, opacity=0.3)
    pen.line(arc(0, 0, 287, 287), 6, darker(colour, 0.35))
