"""The smoke test: the whole program, run as a reader runs it, on few images."""
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
import torch

import mnist_mlp
from tests import helpers, tiny_mnist


def check_a_run_on(files, folder):
    """Run the program in `folder` on these files: it must print its lines, learn and draw."""
    tiny_mnist.lay(files, folder)
    end = helpers.run_python(helpers.PROJECT / "mnist_mlp.py", cwd=folder)
    assert end.returncode == 0, end.stderr
    assert "Traceback" not in end.stderr
    assert "mnist_mlp.py:" not in end.stderr  # Python would name a line there in a warning.
    assert helpers.without_accuracies(end.stdout) == helpers.LINES
    initial, _, final = [float(line.split()[-1]) for line in end.stdout.splitlines()[:3]]
    # Without training, it is about 0.1; so few images bring about 0.8 to 0.9. Both have some room.
    assert initial < 0.35
    assert final > 0.7
    picture = plt.imread(folder / "predictions.png")[:, :, :3]  # without transparency
    coloured = (picture < 0.9).any(axis=2).mean()
    assert coloured > 0.6, "the four images should fill most of the picture"


@pytest.mark.skipif(helpers.LACKS_MNIST, reason="run mnist_mlp.py first, which downloads MNIST")
def test_the_program_works_on_the_first_images_of_the_real_mnist(tmp_path):
    check_a_run_on(tiny_mnist.first_of_real_mnist(), tmp_path)


def test_the_program_works_on_drawn_digits(tmp_path):
    check_a_run_on(tiny_mnist.drawn_mnist(), tmp_path)


def test_the_picture_is_saved_before_the_window_opens(folder, monkeypatch):
    is_saved = []
    monkeypatch.setattr(plt, "show", lambda: is_saved.append(Path("predictions.png").exists()))
    mnist_mlp.draw_predictions([(torch.zeros(1, 1, 28, 28), None)] * 4, mnist_mlp.Net())
    assert is_saved == [True]
