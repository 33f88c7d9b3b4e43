from socket import setdefaulttimeout

import matplotlib
import matplotlib.pyplot as plt
import pytest
import torch
from torchvision.datasets import MNIST

from tests.helpers import NO_NETWORK

matplotlib.use("Agg")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty current folder. Downloads fail, and what mnist_mlp.py sets is put back."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plt, "show", lambda: None)
    monkeypatch.setattr(MNIST, "mirrors", MNIST.mirrors)  # The script sets it.
    for name, value in NO_NETWORK.items():
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.setenv(name, value)
    threads = torch.get_num_threads()
    yield tmp_path
    torch.set_num_threads(threads)
    setdefaulttimeout(None)
    plt.close("all")
