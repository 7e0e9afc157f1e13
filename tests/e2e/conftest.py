"""Fixtures: platforms in both shapes."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from deployment import Deployment
from openapi_schemas import OpenApi
from pause_points import PausePoints

SHAPES = ("one", "split")


def binary(variable: str) -> Path:
    name = os.environ.get(variable)
    if not name:
        if variable == "E2E_BINARY":
            pytest.exit("E2E_BINARY must name the product's binary; `./test tests/e2e` sets it", returncode=2)
        pytest.skip(f"NOT RUN: kill points, {variable} names no build with fail points")
    path = Path(name).resolve()
    if not path.exists():
        pytest.exit(f"{variable}: {path} does not exist", returncode=2)
    return path


@pytest.fixture(scope="session")
def folders():
    """A new folder for each platform, below one that is removed at the end."""
    kept = os.environ.get("E2E_KEEP")
    top = Path(kept or tempfile.mkdtemp(prefix="writ-e2e-")).resolve()
    count = 0

    def make(name: str) -> Path:
        nonlocal count
        count += 1
        folder = top / f"{count:03}-{name}"
        folder.mkdir(parents=True)
        return folder

    yield make
    if not kept:
        shutil.rmtree(top)


@pytest.fixture(scope="session")
def product() -> Path:
    return binary("E2E_BINARY")


@pytest.fixture(scope="session")
def build_with_fail_points() -> Path:
    return binary("E2E_TEST_BINARY")


@pytest.fixture(scope="session", params=SHAPES)
def shape(request) -> str:
    return request.param


@pytest.fixture(scope="session")
def platform(shape, product, folders):
    """One platform for all tests that leave it as they find it."""
    deployment = Deployment(shape, product, folders(f"shared-{shape}"))
    try:
        yield deployment.start()
    finally:
        deployment.stop()


@pytest.fixture
def own_platform(shape, product, folders):
    """A platform of the test's own, to be killed, stopped or counted. It is started by the test, with settings if it wants."""
    made: list[Deployment] = []

    def make(**options) -> Deployment:
        made.append(Deployment(shape, options.pop("binary", product), folders(f"own-{shape}"), **options))
        return made[-1]

    yield make
    for deployment in made:
        deployment.stop()


@pytest.fixture(scope="session")
def paced(shape, build_with_fail_points, folders):
    """A platform whose model and policy stand still where a test wants them to (its `pauses`), so that a race has one outcome."""
    folder = folders(f"paced-{shape}")
    pauses = PausePoints(folder / "pauses")
    # A small scan window: text leaves after some sixty tokens, however short they are.
    bundle = {"detectors": {"release": {"mode": "window", "window_bytes": 32}}}
    deployment = Deployment(shape, build_with_fail_points, folder, settings=pauses.settings, bundle=bundle)
    try:
        yield deployment.start()
    finally:
        deployment.stop()


@pytest.fixture
def pauses(paced):
    """Its pause points; after the test nobody stands at one, and what it killed runs again."""
    points = PausePoints.of(paced)
    yield points
    points.release_all()
    paced.start()


@pytest.fixture(scope="session")
def api(platform):
    return platform.api()


@pytest.fixture(scope="session")
def reviewer(platform):
    return platform.new_principal("reviewer", ["reviews:decide", "runs:read"])


@pytest.fixture(scope="session")
def openapi(platform) -> OpenApi:
    return OpenApi(platform.api().get("/openapi.json"))
