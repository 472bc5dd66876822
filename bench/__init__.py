"""The bench: a catalogue, a load, and ratios to a yardstick of the same run."""
