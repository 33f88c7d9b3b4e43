"""What the post says of the program, and what the README says of its faithfulness."""
import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

import mnist_mlp
from tests import tiny_mnist
from tests.plain_program import plain_loader, plain_program

TINY = tiny_mnist.drawn_mnist()


def test_the_numbers_are_those_of_the_post():
    assert mnist_mlp.BATCH_SIZE == 15
    assert mnist_mlp.LEARNING_RATE == 0.001
    assert mnist_mlp.EPOCHS == 2


def test_the_docstring_shows_the_lines_that_the_program_prints():
    lines = re.findall(r"^    (.* accuracy:) 0\.\d+$", mnist_mlp.__doc__, re.MULTILINE)
    assert lines == ["initial accuracy:", "epoch 0 accuracy:", "epoch 1 accuracy:"]


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


@pytest.mark.parametrize("is_train, n", [(True, tiny_mnist.N_TRAIN), (False, tiny_mnist.N_TEST)])
def test_batches_equal_those_of_the_plain_loader_from_the_same_seed(folder, is_train, n):
    tiny_mnist.lay(TINY, folder)
    plain = plain_loader(is_train)
    ours = mnist_mlp.get_data_loader(is_train)
    torch.manual_seed(4)
    expected = list(plain) + list(plain)
    torch.manual_seed(4)
    batches = list(ours) + list(ours)

    sizes = [15] * (n // 15) + [n % 15]
    assert [len(y) for _, y in batches] == sizes + sizes
    for (x, y), (plain_x, plain_y) in zip(batches, expected, strict=True):
        assert x.shape == (len(y), 1, 28, 28)
        assert (x.dtype, y.dtype) == (torch.float32, torch.int64)
        np.testing.assert_array_equal(x, plain_x)
        np.testing.assert_array_equal(y, plain_y)


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


@pytest.mark.parametrize("seed", [0, 11])
def test_a_run_prints_the_lines_and_ends_with_the_weights_of_the_plain_program(
        folder, monkeypatch, capsys, seed):
    tiny_mnist.lay(TINY, folder)
    monkeypatch.setattr(mnist_mlp, "SEED", seed)
    nets = []

    def keep(test_data, net):
        nets.append(net)

    monkeypatch.setattr(mnist_mlp, "draw_predictions", keep)
    torch.set_num_threads(2)
    mnist_mlp.main()
    assert torch.get_num_threads() == 1

    lines, plain_net, _, _ = plain_program(seed)
    assert capsys.readouterr().out.splitlines() == lines
    ours = dict(nets[0].named_parameters())
    for name, values in zip(ours, plain_net.parameters(), strict=True):
        np.testing.assert_array_equal(ours[name].detach(), values.detach(), err_msg=name)


def test_the_picture_shows_four_images_with_their_predictions_as_in_the_plain_program(
        folder, monkeypatch):
    tiny_mnist.lay(TINY, folder)
    saved_pictures = []

    def show():  # By now the picture must be saved.
        saved_pictures.append(plt.imread("predictions.png"))

    monkeypatch.setattr(plt, "show", show)
    mnist_mlp.main()
    picture, = saved_pictures
    assert picture.shape == (240, 800, 4)  # 2.4 x 8 inches, 100 pixels each; RGBA
    for edge in (picture[0], picture[-1], picture[:, 0], picture[:, -1]):
        assert edge.min() == 1, "something touches the edge of the picture, which should be white"
    assert plt.get_fignums() == [1]

    _, _, images, titles = plain_program(seed=0)
    panels = plt.gcf().axes
    assert [panel.get_title() for panel in panels] == titles
    for panel, image in zip(panels, images, strict=True):
        shown, = panel.get_images()
        np.testing.assert_array_equal(shown.get_array(), image)
        assert shown.get_cmap().name == "viridis"
        assert not panel.axison
        assert panel.get_position().width > 0.2  # Four panels of a quarter each: no wide margins.
