"""pyrealb behind a lock: it keeps the current language in a module global and prints its warnings.

The lexicon also gets the words here that pyrealb 3.3 lacks or has wrong.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, ParamSpec, cast

import pyrealb

P = ParamSpec("P")
CACHED = 65_536
_LOCK = threading.RLock()

# French nouns that pyrealb lacks, or has only as the feminine of a masculine. `tab`: its inflection table, here
# n3 (masculine) or n17 (feminine), both with a plural in -s.
for _lemma in ("pull", "basket"):
    pyrealb.addToLexicon(_lemma, {"N": {"g": "m", "tab": "n3"}}, "fr")
for _lemma in ("infirmière", "actrice", "danseuse"):
    pyrealb.addToLexicon(_lemma, {"N": {"g": "f", "tab": "n17"}}, "fr")


def realized(language: str) -> Callable[[Callable[P, Any]], Callable[P, str]]:
    """Makes a function that builds a constituent return its text, in `language` "en" or "fr", and remember it.

    A warning of pyrealb's (an unknown word, a missing form) raises `pyrealb.PyrealbException`: wrong text must not be
    printed about and passed on. Language and settings are left as they were found.
    """

    def decorate(build: Callable[P, Any]) -> Callable[P, str]:
        @lru_cache(maxsize=CACHED)
        @wraps(build)
        def realize(*arguments: P.args, **named: P.kwargs) -> str:
            with _LOCK:
                before, strict = pyrealb.getLanguage(), pyrealb.Constituent.exceptionOnWarning
                pyrealb.Constituent.exceptionOnWarning = True
                pyrealb.load(language)
                try:
                    # pyrealb spells œ as oe, and its elision would not know œ for a vowel.
                    return str(build(*arguments, **named).realize()).strip(" .?").replace("oeu", "œu")
                finally:
                    pyrealb.load(before)
                    pyrealb.Constituent.exceptionOnWarning = strict

        return cast(Callable[P, str], realize)

    return decorate
