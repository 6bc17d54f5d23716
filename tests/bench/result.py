"""One line of the table."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """A figure of ours, and the same figure of a reference measured in the same run."""

    what: str
    ours: float
    unit: str
    reference: float | None = None
    referred: str = ""

    def row(self) -> list[str]:
        """Write the line."""
        shown = [self.what, f"{self.ours:,.1f} {self.unit}"]
        if self.reference is None:
            return [*shown, "", "", self.referred]
        ratio = self.ours / self.reference if self.reference else float("inf")
        return [*shown, f"{self.reference:,.1f} {self.unit}", f"{ratio:.2f}", self.referred]
