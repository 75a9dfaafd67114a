"""Names that people write in more than one way."""

import re
import unicodedata


def alike(name: str) -> str:
    """Return what is the same for all ways of writing a label.

    Labels of recordings are compared so with the classes of a data set or of a model.

    >>> alike(" Walking_Upstairs"), alike("walking - upstairs"), alike("-1")
    ('walking upstairs', 'walking upstairs', '-1')
    """
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
    return re.sub(r"(?<=\w)[\s_-]+(?=\w)", " ", text.strip(" \t\r\n_"))
