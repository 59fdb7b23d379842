"""API keys: who may ask, how often and for how much. Only hashes are kept, and nothing here logs a key."""

import hashlib
import hmac
import re
import time
import tomllib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from components.errors import InputError
from components.server.scoring import RefusedRequestError

_DAY, _MINUTE = 86_400, 60
_HASH = re.compile("[0-9a-f]{64}")
_LIMITS = ("requests_per_minute", "characters_per_day")


@dataclass
class Client:
    """Whom a key stands for, and what that one has asked for; 0: as much as it likes.

    ``used`` are the characters of the UTC day ``day``. They are counted in this process, from its start.
    """

    name: str
    sha256: str
    requests_per_minute: int = 0
    characters_per_day: int = 0
    _asked: deque[float] = field(default_factory=deque, repr=False)
    _day: int = 0
    _used: int = 0

    def ask(self, now: float) -> None:
        """Counts a request, at ``now`` in seconds since 1970.

        Raises:
            RefusedRequestError: with status 429, if there have been too many in the minute before.
        """
        while self._asked and self._asked[0] <= now - _MINUTE:
            self._asked.popleft()
        if self.requests_per_minute:
            if len(self._asked) >= self.requests_per_minute:
                wait = int(self._asked[0] + _MINUTE - now) + 1
                raise RefusedRequestError(f"at most {self.requests_per_minute} requests a minute", 429, wait)
            self._asked.append(now)

    def spend(self, characters: int, now: float) -> None:
        """Counts characters to be translated.

        Raises:
            RefusedRequestError: with status 429, if these are more than are left of the day.
        """
        day, past = divmod(int(now), _DAY)
        if day != self._day:
            self._day, self._used = day, 0
        if self.characters_per_day and self._used + characters > self.characters_per_day:
            raise RefusedRequestError(
                f"at most {self.characters_per_day} characters a day (UTC), {self.characters_per_day - self._used} are"
                f" left and {characters} were sent",
                429,
                _DAY - past,
            )
        self._used += characters


class Keys:
    """The clients that may ask; without any, everybody may.

    Args:
        clients: with a key each.
        clock: seconds since 1970.
    """

    def __init__(self, clients: tuple[Client, ...] = (), clock: Callable[[], float] = time.time):
        self._clients = clients
        self._clock = clock

    @property
    def required(self) -> bool:
        return bool(self._clients)

    @classmethod
    def read(cls, path: str) -> "Keys":
        """Those of a TOML file, a table for each name: ``sha256``, and the limits as far as there are any.

        Raises:
            InputError: if it cannot be read, or is not valid in every part.
        """
        try:
            document = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(f"api_keys: {path}: {error}") from None
        clients = []
        for name, table in document.items():
            place = f"api_keys: {path}: [{name}]"
            if not isinstance(table, dict) or not {"sha256"} <= table.keys() <= {"sha256", *_LIMITS}:
                raise InputError(f"{place} must have sha256 and may have {' and '.join(_LIMITS)}, nothing else")
            if not isinstance(table["sha256"], str) or not _HASH.fullmatch(table["sha256"]):
                raise InputError(f"{place} sha256 must be 64 hexadecimal digits in small letters, see `sha256sum`")
            for limit in _LIMITS:
                found = table.get(limit, 0)
                if not isinstance(found, int) or isinstance(found, bool) or found < 0:
                    raise InputError(f"{place} {limit}: found {found!r}, must be a whole number from 0 (no limit)")
            clients.append(Client(name, **table))
        if len({client.sha256 for client in clients}) < len(clients):
            raise InputError(f"api_keys: {path}: two names have the same key")
        if not clients:
            raise InputError(f"api_keys: {path}: there is no key in it, so nobody could ask")
        return cls(tuple(clients))

    def admit(self, key: str, characters: int) -> None:
        """Counts a request with this key, empty if it has none.

        Raises:
            RefusedRequestError: with status 401 without a key, 403 with a wrong one, 429 over the limits.
        """
        if not self.required:
            return
        if not key:
            raise RefusedRequestError("an API key is needed: Authorization: Bearer KEY, or api_key", 401)
        digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
        # All are compared, so that the time says nothing about which one it is.
        found = [client for client in self._clients if hmac.compare_digest(client.sha256, digest)]
        if not found:
            raise RefusedRequestError("this API key is not valid", 403)
        now = self._clock()
        found[0].ask(now)
        found[0].spend(characters, now)


def bearer(authorization: str) -> str:
    """The key in a header ``Authorization``; empty if there is none."""
    scheme, _, key = authorization.strip().partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""
