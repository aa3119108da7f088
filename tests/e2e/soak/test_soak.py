"""A Player that starts plug-ins again and again, each of which dies its own death, keeps nothing.

`SOAK_STARTS` says how many sessions (10), `SOAK_SEED` which deaths. Every session starts one
process, and a second one where a death in a completion is made good.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
STARTS = int(os.environ.get("SOAK_STARTS", "10"))
SEED = os.environ.get("SOAK_SEED", "2005")
WARM_UP = min(STARTS // 2, 100)
MOST_SECONDS_PER_START = 20
"""Far more than one takes; a Player that hangs has to end some time."""
MOST_GROWTH = 0.05
FEWEST_TO_MEASURE_GROWTH = 500


@pytest.fixture
def soaked(tmp_path):
    """What the Player held after the warm-up and at the end."""
    command = [sys.executable, str(HERE / "soak_player.py"), str(tmp_path / "home")]
    paths = [*filter(None, [os.environ.get("PYTHONPATH")]), str(HERE)]
    ended = subprocess.run(
        [*command, str(STARTS), str(WARM_UP), SEED],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        timeout=60 + STARTS * MOST_SECONDS_PER_START,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def figures(soaked):
    yield f"{STARTS} sessions in {soaked['seconds']:.0f} s, {soaked['activated']} of them activated"
    for when, held in ((f"after {WARM_UP}", soaked["warm"]), ("at the end", soaked["end"])):
        mebibytes = held["rss_bytes"] / 2**20
        yield (
            f"{when}: {held['descriptors']} descriptors, {held['threads']} threads,"
            f" {mebibytes:.1f} MiB"
        )
    yield from (f"{count:6} {reason}" for reason, count in sorted(soaked["losses"].items()))


@pytest.mark.skipif(os.name == "nt", reason="descriptors are counted as POSIX has them")
def test_a_player_keeps_nothing_of_the_plug_ins_that_died_in_it(soaked, record_property):
    for line in figures(soaked):
        record_property("soak", line)
    warm, end = soaked["warm"], soaked["end"]
    assert soaked["most_children_left"] == 0
    assert end["descriptors"] <= warm["descriptors"]
    assert end["threads"] <= warm["threads"]
    assert soaked["losses"]
    assert soaked["completions"]
    if STARTS >= FEWEST_TO_MEASURE_GROWTH:
        assert end["rss_bytes"] <= warm["rss_bytes"] * (1 + MOST_GROWTH)
