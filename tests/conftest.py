from socket import setdefaulttimeout
from unittest.mock import patch

import matplotlib
import matplotlib.pyplot as plt
import pytest
import torch
from torchvision.datasets import MNIST

from tests.helpers import NO_NETWORK

matplotlib.use("Agg")

try:
    with patch.object(MNIST, "__init__", side_effect=RuntimeError):
        import mnist_mlp  # noqa: F401
except SystemExit:
    pytest.exit('mnist_mlp.py runs when it is imported: before the last line, there should be '
                '`if __name__ == "__main__":`', returncode=1)


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
