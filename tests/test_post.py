"""Bit for bit, the script does what the post's program does. Anyone can check this.

Paste the post's program into a file post.py beside mnist_mlp.py. Then these tests run both from
the same seed, on one thread: on drawn digits and, where it has been downloaded, on MNIST.
With or without post.py, they compare the script with plain_program.py.
"""
import io
import re
import shutil
from contextlib import redirect_stdout

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

import mnist_mlp
from tests import tiny_mnist
from tests.helpers import LACKS_MNIST, PROJECT, RAW

PLAIN = PROJECT / "tests" / "plain_program.py"
POST = PROJECT / "post.py"
needs_post = pytest.mark.skipif(not POST.exists(), reason=(
    "paste the program from https://astro-pure.js.org/blog/2023/pytorch-mnist into post.py "
    "beside mnist_mlp.py"))


def watch(program, numbers):
    """Run a program with these numbers at its top; return what it printed, learned and drew."""
    source = program.read_text(encoding="utf-8-sig")
    for name, value in numbers.items():
        source = re.sub(rf"^{name} = [\d.]+", f"{name} = {value}", source, flags=re.MULTILINE)
    make_adam = torch.optim.Adam
    learned = []
    panels = []

    def remember_parameters(parameters, *args, **kwargs):
        learned.extend(parameters)
        return make_adam(learned, *args, **kwargs)

    def show():
        for number in plt.get_fignums():
            panels.extend(sorted(plt.figure(number).axes, key=lambda axes: axes.get_position().x0))
        plt.close("all")

    if program == POST:  # It sets neither the seed nor the number of threads.
        torch.manual_seed(numbers["SEED"])
        torch.set_num_threads(1)
    else:  # The others must set both.
        torch.seed()
        torch.set_num_threads(2)
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()) as printed:
        patch.setattr(torch.optim, "Adam", remember_parameters)
        patch.setattr(plt, "show", show)
        exec(compile(source, program, "exec"), {"__name__": "__main__"})
    images = [panel.get_images()[0] for panel in panels]
    return {"lines": [line for line in printed.getvalue().splitlines() if "accuracy" in line],
            "weights and biases": [values.detach().numpy() for values in learned],
            "predictions": [panel.get_title() for panel in panels],
            "colours": [image.get_cmap().name for image in images],
            "images": [np.array(image.get_array()) for image in images],
            "random numbers left": [torch.get_rng_state().numpy()],
            "threads": torch.get_num_threads()}


def check_that_the_script_does_the_same_as(program, **numbers):
    theirs = watch(program, numbers)
    ours = watch(PROJECT / "mnist_mlp.py", numbers)
    for what in ("lines", "predictions", "colours", "threads"):
        assert ours[what] == theirs[what]
    for what in ("weights and biases", "images", "random numbers left"):
        for our_numbers, their_numbers in zip(ours[what], theirs[what], strict=True):
            np.testing.assert_array_equal(our_numbers, their_numbers, err_msg=what)
    assert (len(theirs["weights and biases"]), len(theirs["images"])) == (8, 4)


def test_on_drawn_digits_the_script_does_bit_for_bit_the_same_as_the_plain_program(folder):
    tiny_mnist.lay(tiny_mnist.drawn_mnist(), folder)
    check_that_the_script_does_the_same_as(PLAIN, SEED=0)


def test_the_four_numbers_at_the_top_of_the_script_are_the_ones_used(folder):
    tiny_mnist.lay(tiny_mnist.drawn_mnist(), folder)
    check_that_the_script_does_the_same_as(
        PLAIN, SEED=11, BATCH_SIZE=20, LEARNING_RATE=0.01, EPOCHS=1)


@needs_post
@pytest.mark.filterwarnings("ignore:__array__")  # It hands tensors to Matplotlib.
@pytest.mark.parametrize("digits", ["drawn", pytest.param("of MNIST", marks=pytest.mark.skipif(
    LACKS_MNIST, reason="run mnist_mlp.py first, which downloads MNIST"))])
def test_the_script_does_bit_for_bit_the_same_as_the_post_on_digits(digits, folder):
    if digits == "drawn":
        tiny_mnist.lay(tiny_mnist.drawn_mnist(), folder)
    else:
        shutil.copytree(RAW, folder / "MNIST" / "raw")
    check_that_the_script_does_the_same_as(POST, SEED=0)


def test_while_it_evaluates_pytorch_records_nothing():
    def net(x):
        assert not torch.is_grad_enabled()
        return torch.eye(10)[[0] * len(x)]

    assert mnist_mlp.evaluate([(torch.zeros(2, 784), torch.tensor([0, 1]))], net) == 0.5
