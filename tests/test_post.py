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
from tests.helpers import HAS_REAL_MNIST, NO_REAL_MNIST, PROJECT, RAW

SCRIPT = PROJECT / "mnist_mlp.py"
PLAIN = PROJECT / "tests" / "plain_program.py"
POST = pytest.param(PROJECT / "post.py", marks=[
    pytest.mark.skipif(not (PROJECT / "post.py").exists(), reason=(
        "paste the program from https://astro-pure.js.org/blog/2023/pytorch-mnist into post.py "
        "beside mnist_mlp.py")),
    pytest.mark.filterwarnings("ignore:__array__")])  # The post hands tensors to Matplotlib.


def test_the_numbers_are_those_of_the_post():
    assert mnist_mlp.BATCH_SIZE == 15
    assert mnist_mlp.LEARNING_RATE == 0.001
    assert mnist_mlp.EPOCHS == 2


def test_the_network_has_four_layers_under_the_names_of_the_post():
    shapes = {name: tuple(values.shape) for name, values in mnist_mlp.Net().named_parameters()}
    assert shapes == {
        "fc1.weight": (64, 784), "fc1.bias": (64,), "fc2.weight": (64, 64), "fc2.bias": (64,),
        "fc3.weight": (64, 64), "fc3.bias": (64,), "fc4.weight": (10, 64), "fc4.bias": (10,)}


def watch(program, numbers):
    """Run a program with these numbers at its top; return what it printed, learned and drew."""
    source = program.read_text(encoding="utf-8-sig")
    for name, value in numbers.items():
        source = re.sub(rf"^{name} = [\d.]+", f"{name} = {value}", source, flags=re.MULTILINE)
    make_adam = torch.optim.Adam
    learned = []

    def remember_parameters(parameters, *args, **kwargs):
        learned.extend(parameters)
        return make_adam(learned, *args, **kwargs)

    if program.name == "post.py":  # It sets neither the seed nor the number of threads.
        torch.manual_seed(numbers["SEED"])
        torch.set_num_threads(1)
    else:  # The others must set both.
        torch.seed()
        torch.set_num_threads(2)
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()) as printed:
        patch.setattr(torch.optim, "Adam", remember_parameters)
        exec(compile(source, program, "exec"), {"__name__": "__main__"})
    panels = [panel for number in plt.get_fignums() for panel in plt.figure(number).axes]
    images = [panel.get_images()[0] for panel in panels]
    plt.close("all")
    return {"lines": [line for line in printed.getvalue().splitlines() if "accuracy" in line],
            "weights and biases": [values.detach().numpy() for values in learned],
            "predictions": [panel.get_title() for panel in panels],
            "colours": [image.get_cmap().name for image in images],
            "images": [np.array(image.get_array()) for image in images],
            "random numbers left": [torch.get_rng_state().numpy()],
            "threads": torch.get_num_threads()}


def check_that_the_script_does_the_same_as(program, **numbers):
    theirs = watch(program, numbers)
    ours = watch(SCRIPT, numbers)
    for what in ("lines", "predictions", "colours", "threads"):
        assert ours[what] == theirs[what]
    for what in ("weights and biases", "images", "random numbers left"):
        for our_numbers, their_numbers in zip(ours[what], theirs[what], strict=True):
            np.testing.assert_array_equal(our_numbers, their_numbers, err_msg=what)
    assert (len(theirs["weights and biases"]), len(theirs["images"])) == (8, 4)


@pytest.mark.parametrize("seed", [0, 5])
@pytest.mark.parametrize("program", [PLAIN, POST], ids=["plain_program", "post"])
def test_on_drawn_digits_the_script_does_bit_for_bit_the_same(folder, program, seed):
    tiny_mnist.lay(tiny_mnist.drawn_mnist(), folder)
    check_that_the_script_does_the_same_as(program, SEED=seed)


def test_the_four_numbers_at_the_top_of_the_script_are_the_ones_used(folder):
    tiny_mnist.lay(tiny_mnist.drawn_mnist(), folder)
    check_that_the_script_does_the_same_as(
        PLAIN, SEED=11, BATCH_SIZE=20, LEARNING_RATE=0.01, EPOCHS=1)


@pytest.mark.skipif(not HAS_REAL_MNIST, reason=NO_REAL_MNIST)
@pytest.mark.parametrize("program", [POST], ids=["post"])
def test_on_mnist_the_script_does_bit_for_bit_the_same(folder, program):
    shutil.copytree(RAW, folder / "MNIST" / "raw")
    check_that_the_script_does_the_same_as(program, SEED=0)
