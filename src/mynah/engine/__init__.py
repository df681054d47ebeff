"""Requests become sound: the two stages one after the other, sentence by sentence."""
