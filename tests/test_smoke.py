"""The smoke test: the whole program, run as a reader runs it, on a tiny subset of MNIST.

It runs on two data sets, each with 1,505 images to train on and 203 to test on, in the four files
that MNIST consists of:

- real: the first images of the real MNIST, where mnist_mlp.py has put it into MNIST/raw;
- drawn: digits that the tests draw themselves, so that they need no download.
"""
import sys

import matplotlib.pyplot as plt
import pytest

from tests import tiny_mnist
from tests.helpers import LINES, PROJECT, run_python, without_accuracies

RAW = PROJECT / "MNIST" / "raw"


def check_a_run_in(folder):
    """Run the program in `folder`: it must print its lines, learn and save its picture."""
    end = run_python(PROJECT / "mnist_mlp.py", cwd=folder)
    assert end.returncode == 0, end.stderr
    if sys.platform == "linux":  # Elsewhere, Matplotlib warns that it cannot show a window.
        assert end.stderr == ""
    assert without_accuracies(end.stdout) == LINES
    initial, _, final = [float(line.split()[-1]) for line in end.stdout.splitlines()[:3]]
    assert initial < 0.35
    assert final > 0.7
    assert plt.imread(folder / "predictions.png").shape == (220, 800, 4)


@pytest.mark.skipif(not (RAW / "t10k-labels-idx1-ubyte").exists(),
                    reason="the real MNIST is not in MNIST/raw: run mnist_mlp.py once")
def test_the_program_works_on_the_first_images_of_the_real_mnist(tmp_path):
    tiny_mnist.lay(tiny_mnist.first_of_real_mnist(RAW), tmp_path)
    check_a_run_in(tmp_path)


def test_the_program_works_on_drawn_digits(tmp_path):
    made = run_python("-m", "tests.tiny_mnist", tmp_path, cwd=PROJECT)
    assert made.returncode == 0, made.stderr
    check_a_run_in(tmp_path)
