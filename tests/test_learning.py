"""What the post says of the program, and what the README says of its faithfulness."""
import re
import shutil
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader
from torchvision.datasets import MNIST
from torchvision.transforms import ToTensor

import mnist_mlp
from tests import tiny_mnist
from tests.conftest import PROJECT, run_python

TINY = tiny_mnist.idx_files()


def test_the_network_has_four_layers_under_the_names_of_the_post():
    assert {name: [*values.shape] for name, values in mnist_mlp.Net().named_parameters()} == {
        "fc1.weight": [64, 784], "fc1.bias": [64], "fc2.weight": [64, 64], "fc2.bias": [64],
        "fc3.weight": [64, 64], "fc3.bias": [64], "fc4.weight": [10, 64], "fc4.bias": [10]}


def test_each_node_is_a_weighted_sum_and_relu_and_exp_of_the_output_is_the_softmax():
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
    assert output.shape == (7, 10) and output.dtype == torch.float32 and (output <= 0).all()
    np.testing.assert_allclose(torch.exp(output).numpy(), softmax, rtol=0, atol=1e-6)


@pytest.mark.parametrize("is_train, n", [(True, tiny_mnist.N_TRAIN), (False, tiny_mnist.N_TEST)])
def test_batches_equal_those_of_the_plain_loader_from_the_same_seed(folder, is_train, n):
    tiny_mnist.lay(TINY, folder)
    plain = DataLoader(MNIST("", is_train, transform=ToTensor()), batch_size=15, shuffle=True)
    ours = mnist_mlp.get_data_loader(is_train)
    torch.manual_seed(4)
    expected = list(plain) + list(plain)
    torch.manual_seed(4)
    batches = list(ours) + list(ours)

    assert [len(y) for _, y in batches] == ([15] * (n // 15) + [n % 15]) * 2
    for (x, y), (plain_x, plain_y) in zip(batches, expected, strict=True):
        assert torch.equal(x, plain_x) and x.dtype == torch.float32 and x.shape[1:] == (1, 28, 28)
        assert torch.equal(y, plain_y) and y.dtype == torch.int64
    greys = torch.cat([x for x, _ in batches]).unique()
    assert greys.min() == 0 and greys.max() == 1 and len(greys) > 200


@pytest.mark.parametrize("batches, accuracy", [
    ([([1, 2, 3], [1, 2, 3])], 1), ([([1, 2, 3], [3, 1, 2])], 0),
    ([([0, 9, 5], [0, 9, 4]), ([7, 7], [7, 1])], 3 / 5), ([([1] * 4, [1] * 4), ([2], [8])], 4 / 5),
])
def test_accuracy_is_the_fraction_of_all_images_that_are_classified_correctly(batches, accuracy):
    def net(x):  # It takes the value of an image's pixels for its digit.
        assert x.shape[1:] == (784,) and not torch.is_grad_enabled()
        return torch.nn.functional.one_hot(x[:, 0].long(), 10)

    data = [(torch.tensor(digits).view(-1, 1, 1, 1).repeat(1, 1, 28, 28), torch.tensor(labels))
            for digits, labels in batches]
    assert mnist_mlp.evaluate(data, net) == accuracy


def long_way(seed, rate):
    """Do the work image by image; return the lines to print, the weights, and what is drawn."""
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
    adam = torch.optim.Adam(net.parameters(), lr=rate)
    for epoch in (0, 1):
        for x, y in train_data:
            adam.zero_grad()
            torch.nn.NLLLoss()(net(x.flatten(1)), y).backward()
            adam.step()
        lines.append(f"epoch {epoch} accuracy: {accuracy()}")
    drawn = [(f"prediction: {int(net(x[:1].flatten(1)).argmax())}", x[0, 0])
             for x, _ in list(test_data)[:4]]
    return lines, list(net.parameters()), drawn


@pytest.mark.parametrize("seed, rate", [(0, 0.001), (11, 0.003)])
def test_a_run_ends_with_the_accuracies_weights_and_pictures_of_the_long_way(
        folder, monkeypatch, capsys, seed, rate):
    tiny_mnist.lay(TINY, folder)
    net_class, nets, shown = mnist_mlp.Net, [], []
    monkeypatch.setattr(mnist_mlp, "Net", lambda: nets.append(net_class()) or nets[-1])
    monkeypatch.setattr(plt, "show", lambda: shown.append(
        plt.imread("predictions.png").shape[:2] == (220, 800) and plt.get_fignums() == [1]))
    if seed != 0:  # At 0, the script's own numbers are tried.
        monkeypatch.setattr(mnist_mlp, "SEED", seed)
        monkeypatch.setattr(mnist_mlp, "LEARNING_RATE", rate)
    torch.set_num_threads(2)
    mnist_mlp.main()
    assert torch.get_num_threads() == 1 and shown == [True]

    lines, weights, drawn = long_way(seed, rate)
    assert capsys.readouterr().out.splitlines() == lines + ["saved predictions.png"]
    for ours, theirs in zip(nets[0].parameters(), weights, strict=True):
        assert torch.equal(ours, theirs)
    for panel, (title, image) in zip(plt.gcf().axes, drawn, strict=True):
        image_shown, = panel.get_images()
        np.testing.assert_array_equal(image_shown.get_array(), image.numpy())
        assert image_shown.get_cmap().name == "viridis" and panel.get_position().width > 0.2
        assert panel.get_title() == title and not panel.axison


def accuracies(end):
    """Return the three accuracies that a run printed, having checked all that it printed."""
    form = (r"initial accuracy: (\S+)\nepoch 0 accuracy: (\S+)\nepoch 1 accuracy: (\S+)\n"
            r"saved predictions\.png\n")
    assert (end.returncode, end.stderr) == (0, "")
    return [float(number) for number in re.fullmatch(form, end.stdout).groups()]


def test_without_network_or_screen_the_script_learns_and_draws_drawn_digits(tmp_path):
    backend = "" if sys.platform == "linux" else "agg"  # Elsewhere there is always a screen.
    made = run_python("-m", "tests.tiny_mnist", tmp_path, cwd=PROJECT)
    assert (made.returncode, made.stderr) == (0, "") and str(tmp_path) in made.stdout
    initial, _, final = accuracies(
        run_python(PROJECT / "mnist_mlp.py", cwd=tmp_path, backend=backend))
    assert initial < 0.35 and final > 0.8
    for quarter in np.array_split(plt.imread(tmp_path / "predictions.png"), 4, axis=1):
        for colour in plt.get_cmap("viridis")([0, 255]):
            assert (np.abs(quarter - colour).max(axis=2) < 0.1).sum() > 100


def test_on_the_real_mnist_two_epochs_reach_0_95(tmp_path):
    raw = PROJECT / "MNIST" / "raw"
    if not all(list(raw.glob(f"{name}*")) for name in tiny_mnist.NAMES):
        pytest.skip("MNIST/raw is not in the project's folder: run mnist_mlp.py there once")
    shutil.copytree(raw, tmp_path / "MNIST" / "raw")
    assert accuracies(run_python(PROJECT / "mnist_mlp.py", cwd=tmp_path))[-1] >= 0.95
    shutil.rmtree(tmp_path / "MNIST")
