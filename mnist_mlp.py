"""Recognise handwritten digits: the program of the post, to be read beside it.

The post (in Chinese) is https://astro-pure.js.org/blog/2023/pytorch-mnist. From the same
seed, this program ends with the very weights that the post's program ends with, sooner.

Run it with `python mnist_mlp.py`. The first run downloads MNIST into the folder MNIST.
"""
import sys
import warnings
from http.client import HTTPException
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch.utils.data import DataLoader
from torchvision.datasets import MNIST

BATCH_SIZE = 15
LEARNING_RATE = 0.001
EPOCHS = 2
SEED = 0


class Net(torch.nn.Module):
    """A multilayer perceptron: 784 pixels, three layers of 64 nodes, 10 digits."""

    def __init__(self):
        super().__init__()
        self.fc1 = torch.nn.Linear(28 * 28, 64)
        self.fc2 = torch.nn.Linear(64, 64)
        self.fc3 = torch.nn.Linear(64, 64)
        self.fc4 = torch.nn.Linear(64, 10)

    def forward(self, x):
        """Return the log-probability of each digit for each image: (N, 10) float32, <= 0.

        x: (N, 784) float32 in [0, 1], one image a row.
        """
        x = torch.nn.functional.relu(self.fc1(x))
        x = torch.nn.functional.relu(self.fc2(x))
        x = torch.nn.functional.relu(self.fc3(x))
        x = torch.nn.functional.log_softmax(self.fc4(x), dim=1)
        return x


def get_data_loader(is_train):
    """Return a DataLoader over MNIST's 60,000 training images or its 10,000 test images.

    Each pass over it gives every image once, in a new random order, in batches (x, y):
    x: (15, 1, 28, 28) float32 in [0, 1], the images; y: (15,) int64 in 0..9, their labels.
    The last batch is smaller if their number does not divide by 15. Raises SystemExit, with
    advice, if the data cannot be had.
    """
    data_set = load_mnist(is_train)
    images = data_set.data.unsqueeze(1)
    labels = data_set.targets

    # The images are decoded already: the loader shuffles only their positions, and a batch of
    # them is scaled in one step. The values are those of the post's ToTensor, which turns the
    # images into tensors one by one, again at each pass.
    def to_batch(positions):
        positions = torch.tensor(positions)
        return images.index_select(0, positions) / 255, labels.index_select(0, positions)

    return DataLoader(
        range(len(images)), batch_size=BATCH_SIZE, shuffle=True, collate_fn=to_batch)


def evaluate(test_data, net):
    """Return the accuracy of `net`: the fraction of the images it names rightly, 0 to 1.

    test_data: batches (x, y) as get_data_loader gives them. `net` stays as it is.
    """
    n_correct = 0
    n_total = 0
    with torch.no_grad():
        for x, y in test_data:
            outputs = net(x.view(-1, 28 * 28))
            n_correct += (torch.argmax(outputs, dim=1) == y).sum().item()
            n_total += len(y)
    return n_correct / n_total


def train(train_data, net, optimizer):
    """Train `net` for one epoch: one step of `optimizer` for each batch of `train_data`.

    train_data: batches (x, y) as get_data_loader gives them. `net` is changed in place.
    """
    for x, y in train_data:
        net.zero_grad()
        output = net(x.view(-1, 28 * 28))
        loss = torch.nn.functional.nll_loss(output, y)
        loss.backward()
        optimizer.step()


def draw_predictions(test_data, net):
    """Draw the first image of each of four batches, with the digit that `net` takes it for.

    The picture is saved as predictions.png and, where there is a screen, shown in a window.
    Raises SystemExit, with advice, if the file cannot be written.
    """
    prepare_screen()
    figure, panels = plt.subplots(1, 4, figsize=(8, 2.2), layout="constrained")
    for panel, (x, _) in zip(panels, test_data):
        predict = torch.argmax(net(x[0].view(-1, 28 * 28)))
        panel.imshow(x[0].view(28, 28).numpy())
        panel.set_title("prediction: " + str(int(predict)))
        panel.axis("off")
    save(figure, "predictions.png")
    plt.show()


def main():
    """Train a new network on MNIST; print its accuracy before, between and after the epochs."""
    torch.manual_seed(SEED)
    # Layers this small gain nothing from more threads, and with one thread the result does
    # not depend on how many cores the machine has.
    torch.set_num_threads(1)

    train_data = get_data_loader(is_train=True)
    test_data = get_data_loader(is_train=False)
    net = Net()

    print("initial accuracy:", evaluate(test_data, net))
    optimizer = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE)
    for epoch in range(EPOCHS):
        train(train_data, net, optimizer)
        print("epoch", epoch, "accuracy:", evaluate(test_data, net))

    draw_predictions(test_data, net)


# The rest is not in the post: plain answers to trouble with the data, the disk or the screen.


def load_mnist(is_train):
    """Return torchvision's MNIST, downloaded if it is missing, or exit and say what to do."""
    raw = Path("MNIST", "raw").absolute()
    try:
        unpacked = sorted(raw.glob("train-*-ubyte" if is_train else "t10k-*-ubyte"))
        if len(unpacked) == 2 and not is_mnist(*unpacked):
            if not unpacked[0].with_suffix(".gz").exists():
                sys.exit(f"Damaged, or not MNIST: {unpacked[0].name} or {unpacked[1].name}.\n"
                         f"Delete the folder {raw} and run again: it is then fetched anew.")
            unpacked[0].unlink()  # An interrupted run left it: torchvision unpacks it again.
        return MNIST("", is_train, download=True)
    except (RuntimeError, HTTPException, ConnectionError, TimeoutError) as error:
        sys.exit(f"MNIST could not be downloaded. {str(error).strip()}\n"
                 f"Run again when the network is back, or lay these files, whole, in {raw}:\n"
                 + " ".join(name for name, _ in MNIST.resources))
    except OSError as error:
        sys.exit(f"{raw} could not be read or written: {error}\nIt needs 70 MB of room, the right "
                 "to write there, and no file in its way. Mend that and run again.")


def is_mnist(images, labels):
    """Return whether two files hold n > 0 images of 28 x 28, and a label in 0..9 for each."""
    # MNIST's files begin with int32 numbers, high byte first; each value after them is a byte.
    start, label_file = np.fromfile(images, ">i4", 4), np.fromfile(labels, np.uint8)
    n = len(label_file) - 8
    return (n > 0 and images.stat().st_size == 16 + n * 28 * 28 and label_file[8:].max() < 10
            and [*start, *label_file[:8].view(">i4")] == [2051, n, 28, 28, 2049, n])


def prepare_screen():
    """Where no window can open, draw for the file alone, without an error or a warning."""
    warnings.filterwarnings("ignore", "FigureCanvas.* is non-interactive")
    try:
        plt.switch_backend(plt.rcParams["backend"])
    except ImportError:
        plt.switch_backend("Agg")


def save(figure, name):
    """Save `figure` as the file `name`, or exit and say why it can't be written."""
    try:
        figure.savefig(name)
    except OSError as error:
        sys.exit(f"{Path(name).absolute()} could not be written: {error}")
    print("saved", name)


if __name__ == "__main__":
    main()
