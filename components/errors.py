"""The one exception that means: the user can mend this, and one line tells how."""


class InputError(Exception):
    """A parameter or a file that cannot be worked with.

    Its text is shown to the user as it stands, on one line, without a traceback. It names the parameter or the file
    (and line), what was found, and what would be valid.
    """


class BusyError(InputError):
    """Another process is at the same work at this moment; when it has ended, this one may go on."""
