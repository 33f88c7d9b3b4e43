"""The programs of the two pages, and the commands for readers that no other test runs."""
import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

import mnist_mlp
from tests import tiny_mnist
from tests.extras import conv_net, wrong_digits
from tests.helpers import LINES, NAMES, PAGES, without_accuracies


def test_the_programs_to_paste_are_the_same_on_both_pages_and_run(folder, capsys):
    english, chinese = [
        re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
        for page in PAGES]
    assert english == chinese
    gradients, save = english
    assert (gradients + save).isascii()
    images, labels = tiny_mnist.draw_digits(64, seed=2)
    images = np.resize(images, (4000, 28, 28))  # The same again and again, since one program
    labels = np.resize(labels, 4000)  # takes test image 3718.
    files = [tiny_mnist.idx(array) for array in (images[:600], labels[:600], images, labels)]
    tiny_mnist.lay(dict(zip(NAMES, files)), folder)

    exec(gradients, {})
    printed = capsys.readouterr().out
    before, after = [float(loss) for loss in re.findall("loss.*: (.*)", printed)]
    assert after < before
    products = re.findall("(.*) x (.*) = (.*)", printed)
    assert len(products) == 2
    for derivative, value, gradient in products:
        assert float(derivative) * float(value) == pytest.approx(float(gradient), abs=1e-6)

    exec(save, {})
    assert f"label: {labels[0]}" in capsys.readouterr().out
    assert Path("net.pt").exists()


def test_the_wrong_digits_are_counted_and_drawn(folder, monkeypatch, capsys):
    tiny_mnist.lay(tiny_mnist.drawn_mnist(60, 64), folder)
    net = mnist_mlp.Net()
    torch.nn.init.zeros_(net.fc4.weight)
    torch.nn.init.zeros_(net.fc4.bias)
    monkeypatch.setattr(wrong_digits, "trained_net", lambda: net)  # It takes every digit for a 0.
    wrong_digits.main()
    labels = mnist_mlp.get_data_loader(is_train=False).dataset.tensors[1]
    n_wrong = int((labels != 0).sum())
    assert f"{n_wrong} of 64 test images are read wrong." in capsys.readouterr().out
    titles = [panel.get_title() for panel in plt.gcf().axes]
    assert titles == [f"{label} as 0" for label in labels[labels != 0][:18]]
    assert Path("wrong_digits.png").exists()


def test_the_convolutional_network_prints_the_same_lines(folder, monkeypatch, capsys):
    tiny_mnist.lay(tiny_mnist.drawn_mnist(60, 64), folder)
    monkeypatch.setattr(mnist_mlp, "Net", mnist_mlp.Net)  # It is replaced.
    conv_net.main()
    assert without_accuracies(capsys.readouterr().out) == LINES


def test_the_command_for_drawn_digits_says_so_and_runs_the_program_on_them(folder, capsys):
    tiny_mnist.main(folder / "drawn")
    first_line, *lines = without_accuracies(capsys.readouterr().out)
    assert first_line == "1505 drawn digits to train on and 203 to test on, in place of MNIST:"
    assert lines == LINES
