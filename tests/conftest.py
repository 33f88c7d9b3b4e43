import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import pytest
import torch

from tests import tiny_mnist

matplotlib.use("Agg")

PROJECT = Path(__file__).resolve().parent.parent
NO_NETWORK = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
SCREEN = ("DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND")


@pytest.fixture(scope="session")
def tiny_files():
    return tiny_mnist.idx_files()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty current folder, without network or screen; all settings are put back after."""
    monkeypatch.chdir(tmp_path)
    for name, value in NO_NETWORK.items():
        monkeypatch.setenv(name, value)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in SCREEN:
        monkeypatch.delenv(name, raising=False)
    threads = torch.get_num_threads()
    with warnings.catch_warnings():
        yield tmp_path
    torch.set_num_threads(threads)
    plt.close("all")


def script_in(folder, **environment):
    """Return what starts `python mnist_mlp.py` in `folder`, without network or screen."""
    shutil.copy(PROJECT / "mnist_mlp.py", folder)
    clean = {name: value for name, value in os.environ.items()
             if name not in SCREEN and not name.lower().endswith("_proxy")}
    return dict(args=[sys.executable, "mnist_mlp.py"], cwd=folder, text=True,
                env={**clean, **NO_NETWORK, **environment})


def run_script(folder, **environment):
    return subprocess.run(**script_in(folder, **environment), capture_output=True)
