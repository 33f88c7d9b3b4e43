"""What the README tells people to paste or to type is done here, as they would do it."""
import re
from pathlib import Path

import matplotlib.pyplot as plt
import torch

import mnist_mlp
from tests import conv_net, tiny_mnist, wrong_digits
from tests.helpers import LINES, PROJECT, without_accuracies


def test_the_program_to_save_and_load_the_network_is_the_same_in_both_halves_and_runs(folder):
    tiny_mnist.lay(tiny_mnist.drawn_mnist(60, 64), folder)
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    english, chinese = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    assert english == chinese
    assert english.isascii()
    names = {}
    exec(english, names)
    assert isinstance(names["net"], mnist_mlp.Net)
    assert Path("net.pt").exists()


def test_the_wrong_digits_are_counted_and_drawn(folder, capsys):
    tiny_mnist.lay(tiny_mnist.drawn_mnist(60, 64), folder)
    net = mnist_mlp.Net()
    torch.nn.init.zeros_(net.fc4.weight)
    torch.nn.init.zeros_(net.fc4.bias)
    torch.save(net.state_dict(), "net.pt")  # It takes every digit for a 0.
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
