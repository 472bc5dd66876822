"""The palette of the demo's pictures and the arithmetic of light on it."""

from typing import Final

RGB = tuple[int, int, int]

LIGHT: Final[RGB] = (255, 250, 238)
SHADE: Final[RGB] = (38, 36, 58)

COLOURS: Final[dict[str, RGB]] = {
    "ivory": (240, 231, 212),
    "oat": (221, 205, 178),
    "flax": (203, 183, 148),
    "fog": (196, 203, 206),
    "slate": (104, 116, 130),
    "indigo": (52, 72, 116),
    "tide": (86, 132, 150),
    "sage": (146, 163, 134),
    "moss": (94, 112, 78),
    "pine": (52, 84, 76),
    "clay": (192, 112, 82),
    "rust": (164, 76, 52),
    "blush": (224, 172, 156),
    "berry": (134, 54, 70),
    "ochre": (214, 160, 68),
    "honey": (226, 178, 92),
    "charcoal": (62, 62, 68),
    "oak": (196, 152, 104),
    "walnut": (122, 82, 56),
    "ash": (222, 194, 154),
    "brass": (200, 160, 88),
    "steel": (172, 178, 184),
    "copper": (190, 118, 84),
    "cream": (246, 238, 220),
    "white": (248, 245, 238),
}

# Wall and table behind an object of each colour: warm behind cool, cool behind warm, deep behind pale.
BACKDROPS: Final[dict[str, tuple[RGB, RGB]]] = {
    "sand": ((232, 220, 200), (214, 196, 168)),
    "mist": ((208, 217, 220), (184, 197, 203)),
    "blush": ((233, 214, 203), (214, 187, 173)),
    "sage": ((205, 212, 194), (182, 193, 170)),
    "dusk": ((158, 171, 181), (132, 147, 160)),
    "terracotta": ((207, 163, 139), (184, 137, 113)),
    "olive": ((164, 168, 136), (140, 146, 112)),
    "butter": ((236, 222, 188), (219, 199, 156)),
    "ink": ((84, 98, 120), (66, 78, 100)),
}
MATCHES: Final[dict[str, tuple[str, ...]]] = {
    "ivory": ("terracotta", "dusk", "olive"),
    "cream": ("dusk", "terracotta", "olive"),
    "white": ("dusk", "olive", "terracotta"),
    "oat": ("dusk", "olive", "terracotta"),
    "flax": ("dusk", "olive", "mist"),
    "fog": ("blush", "butter", "terracotta"),
    "slate": ("butter", "blush", "sand"),
    "indigo": ("butter", "sand", "blush"),
    "tide": ("sand", "blush", "butter"),
    "sage": ("blush", "sand", "butter"),
    "moss": ("blush", "sand", "butter"),
    "pine": ("butter", "blush", "sand"),
    "clay": ("mist", "sage", "sand"),
    "rust": ("mist", "sand", "sage"),
    "blush": ("sage", "dusk", "mist"),
    "berry": ("blush", "sage", "sand"),
    "ochre": ("mist", "dusk", "sage"),
    "honey": ("dusk", "mist", "sage"),
    "charcoal": ("butter", "sand", "sage"),
    "oak": ("sage", "mist", "dusk"),
    "walnut": ("sand", "mist", "sage"),
    "ash": ("dusk", "sage", "terracotta"),
    "brass": ("ink", "mist", "sage"),
    "steel": ("blush", "butter", "sand"),
    "copper": ("mist", "sage", "sand"),
}


def mix(one: RGB, other: RGB, share: float) -> RGB:
    """The colour on the way from one to the other; share 0 is the first, 1 the second."""
    return (
        round(one[0] + (other[0] - one[0]) * share),
        round(one[1] + (other[1] - one[1]) * share),
        round(one[2] + (other[2] - one[2]) * share),
    )


def lighter(colour: RGB, share: float) -> RGB:
    """The colour with warm light on it."""
    return mix(colour, LIGHT, share)


def darker(colour: RGB, share: float) -> RGB:
    """The colour in a cool shade, which looks more like daylight than black does."""
    return mix(colour, SHADE, share)
