"""The one exception for mistakes that a user can fix."""


class UserError(ValueError):
    """A mistake in a file, a value or a command; its text is one sentence that names it and says what to do.

    The command line prints the text alone, without a traceback, and exits with status 2.
    """


class Interrupted(UserError):
    """Something outside cut the work off: what is finished is kept, and the same command goes on with it."""
