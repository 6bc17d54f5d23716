"""The whole story, as a stranger runs it: one command in an empty folder."""

import re
import subprocess
import sys
from pathlib import Path

DEMO = [sys.executable, "-m", "feedsvc", "demo", "--once"]
ROOT = Path(__file__).parents[2]


def test_the_demo_tells_the_whole_story_and_does_so_again(tmp_path: Path) -> None:
    for _ in range(2):
        run = subprocess.run(
            DEMO,
            check=False,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=90,
            env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "PYTHONUTF8": "1"},
        )
        assert run.returncode == 0, run.stdout + run.stderr
        assert all(f"/c/khan-sheikhoun.{kind}" in run.stdout for kind in ("atom", "rss", "json"))
        assert len(re.findall(r"\S+@example\.org · .+ · <\S+@\S+>", run.stdout)) == 2
        assert "eligible 2 = sent 2 + in hand 0 + refused 0 + unknown 0" in run.stdout
        assert run.stderr == ""
