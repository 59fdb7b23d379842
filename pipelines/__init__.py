"""The entry points. Each parses its parameters, wires components together and runs them."""

import sys

if sys.version_info[:2] != (3, 11):
    found = ".".join(map(str, sys.version_info[:3]))
    sys.exit(
        f"error: Python {found} was found, Python 3.11 is needed (the newest with wheels of TensorFlow 2.15 and"
        " tensorflow-addons): ./nmt finds or fetches it"
    )
