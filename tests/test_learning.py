"""What the post says of the program, and what the README says of its faithfulness."""
import matplotlib.pyplot as plt
import numpy as np
import torch

import mnist_mlp
from tests import tiny_mnist
from tests.helpers import LINES, without_accuracies
from tests.plain_program import plain_program

TINY = tiny_mnist.drawn_mnist()


def test_the_numbers_are_those_of_the_post():
    assert mnist_mlp.BATCH_SIZE == 15
    assert mnist_mlp.LEARNING_RATE == 0.001
    assert mnist_mlp.EPOCHS == 2


def test_the_network_has_four_layers_under_the_names_of_the_post():
    shapes = {name: tuple(values.shape) for name, values in mnist_mlp.Net().named_parameters()}
    assert shapes == {
        "fc1.weight": (64, 784), "fc1.bias": (64,), "fc2.weight": (64, 64), "fc2.bias": (64,),
        "fc3.weight": (64, 64), "fc3.bias": (64,), "fc4.weight": (10, 64), "fc4.bias": (10,)}


def test_the_output_is_the_logarithm_of_the_softmax_of_four_layers_with_relu_between():
    torch.manual_seed(3)
    net = mnist_mlp.Net()
    x = torch.rand(7, 784)
    output = net(x).detach()
    assert output.shape == (7, 10)
    assert output.dtype == torch.float32
    assert output.max() <= 0

    nodes = x.numpy()
    for layer in (net.fc1, net.fc2, net.fc3, net.fc4):
        weights = layer.weight.detach().numpy()
        biases = layer.bias.detach().numpy()
        nodes = nodes @ weights.T + biases
        if layer is not net.fc4:
            nodes = np.maximum(nodes, 0)
    softmax = np.exp(nodes) / np.exp(nodes).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(torch.exp(output), softmax, rtol=0, atol=1e-6)


def batch(predicted, right):
    """Return images whose pixels all have the value in `predicted`, and the labels `right`."""
    x = torch.zeros(len(predicted), 1, 28, 28, dtype=torch.int64)
    for i, digit in enumerate(predicted):
        x[i] = digit
    return x, torch.tensor(right)


def test_accuracy_is_the_fraction_of_all_images_that_are_classified_right():
    def net(x):  # It takes the value of an image's pixels for its digit.
        assert x.shape == (len(x), 784)
        assert not torch.is_grad_enabled()
        return torch.nn.functional.one_hot(x[:, 0], 10)

    three_of_three = batch([1, 2, 3], right=[1, 2, 3])
    none_of_three = batch([1, 2, 3], right=[3, 1, 2])
    two_of_three = batch([0, 9, 5], right=[0, 9, 4])
    one_of_two = batch([7, 7], right=[7, 1])
    assert mnist_mlp.evaluate([three_of_three], net) == 1
    assert mnist_mlp.evaluate([none_of_three], net) == 0
    assert mnist_mlp.evaluate([two_of_three, one_of_two], net) == 3 / 5


def check_that_it_learns_like(plain_run, capsys):
    """Run the script's main: it must print, learn and draw what the plain program does."""
    net = mnist_mlp.main()
    printed = capsys.readouterr().out.splitlines()
    lines, plain_net, images, titles = plain_run()
    assert printed == [*lines, "saved predictions.png"]
    ours = dict(net.named_parameters())
    for name, values in zip(ours, plain_net.parameters(), strict=True):
        np.testing.assert_array_equal(ours[name].detach(), values.detach(), err_msg=name)
    panels = plt.gcf().axes
    assert [panel.get_title() for panel in panels] == titles
    for panel, image in zip(panels, images, strict=True):
        shown, = panel.get_images()
        np.testing.assert_array_equal(shown.get_array(), image)
        assert shown.get_cmap().name == "viridis"  # the colours that the post's program shows


def test_a_run_does_bit_for_bit_what_the_plain_program_does(folder, capsys):
    tiny_mnist.lay(TINY, folder)
    torch.set_num_threads(2)
    check_that_it_learns_like(lambda: plain_program(seed=0), capsys)
    assert torch.get_num_threads() == 1


def test_the_four_numbers_at_the_top_of_the_script_are_the_ones_used(folder, monkeypatch, capsys):
    tiny_mnist.lay(TINY, folder)
    monkeypatch.setattr(mnist_mlp, "SEED", 11)
    monkeypatch.setattr(mnist_mlp, "BATCH_SIZE", 20)
    monkeypatch.setattr(mnist_mlp, "LEARNING_RATE", 0.01)
    monkeypatch.setattr(mnist_mlp, "EPOCHS", 1)
    check_that_it_learns_like(lambda: plain_program(11, 20, 0.01, 1), capsys)


def test_the_command_for_drawn_digits_says_so_and_runs_the_program_on_them(folder, capsys):
    tiny_mnist.main(folder / "drawn")
    first_line, *lines = without_accuracies(capsys.readouterr().out)
    assert first_line == "1505 drawn digits to train on and 203 to test on, in place of MNIST:"
    assert lines == LINES
