"""Recognise handwritten digits: train a small neural network on MNIST, then test it.

`python mnist_mlp.py` prints these accuracies (on another computer, the last decimals can differ)

    initial accuracy: 0.1019
    epoch 0 accuracy: 0.9526
    epoch 1 accuracy: 0.9674

and draws four test images, each under the digit that the network takes it for.

This program accompanies a post in Chinese, https://astro-pure.js.org/blog/2023/pytorch-mnist, and
does what the program in that post does, in less time. The post's program sets neither a random
seed nor the number of threads. If both programs are given the same ones, on the same computer and
with the same versions of the packages, they end with exactly the same weights and biases.
"""
import socket  # for a time limit on downloads
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from torch.utils.data import DataLoader, TensorDataset
from torchvision.datasets import MNIST
from torchvision.datasets.mnist import read_image_file, read_label_file
from torchvision.datasets.utils import check_integrity

# The post gives no reasons for these three numbers. Other values work, too: try some.
BATCH_SIZE = 15  # the number of images in each training step
LEARNING_RATE = 0.001  # the size of a step; this is also PyTorch's default for Adam
EPOCHS = 2  # the number of passes over all the training images
SEED = 0  # the starting point of the random numbers; without it, every run ends differently


class Net(torch.nn.Module):
    """A multilayer perceptron: 784 pixels, three layers of 64 nodes, 10 digits."""

    def __init__(self):
        super().__init__()  # This prepares the Module to keep track of the layers below.
        # fc stands for fully connected: each node of a layer multiplies all the nodes of the layer
        # before by weights, and adds up the products and a bias. (The post calls these a and b.)
        self.fc1 = torch.nn.Linear(28 * 28, 64)
        self.fc2 = torch.nn.Linear(64, 64)
        self.fc3 = torch.nn.Linear(64, 64)
        self.fc4 = torch.nn.Linear(64, 10)

    def forward(self, x):
        """Return log-probabilities, (N, 10) float32: for each image, ten numbers of at most 0.

        x: (N, 784) float32 in [0, 1]. N is the number of images; each is a row of 784 pixels.
        """
        # relu, the activation function, replaces negative numbers by 0. Without it, the network
        # would be linear: its four layers together could compute no more than a single one can.
        x = torch.nn.functional.relu(self.fc1(x))
        x = torch.nn.functional.relu(self.fc2(x))
        x = torch.nn.functional.relu(self.fc3(x))
        # softmax turns the ten numbers that fc4 gives for an image into probabilities; log_softmax
        # returns their logarithms, which the loss needs. dim=1 means: within each row of (N, 10).
        x = torch.nn.functional.log_softmax(self.fc4(x), dim=1)
        return x


def get_data_loader(is_train):
    """Return a DataLoader for MNIST's 60,000 training images or for its 10,000 test images.

    Each pass over it yields all of the images, in a new random order, in batches (x, y).
    x: images, (BATCH_SIZE, 1, 28, 28) float32 from 0 (black) to 1 (white).
    y: their labels, (BATCH_SIZE,) int64 from 0 to 9. The last batch may be smaller.
    Raises SystemExit if MNIST cannot be loaded.
    """
    images, labels = load_mnist(is_train)  # defined at the end of this file
    # PyTorch's usual layout for images is (number, channels, height, width). Grey images have one
    # channel. -1 leaves the number to PyTorch. Dividing brings the grey values, 0 to 255, to the
    # range 0 to 1, since training works better on small numbers. The post's ToTensor does the
    # same to one image at a time, and again in every epoch.
    images = images.view(-1, 1, 28, 28) / 255
    return DataLoader(TensorDataset(images, labels), batch_size=BATCH_SIZE, shuffle=True)


def evaluate(test_data, net):
    """Return the accuracy of `net`, from 0 to 1: the fraction of images it classifies correctly.

    test_data: a DataLoader, or other batches (x, y) like those that get_data_loader describes.
    """
    n_correct = 0
    n_total = 0
    with torch.no_grad():  # We only measure: PyTorch need not prepare to compute gradients.
        for x, y in test_data:
            output = net(x.view(-1, 28 * 28))  # view puts the pixels of each image into one row.
            predictions = torch.argmax(output, dim=1)  # Where in its row is the largest number?
            n_correct += (predictions == y).sum().item()  # True counts as 1; item() gives an int.
            n_total += len(y)
    return n_correct / n_total


def train(train_data, net, optimizer):
    """Train `net` for one epoch: adjust its weights and biases once for each batch.

    train_data: batches, like test_data in evaluate. optimizer: made with the parameters of `net`.
    """
    for x, y in train_data:
        net.zero_grad()  # Clear the gradients of the previous batch: backward() would add to them.
        output = net(x.view(-1, 28 * 28))
        # How wrong is the output? Minus the log-probability of the right digit, on average.
        loss = torch.nn.functional.nll_loss(output, y)
        loss.backward()  # Compute the gradients: how the loss changes with each weight and bias.
        optimizer.step()  # Adam uses them to move the weights and biases towards a smaller loss.


def draw_predictions(test_data, net):
    """Draw the first image of each of four batches, under the digit that `net` predicts.

    Saves the picture as predictions.png, then shows it in a window if there is a screen.
    Raises SystemExit if the picture cannot be saved.
    """
    figure, panels = plt.subplots(1, 4, figsize=(8, 2.4), layout="constrained")
    for panel, (x, _) in zip(panels, test_data):  # zip stops after the fourth panel.
        prediction = torch.argmax(net(x[0].view(-1, 28 * 28)))  # x[0]: one image, as in the post
        panel.imshow(x[0].view(28, 28).numpy())  # Matplotlib works with NumPy arrays.
        panel.set_title("prediction: " + str(int(prediction)))
        panel.axis("off")
    save(figure, "predictions.png")  # defined at the end of this file
    plt.show()


def main():
    """Train a network, print its accuracy before and after each epoch, and draw predictions."""
    torch.manual_seed(SEED)
    torch.set_num_threads(1)  # More threads would save little time and could change the results.
    train_data = get_data_loader(is_train=True)
    test_data = get_data_loader(is_train=False)
    net = Net()

    print("initial accuracy:", evaluate(test_data, net))
    optimizer = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE)
    for epoch in range(EPOCHS):
        train(train_data, net, optimizer)
        print("epoch", epoch, "accuracy:", evaluate(test_data, net))

    draw_predictions(test_data, net)


# If you are reading this beside the post, you can stop here. What follows loads MNIST and saves
# the picture or, if that fails, says why and what to do.
SERVERS = ["https://ossci-datasets.s3.amazonaws.com/mnist/",  # tried in this order
           "https://dataset.bj.bcebos.com/mnist/",
           "https://storage.googleapis.com/cvdf-datasets/mnist/"]

MESSAGE = """\
MNIST could not be loaded:
{reasons}
In the folder {folder}:
{files}
Run the program again. It needs the internet, 70 MB of free space and permission to write there.
Without internet, download what is missing or damaged with a browser on another computer, and put
it into that folder without unpacking it. Each of these servers has all four files:
{servers}
To see the program work without MNIST, on digits that it draws: python -m tests.tiny_mnist"""


def load_mnist(is_train):
    """Return images, (N, 28, 28) uint8, and labels, (N,) int64, or exit and say what to do."""
    socket.setdefaulttimeout(30)  # seconds; otherwise a server that never answers would block us.
    reasons = []
    for server in SERVERS:
        # Given the whole list, torchvision would not go on to the next server after every error.
        MNIST.mirrors = [server]
        try:
            data_set = MNIST("", is_train, download=True)  # It downloads if files are missing.
            images, labels = data_set.data, data_set.targets
            if images.shape != (len(labels), 28, 28) or labels.max() > 9:
                raise ValueError("these are not 28 x 28 images, each with a label from 0 to 9")
            return images, labels
        except MemoryError:
            raise SystemExit("There is too little free memory: the program needs about 1 GB.")
        except Exception as error:  # Whatever went wrong, the next server may do better.
            reason = describe(error)
            if reason not in reasons:
                reasons.append(reason)
    raise SystemExit(explain(reasons))


def describe(error):
    """Return the type and the message of an error as one short line that any terminal can show."""
    last_line = str(error).strip().split("\n")[-1]  # In torchvision's messages, it is the reason.
    printable = "".join(character for character in last_line if character.isprintable())
    return f"{type(error).__name__}: {printable[:80]}"


def explain(reasons):
    """Return the whole message: the reasons, which files are missing or damaged, what to do."""
    folder = Path("MNIST", "raw").absolute()
    missing = []
    damaged = []
    for name, md5 in MNIST.resources:
        packed = folder / name
        unpacked = packed.with_suffix("")  # its name without .gz
        file = unpacked if check_integrity(unpacked) else packed  # Without an MD5: is it there?
        if not check_integrity(file):
            missing.append(file.name)
        elif not is_whole(file, md5):
            damaged.append(file.name)
    files = []
    if missing:
        files.append("missing: " + ", ".join(missing))
    if damaged:
        files.append("damaged (delete if this message appears again): " + ", ".join(damaged))
    if not files:
        files.append("nothing is missing; delete the folder if this message appears again")
    return MESSAGE.format(reasons="\n".join(reasons), folder=folder, files="\n".join(files),
                          servers=" or ".join(SERVERS))


def is_whole(file, md5):
    """Return whether one of MNIST's files, packed (.gz) or not, is there in full."""
    try:
        if file.suffix == ".gz":
            return check_integrity(file, md5)
        read = read_image_file if "images" in file.name else read_label_file
        return len(read(file)) > 0
    except Exception:
        return False


def save(figure, name):
    """Save the figure in the current folder, or exit and say why that is not possible."""
    try:
        figure.savefig(name)
    except OSError as error:
        raise SystemExit(f"{Path(name).absolute()} could not be written: {error}")
    print("saved", name)


if __name__ == "__main__":
    main()
