"""The project's folder, and a way to run Python in another folder."""
import os
import re
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
NO_NETWORK = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}


def run_python(*args, cwd, **more_environment):
    """Run `python args` in the folder cwd, with neither network nor screen."""
    environment = {}
    for name, value in os.environ.items():
        if name not in ("DISPLAY", "WAYLAND_DISPLAY") and not name.lower().endswith("_proxy"):
            environment[name] = value
    # On Linux, Matplotlib sees by itself that there is no screen. Elsewhere there always is one.
    environment["MPLBACKEND"] = "" if sys.platform == "linux" else "agg"
    return subprocess.run(
        [sys.executable, *args], cwd=cwd, env={**environment, **NO_NETWORK, **more_environment},
        text=True, capture_output=True, timeout=120)


LINES = ["initial accuracy:", "epoch 0 accuracy:", "epoch 1 accuracy:", "saved predictions.png"]


def without_accuracies(output):
    """Return the lines that a run printed, each without the number after `accuracy:`."""
    return [re.sub(r"accuracy: [01]\.\d+", "accuracy:", line) for line in output.splitlines()]
