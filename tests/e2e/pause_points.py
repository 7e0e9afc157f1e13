"""Pause points: where a thread of the test build stands still until it is let go (src/core/fail_point.h)."""

from pathlib import Path

from deployment import Deployment, poll

MODEL_STEP = "slm.step"  # before each step of a model: it reads a piece of a prompt or generates one token for each answer
EVALUATED = "policy.evaluated"  # a decision is committed, its answer not yet sent


class PausePoints:
    """Each name has one place: who passes it first after arm() stands still, all others go on."""

    def __init__(self, folder: Path):
        self.folder = folder
        folder.mkdir(exist_ok=True)

    @staticmethod
    def of(deployment: Deployment) -> "PausePoints":
        return PausePoints(Path(deployment.settings["WRIT_PAUSE_POINTS"]))

    @property
    def settings(self) -> dict[str, str]:
        return {"WRIT_PAUSE_POINTS": str(self.folder)}

    def arm(self, name: str) -> None:
        (self.folder / name).touch()

    def await_reached(self, name: str) -> None:
        poll((self.folder / f"{name}.reached").exists, f"somebody stands at {name}", 60, pause=0.001)

    def release(self, name: str) -> None:
        """Lets who stands there go on, and nobody else be caught."""
        (self.folder / name).unlink(missing_ok=True)
        (self.folder / f"{name}.reached").unlink(missing_ok=True)

    def release_all(self) -> None:
        for file in self.folder.iterdir():
            file.unlink(missing_ok=True)

    def step(self, name: str) -> None:
        """Lets who stands there go on to the next passing."""
        self.arm(name)
        (self.folder / f"{name}.reached").unlink()
        self.await_reached(name)
