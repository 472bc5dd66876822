"""How the demo's pictures are drawn: a pen, a palette, objects, and scenes that hold them."""
