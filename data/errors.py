"""The one exception for mistakes that a user can fix."""


class UserError(ValueError):
    """A mistake in a file, a value or a command; its text is one sentence that names it and says what to do.

    The command line prints the text alone, without a traceback, and exits with status 2.
    """
