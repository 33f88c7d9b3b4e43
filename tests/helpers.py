"""What several tests use: the project's folder, MNIST in it, and a way to run Python elsewhere."""
import os
import re
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
# The page in each language, beside its program, and which letters its texts have.
PAGES = {PROJECT / "README.md": "[a-z]", PROJECT / ".github" / "zh" / "README.md": "[一-鿿]"}
RAW = PROJECT / "MNIST" / "raw"  # where mnist_mlp.py puts the real MNIST
NAMES = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte",
         "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"]
LINES = ["initial accuracy:", "epoch 0 accuracy:", "epoch 1 accuracy:", "saved predictions.png"]
NO_NETWORK = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
LACKS_MNIST = not all((RAW / name).is_file() for name in NAMES)


def run_python(*args, cwd, **variables):
    """Run `python args` in the folder cwd. Downloads fail, and no window opens."""
    environment = {}
    for name, value in os.environ.items():
        if name not in ("DISPLAY", "WAYLAND_DISPLAY") and not name.lower().endswith("_proxy"):
            environment[name] = value
    # On Linux, Matplotlib itself must notice that there is no screen, as it does for readers.
    # Elsewhere, a screen is always there.
    environment["MPLBACKEND"] = ""
    if sys.platform != "linux":
        environment["MPLBACKEND"] = "agg"
        environment["PYTHONWARNINGS"] = "ignore:FigureCanvasAgg is non-interactive"
    return subprocess.run(
        [sys.executable, *args], cwd=cwd, env={**environment, **NO_NETWORK, **variables},
        text=True, capture_output=True, timeout=120)


def without_accuracies(output):
    """Return the lines that a run printed, each without the number after `accuracy:`."""
    return [re.sub(r"accuracy: [01]\.\d+", "accuracy:", line) for line in output.splitlines()]
