"""Short names, for lists in which runs stand below one another."""

_LONGEST = 40


def short_corpus(corpus: str) -> str:
    """A corpus parameter in a few words: of a path the last folder and the name, of several words the first.

    ``/home/me/multi30k/train.{en,fr}`` is ``multi30k/train.{en,fr}``.
    """
    words = corpus.split()
    parts = [part for part in words[0].split("/") if part]
    name = "/".join(parts[-2:])
    more = f" + {len(words) - 1}" if len(words) > 1 else ""
    return (name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…") + more
