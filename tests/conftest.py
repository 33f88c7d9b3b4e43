import os
import socket
import subprocess
import sys
import warnings
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import pytest
import torch

matplotlib.use("Agg")

PROJECT = Path(__file__).resolve().parent.parent
NO_NETWORK = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty current folder, without network; all settings are put back after the test."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DISPLAY", ":0")  # Without it, Matplotlib does not miss a window on Linux.
    for name, value in NO_NETWORK.items():
        monkeypatch.setenv(name, value)
        monkeypatch.delenv(name.upper(), raising=False)
    threads = torch.get_num_threads()
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "FigureCanvas")
        yield tmp_path
    torch.set_num_threads(threads)
    socket.setdefaulttimeout(None)
    plt.close("all")


def run_python(*args, cwd, backend="agg"):
    """Run `python args` in the folder cwd, with neither network nor screen."""
    clean = {name: value for name, value in os.environ.items()
             if name not in ("DISPLAY", "WAYLAND_DISPLAY") and not name.lower().endswith("_proxy")}
    return subprocess.run([sys.executable, *args], cwd=cwd, text=True, capture_output=True,
                          env={**clean, **NO_NETWORK, "MPLBACKEND": backend})
