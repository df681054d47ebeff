"""The text stage: a string and a language in, sentences of phonemes out.

Doors: :func:`mynah.text.frontend.analyse` and :class:`mynah.text.symbols.SymbolTable`.
"""
