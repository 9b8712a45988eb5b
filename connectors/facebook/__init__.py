"""Facebook pages: Messenger, comments, posts. Translates between Meta's Graph API and the seam of channels, no more."""

import warnings

with warnings.catch_warnings():
    # An escape in the library's source that Python 3.12 warns of when it compiles it; it works as meant.
    warnings.simplefilter("ignore", SyntaxWarning)
    import facebook  # type: ignore[import-untyped]  # noqa: F401
