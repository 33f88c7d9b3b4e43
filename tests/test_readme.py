"""What the README tells people to paste or to type is done here, as they would do it."""
from pathlib import Path

import matplotlib.pyplot as plt

import mnist_mlp
from tests import conv_net, tiny_mnist
from tests.helpers import LINES, readme_programs, without_accuracies


def test_the_programs_are_the_same_in_both_halves_short_and_in_plain_ascii():
    english, chinese = readme_programs()
    assert english == chinese
    for program in english:
        assert program.isascii()
        assert len(program.splitlines()) <= 16


def test_the_programs_run_one_after_another_in_the_order_of_the_page(folder):
    tiny_mnist.lay(tiny_mnist.drawn_mnist(), folder)
    keep, show_wrong_digits = readme_programs()[0]
    exec(keep, {})
    assert Path("net.pt").exists()
    exec(show_wrong_digits, {})
    picture = plt.imread("wrong.png")
    assert picture.std() > 0.1, "wrong.png should not be empty"


def test_the_convolutional_network_prints_the_same_lines(folder, monkeypatch, capsys):
    tiny_mnist.lay(tiny_mnist.drawn_mnist(60, 64), folder)
    monkeypatch.setattr(mnist_mlp, "Net", mnist_mlp.Net)  # It is replaced.
    conv_net.main()
    assert without_accuracies(capsys.readouterr().out) == LINES
