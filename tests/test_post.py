"""Anyone can check the claim: bit for bit, the script does what the post's program does.

Paste the post's program into a file post.py beside mnist_mlp.py. Then these tests run both from
the same seed, on one thread: on drawn digits and, where it has been downloaded, on MNIST.
"""
import runpy
import shutil

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from tests import tiny_mnist
from tests.helpers import HAS_REAL_MNIST, NO_REAL_MNIST, PROJECT, RAW

POST = PROJECT / "post.py"
ADDRESS = "https://astro-pure.js.org/blog/2023/pytorch-mnist"
pytestmark = [
    pytest.mark.skipif(not POST.exists(), reason=(
        f"paste the program from {ADDRESS} into post.py beside mnist_mlp.py")),
    pytest.mark.filterwarnings("ignore:__array__")]  # The post hands tensors to Matplotlib.


def watch(program, seed, monkeypatch, capsys):
    """Run a program from the seed on one thread; return what it printed, learned and drew."""
    set_seed = torch.manual_seed
    make_adam = torch.optim.Adam
    parameters = []
    drawn = []

    def remember_parameters(params, *args, **kwargs):
        parameters.extend(params)
        return make_adam(parameters, *args, **kwargs)

    def remember_drawings():
        for number in plt.get_fignums():
            for panel in plt.figure(number).axes:
                image, = panel.get_images()
                drawn.append((panel.get_title(), np.array(image.get_array())))

    with monkeypatch.context() as patch:
        patch.setattr(torch, "manual_seed", lambda _: set_seed(seed))  # the script's own call
        patch.setattr(torch.optim, "Adam", remember_parameters)
        patch.setattr(plt, "show", remember_drawings)
        torch.set_num_threads(1)
        torch.manual_seed(seed)
        runpy.run_path(str(program), run_name="__main__")
    plt.close("all")
    lines = capsys.readouterr().out.splitlines()
    return {"lines": [line for line in lines if "accuracy" in line],
            "weights and biases": [values.detach().numpy() for values in parameters],
            "predictions": [title for title, _ in drawn],
            "images": [image for _, image in drawn],
            "random numbers left": [torch.get_rng_state().numpy()]}


def check_that_both_do_the_same(seed, monkeypatch, capsys):
    post = watch(POST, seed, monkeypatch, capsys)
    script = watch(PROJECT / "mnist_mlp.py", seed, monkeypatch, capsys)
    assert script["lines"] == post["lines"]
    assert len(post["lines"]) == 3
    assert script["predictions"] == post["predictions"]
    assert len(post["predictions"]) == 4
    for what in ("weights and biases", "images", "random numbers left"):
        for ours, theirs in zip(script[what], post[what], strict=True):
            np.testing.assert_array_equal(ours, theirs, err_msg=what)
    assert len(post["weights and biases"]) == 8


@pytest.mark.parametrize("seed", [0, 5])
def test_on_drawn_digits_the_script_does_bit_for_bit_what_the_post_does(
        folder, monkeypatch, capsys, seed):
    tiny_mnist.lay(tiny_mnist.drawn_mnist(), folder)
    check_that_both_do_the_same(seed, monkeypatch, capsys)


@pytest.mark.skipif(not HAS_REAL_MNIST, reason=NO_REAL_MNIST)
def test_on_mnist_the_script_does_bit_for_bit_what_the_post_does(folder, monkeypatch, capsys):
    shutil.copytree(RAW, folder / "MNIST" / "raw")
    check_that_both_do_the_same(0, monkeypatch, capsys)
