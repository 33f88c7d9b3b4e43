"""What the post says of the program, and what the README says of its faithfulness."""
import math
import re
import shutil

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader
from torchvision.datasets import MNIST
from torchvision.transforms import ToTensor

import mnist_mlp
from tests import tiny_mnist
from tests.conftest import PROJECT, run_script


@pytest.fixture
def tiny(folder, tiny_files):
    """A current folder in which MNIST is the tiny data set, unpacked."""
    tiny_mnist.lay(tiny_files, folder)
    return folder


# The network

def test_the_network_has_four_layers_under_the_names_of_the_post():
    shapes = {name: tuple(value.shape) for name, value in mnist_mlp.Net().state_dict().items()}
    assert shapes == {"fc1.weight": (64, 784), "fc1.bias": (64,),
                      "fc2.weight": (64, 64), "fc2.bias": (64,),
                      "fc3.weight": (64, 64), "fc3.bias": (64,),
                      "fc4.weight": (10, 64), "fc4.bias": (10,)}
    assert sum(math.prod(shape) for shape in shapes.values()) == 59_210


def test_each_node_is_a_weighted_sum_and_relu_and_the_last_layer_is_log_softmax():
    torch.manual_seed(3)
    net = mnist_mlp.Net()
    x = torch.rand(7, 784)
    a = {name: value.numpy().astype(np.float64) for name, value in net.state_dict().items()}
    nodes = x.numpy().astype(np.float64)
    for layer in ("fc1", "fc2", "fc3"):
        nodes = np.maximum(nodes @ a[f"{layer}.weight"].T + a[f"{layer}.bias"], 0)
    nodes = nodes @ a["fc4.weight"].T + a["fc4.bias"]
    softmax = np.exp(nodes) / np.exp(nodes).sum(axis=1, keepdims=True)

    output = net(x).detach()

    assert output.shape == (7, 10) and output.dtype == torch.float32
    np.testing.assert_allclose(output.numpy(), np.log(softmax), rtol=0, atol=1e-5)


def test_exp_of_the_output_is_ten_probabilities_that_sum_to_one():
    probabilities = torch.exp(mnist_mlp.Net()(torch.rand(4, 784)))
    assert (probabilities >= 0).all() and (probabilities <= 1).all()
    torch.testing.assert_close(probabilities.sum(dim=1), torch.ones(4))


# The data

@pytest.mark.parametrize("is_train, n", [(True, tiny_mnist.N_TRAIN), (False, tiny_mnist.N_TEST)])
def test_a_batch_is_15_images_and_labels_and_the_last_one_is_what_is_left(tiny, is_train, n):
    batches = list(mnist_mlp.get_data_loader(is_train))
    sizes = [15] * (n // 15) + [n % 15]
    assert [tuple(x.shape) for x, _ in batches] == [(size, 1, 28, 28) for size in sizes]
    assert [tuple(y.shape) for _, y in batches] == [(size,) for size in sizes]
    assert {x.dtype for x, _ in batches} == {torch.float32}
    assert {y.dtype for _, y in batches} == {torch.int64}
    assert min(x.min() for x, _ in batches) == 0 and max(x.max() for x, _ in batches) == 1
    assert {int(label) for _, y in batches for label in y} == set(range(10))


def test_each_pass_gives_every_image_once_with_its_label_in_another_order(tiny):
    images, labels = tiny_mnist.draw_digits(tiny_mnist.N_TRAIN, seed=1)
    expected = sorted((image.tobytes(), label) for image, label in zip(images, labels))
    loader = mnist_mlp.get_data_loader(is_train=True)
    passes = []
    for _ in range(2):
        passes.append([((image * 255).round().byte().numpy().tobytes(), int(label))
                       for x, y in loader for image, label in zip(x, y)])
    assert sorted(passes[0]) == sorted(passes[1]) == expected
    assert passes[0] != passes[1]
    assert passes[0] != [(image.tobytes(), label) for image, label in zip(images, labels)]


@pytest.mark.parametrize("is_train", [True, False])
def test_batches_equal_those_of_the_plain_loader_from_the_same_seed(tiny, is_train):
    plain = DataLoader(MNIST("", is_train, transform=ToTensor()), batch_size=15, shuffle=True)
    ours = mnist_mlp.get_data_loader(is_train)
    torch.manual_seed(4)
    expected = list(plain) + list(plain)
    torch.manual_seed(4)
    batches = list(ours) + list(ours)
    assert len(batches) == len(expected)
    for (x, y), (plain_x, plain_y) in zip(batches, expected):
        assert torch.equal(x, plain_x) and torch.equal(y, plain_y)


def test_the_loader_scales_all_256_grey_values_as_to_tensor_does(folder):
    images = np.arange(784).astype(np.uint8).reshape(1, 28, 28)
    tiny_mnist.lay({"train-images-idx3-ubyte": tiny_mnist.idx(images),
                    "train-labels-idx1-ubyte": tiny_mnist.idx(np.zeros(1, np.uint8)),
                    "t10k-images-idx3-ubyte": b"", "t10k-labels-idx1-ubyte": b""}, folder)
    (x, _), = mnist_mlp.get_data_loader(is_train=True)
    assert torch.equal(x[0], ToTensor()(images[0]))


# The measure

class FirstPixel(torch.nn.Module):
    """A network that takes the value of an image's first pixel for its digit."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))
        self.grad_was_enabled = set()

    def forward(self, x):
        assert x.shape[1:] == (784,)
        self.grad_was_enabled.add(torch.is_grad_enabled())
        digits = torch.nn.functional.one_hot(x[:, 0].long(), 10)
        return torch.log_softmax(digits * self.weight, dim=1)


def batch(pixels, labels):
    x = torch.zeros(len(pixels), 1, 28, 28)
    x[:, 0, 0, 0] = torch.tensor(pixels)
    return x, torch.tensor(labels)


@pytest.mark.parametrize("batches, accuracy", [
    ([batch([1, 2, 3], [1, 2, 3])], 1),
    ([batch([1, 2, 3], [3, 1, 2])], 0),
    ([batch([0, 9, 5], [0, 9, 4]), batch([7, 7], [7, 1])], 3 / 5),
    ([batch([1, 1, 1, 1], [1, 1, 1, 1]), batch([2], [8])], 4 / 5),
])
def test_accuracy_is_the_fraction_of_all_images_that_are_named_rightly(batches, accuracy):
    assert mnist_mlp.evaluate(batches, FirstPixel()) == accuracy


def test_measuring_leaves_the_network_unchanged_and_computes_no_gradients(tiny):
    net = mnist_mlp.Net()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    mnist_mlp.evaluate(mnist_mlp.get_data_loader(is_train=False), net)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert all(parameter.grad is None for parameter in net.parameters()) and net.training
    recorder = FirstPixel()
    mnist_mlp.evaluate([batch([1], [1])], recorder)
    assert recorder.grad_was_enabled == {False}


# The whole run

def long_way(seed):
    """The same work, image by image, with the post's numbers written out.

    Returns the lines that it would print, its weights, and the four (title, image) it draws.
    """
    torch.manual_seed(seed)
    train_data, test_data = (
        DataLoader(MNIST("", is_train, transform=ToTensor()), batch_size=15, shuffle=True)
        for is_train in (True, False))
    net = torch.nn.Sequential(
        torch.nn.Linear(784, 64), torch.nn.ReLU(), torch.nn.Linear(64, 64), torch.nn.ReLU(),
        torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10),
        torch.nn.LogSoftmax(dim=1))

    def accuracy():
        hits = [int(row.argmax()) == int(label)
                for x, y in test_data for row, label in zip(net(x.flatten(1)), y)]
        return sum(hits) / len(hits)

    lines = [f"initial accuracy: {accuracy()}"]
    adam = torch.optim.Adam(net.parameters(), lr=0.001)
    for epoch in (0, 1):
        for x, y in train_data:
            adam.zero_grad()
            torch.nn.NLLLoss()(net(x.flatten(1)), y).backward()
            adam.step()
        lines.append(f"epoch {epoch} accuracy: {accuracy()}")
    drawn = [(f"prediction: {int(net(x[:1].flatten(1)).argmax())}", x[0, 0])
             for x, _ in list(test_data)[:4]]
    return lines, list(net.parameters()), drawn


@pytest.mark.parametrize("seed", [0, 11])
def test_a_run_ends_with_the_accuracies_weights_and_pictures_of_the_long_way(
        tiny, monkeypatch, capsys, seed):
    nets = []

    class RememberedNet(mnist_mlp.Net):
        def __init__(self):
            super().__init__()
            nets.append(self)

    monkeypatch.setattr(mnist_mlp, "Net", RememberedNet)
    if seed != 0:  # At 0 it is the script's own seed that is tried.
        monkeypatch.setattr(mnist_mlp, "SEED", seed)
    mnist_mlp.main()
    lines, weights, drawn = long_way(seed)

    assert capsys.readouterr().out.splitlines() == lines + ["saved predictions.png"]
    net, = nets
    assert len(weights) == len(list(net.parameters()))
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(net.parameters(), weights))
    panels = plt.gcf().axes
    assert [panel.get_title() for panel in panels] == [title for title, _ in drawn]
    for panel, (_, image) in zip(panels, drawn):
        shown, = panel.get_images()
        np.testing.assert_array_equal(shown.get_array(), image.numpy())
        assert shown.get_cmap().name == "viridis" and not panel.axison
    assert plt.get_fignums() == [1]


def test_a_run_uses_one_thread(tiny):
    torch.set_num_threads(2)
    mnist_mlp.main()
    assert torch.get_num_threads() == 1


def test_the_figure_is_shown_after_it_is_saved(tiny, monkeypatch):
    there_when_shown = []
    monkeypatch.setattr(plt, "show", lambda: there_when_shown.append(
        (tiny / "predictions.png").exists() and plt.get_fignums() == [1]))
    mnist_mlp.main()
    assert there_when_shown == [True]


def accuracies(stdout):
    """Return the three accuracies that a run printed, having checked each line's words."""
    form = (r"initial accuracy: (\S+)\nepoch 0 accuracy: (\S+)\nepoch 1 accuracy: (\S+)\n"
            r"saved predictions\.png\n")
    return [float(number) for number in re.fullmatch(form, stdout).groups()]


@pytest.fixture(scope="module")
def smoke(tmp_path_factory, tiny_files):
    """One run as a user does it, with neither screen nor network: (its folder, its end)."""
    folder = tmp_path_factory.mktemp("smoke")
    tiny_mnist.lay(tiny_files, folder)
    return folder, run_script(folder)


def test_python_mnist_mlp_py_learns_draws_four_digits_and_says_nothing_on_stderr(smoke):
    folder, end = smoke
    assert (end.returncode, end.stderr) == (0, "")
    initial, _, final = accuracies(end.stdout)
    assert initial < 0.35 and final > 0.8

    picture = plt.imread(folder / "predictions.png")[:, :, :3]
    for quarter in np.array_split(picture, 4, axis=1):
        for colour in plt.get_cmap("viridis")([0, 255])[:, :3]:
            assert (np.abs(quarter - colour).max(axis=2) < 0.1).sum() > 100
        assert (quarter.max(axis=2) < 0.2).sum() > 20  # the title


def test_a_second_run_prints_and_draws_the_same(smoke, tmp_path, tiny_files):
    folder, end = smoke
    tiny_mnist.lay(tiny_files, tmp_path)
    again = run_script(tmp_path, MPLBACKEND="Agg")
    assert (again.returncode, again.stdout, again.stderr) == (0, end.stdout, "")
    pictures = [plt.imread(place / "predictions.png") for place in (folder, tmp_path)]
    np.testing.assert_array_equal(*pictures)


def test_on_the_real_mnist_two_epochs_reach_0_95(tmp_path):
    raw = PROJECT / "MNIST" / "raw"
    if not all(list(raw.glob(f"{name.removesuffix('.gz')}*")) for name, _ in MNIST.resources):
        pytest.skip("the four files of the real MNIST are not in MNIST/raw of the project's "
                    "folder: run mnist_mlp.py there once")
    shutil.copytree(raw, tmp_path / "MNIST" / "raw")
    end = run_script(tmp_path)
    shutil.rmtree(tmp_path / "MNIST")
    assert (end.returncode, end.stderr) == (0, "")
    assert accuracies(end.stdout)[-1] >= 0.95
