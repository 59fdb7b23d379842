"""pyrealb behind a lock: it keeps the current language in a module global and prints its warnings.

The lexicon also gets the words here that pyrealb 3.3 lacks or has wrong.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pyrealb

_LOCK = threading.RLock()

# French nouns that pyrealb has not at all, or only as the feminine of a masculine. `tab`: its inflection table, here
# n3 (masculine) or n17 (feminine), both with a plural in -s.
_ADDITIONS = {
    "pull": {"g": "m", "tab": "n3"},
    "basket": {"g": "m", "tab": "n3"},
    "infirmière": {"g": "f", "tab": "n17"},
    "actrice": {"g": "f", "tab": "n17"},
    "danseuse": {"g": "f", "tab": "n17"},
}


def realize(language: str, build: Callable[..., Any], *arguments: Any) -> str:
    """What pyrealb makes of the constituent that `build(*arguments)` returns, in `language` "en" or "fr".

    A warning of pyrealb's (an unknown word, a missing form) raises `pyrealb.PyrealbException`: wrong text must not be
    printed about and handed on. Language and settings are left as they were found.
    """
    with _LOCK:
        before, strict = pyrealb.getLanguage(), pyrealb.Constituent.exceptionOnWarning
        pyrealb.Constituent.exceptionOnWarning = True
        pyrealb.load(language)
        try:
            # pyrealb spells œ as oe, and its elision would not know œ for a vowel.
            return str(build(*arguments).realize()).strip(" .?").replace("oeu", "œu")
        finally:
            pyrealb.load(before)
            pyrealb.Constituent.exceptionOnWarning = strict


for _lemma, _entry in _ADDITIONS.items():
    pyrealb.addToLexicon(_lemma, {"N": _entry}, "fr")
