"""What several tests use: the project's folder, MNIST in it, a way to run Python elsewhere."""
import os
import re
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
RAW = PROJECT / "MNIST" / "raw"  # where mnist_mlp.py puts the real MNIST
SIZES = {"train-images-idx3-ubyte": 47_040_016, "train-labels-idx1-ubyte": 60_008,
         "t10k-images-idx3-ubyte": 7_840_016, "t10k-labels-idx1-ubyte": 10_008}  # in bytes
NO_NETWORK = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}


def why_no_real_mnist():
    """Return why the real MNIST cannot be used, or "" if it is there in full."""
    lacking = []
    for name, size in SIZES.items():
        file = RAW / name
        if not file.is_file() or file.stat().st_size != size:
            lacking.append(name)
    if lacking:
        return f"MNIST/raw lacks {', '.join(lacking)}, or not all of it is there: run mnist_mlp.py"
    return ""


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
