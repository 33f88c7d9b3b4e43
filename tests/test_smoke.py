"""The smoke test: the whole program, run as a reader runs it, on a tiny subset of MNIST.

It runs on two data sets, each with 1,505 images to train on and 203 to test on, in the four files
that MNIST consists of:

- real: the first images of the real MNIST, where mnist_mlp.py has put it into MNIST/raw;
- drawn: digits that the tests draw themselves, so that they need no download.
"""
import matplotlib.pyplot as plt
import pytest

from tests import tiny_mnist
from tests.helpers import PRINTED, PROJECT, run_python, without_last_words


@pytest.mark.parametrize("data_set", ["real", "drawn"])
def test_the_program_prints_its_lines_learns_and_saves_its_picture(data_set, tmp_path):
    if data_set == "drawn":
        made = run_python("-m", "tests.tiny_mnist", tmp_path, cwd=PROJECT)
        assert made.stderr == ""
        assert made.returncode == 0
    elif (PROJECT / "MNIST" / "raw" / "t10k-labels-idx1-ubyte.gz").exists():
        tiny_mnist.lay(tiny_mnist.first_of_real_mnist(PROJECT / "MNIST" / "raw"), tmp_path)
    else:
        pytest.skip("the real MNIST is not in MNIST/raw: run mnist_mlp.py once")

    end = run_python(PROJECT / "mnist_mlp.py", cwd=tmp_path)
    assert end.returncode == 0, end.stderr
    assert without_last_words(end.stdout) == PRINTED
    initial, _, final = [float(line.split()[-1]) for line in end.stdout.splitlines()[:3]]
    assert initial < 0.35
    assert final > 0.7
    assert plt.imread(tmp_path / "predictions.png").shape == (220, 800, 4)
