"""The logger of the whole package."""

import logging

LOGGER = logging.getLogger("harmodels")
