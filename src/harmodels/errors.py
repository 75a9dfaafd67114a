"""Errors that a user can act on: each names the thing, the value and the remedy."""


class HarmodelsError(Exception):
    """Base of every error that harmodels raises on purpose; shown without a traceback."""


class ConfigurationError(HarmodelsError):
    """A key, a value or a combination in a configuration file is wrong."""


class InstallationError(HarmodelsError):
    """The imported package and the workflow that uses it do not belong together."""


class DownloadError(HarmodelsError):
    """No mirror and no address delivered an archive that passes its checksum."""


class DataError(HarmodelsError):
    """A recording, a label, a split or an archive is not what its format promises."""


class ModelError(HarmodelsError, ValueError):
    """A folder of a model is missing, damaged or newer, or a model cannot do what is asked."""


class TrainingError(HarmodelsError):
    """A training job was asked for something it cannot do."""


class ResultsError(HarmodelsError):
    """A file under results/ is missing, damaged or does not belong to the others."""
