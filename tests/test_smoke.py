"""The smoke test: the whole program, run as a reader runs it, on few images.

There are two sets of 1,505 images to train on and 203 to test on, each in the four files that
MNIST consists of: the first images of the real MNIST, where mnist_mlp.py has put it into
MNIST/raw, and digits that the tests draw, which need no download.
"""
import matplotlib.pyplot as plt
import pytest

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


@pytest.mark.skipif(not helpers.HAS_REAL_MNIST, reason=helpers.NO_REAL_MNIST)
def test_the_program_works_on_the_first_images_of_the_real_mnist(tmp_path):
    check_a_run_on(tiny_mnist.first_of_real_mnist(), tmp_path)


def test_the_program_works_on_drawn_digits(tmp_path):
    check_a_run_on(tiny_mnist.drawn_mnist(), tmp_path)
