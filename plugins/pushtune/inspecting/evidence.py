"""One line of a repository and what it says: the form in which every answer is explained."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Evidence:
    """Attributes: file relative to the repository, line from 1 (0: the file as a whole), its text, and what it says."""

    file: str
    line: int
    text: str
    says: str

    def as_document(self) -> dict[str, str | int]:
        """Return the evidence as plain data."""
        return asdict(self)
