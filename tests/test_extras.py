"""The commands for readers, own_digit.py's aside, do what the pages say of them."""
from pathlib import Path

import matplotlib.pyplot as plt
import torch

import mnist_mlp
from tests import tiny_mnist
from tests.extras import conv_net, wrong_digits
from tests.helpers import LINES, without_accuracies


def test_the_wrong_digits_are_counted_and_drawn(folder, monkeypatch, capsys):
    tiny_mnist.lay(tiny_mnist.drawn_mnist(60, 64), folder)
    takes_all_for_0 = torch.eye(10)[[0] * 64]
    monkeypatch.setattr(wrong_digits, "trained_net", lambda: lambda x: takes_all_for_0)
    wrong_digits.main()
    labels = mnist_mlp.get_data_loader(is_train=False).dataset.tensors[1]
    wrong = labels[labels != 0]
    assert f"{len(wrong)} of 64 test images are read wrong." in capsys.readouterr().out
    titles = [panel.get_title() for panel in plt.gcf().axes]
    assert titles == [f"{label} as 0" for label in wrong[:18]]
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
