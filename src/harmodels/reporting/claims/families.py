"""The claims among which those of a ledger are judged."""

from harmodels.config.base import Record, Several, key


class Families(Record):
    """The claims among which those of a ledger are judged."""

    protocol: str = key("", "Name of the protocol, with the commit that settled it.")
    exploratory: str = key("", "Why this run is not the protocol's.")
    primary: Several[str] = key((), "The primary claims of the ledger.")
    primary_tests: int = key(0, "Primary claims of all reports.", ge=0)
    other_tests: int = key(0, "Other claims of all reports of the run.", ge=0)
    transfer: bool = key(False, "Whether the report was written about other recordings.")

    def tests(self, name: str) -> int:
        """Return how many claims the family of a claim has."""
        return self.primary_tests if name in self.primary else self.other_tests
