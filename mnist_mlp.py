"""Recognise handwritten digits: the post's program, to be read beside the post.

`python mnist_mlp.py` prints these accuracies (on another machine, the last decimals can differ):

    initial accuracy: 0.1019
    epoch 0 accuracy: 0.9552
    epoch 1 accuracy: 0.9682

The post (in Chinese) is https://astro-pure.js.org/blog/2023/pytorch-mnist. From the same seed and
on one thread, this program ends with exactly the same weights as the post's, in less time.
"""
import socket
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from torch.utils.data import DataLoader, TensorDataset
from torchvision.datasets import MNIST

# The post's author simply chose these three (0.001 is usual for Adam), and the 64 below.
BATCH_SIZE = 15
LEARNING_RATE = 0.001
EPOCHS = 2
SEED = 0  # The post sets none, so each of its runs ends a little differently.


class Net(torch.nn.Module):
    """A multilayer perceptron: 784 pixels, three layers of 64 nodes, 10 digits."""

    def __init__(self):
        super().__init__()  # A Module must be prepared before it can hold layers.
        # fc: a fully connected layer. Each node depends on all the nodes of the layer before.
        self.fc1 = torch.nn.Linear(28 * 28, 64)
        self.fc2 = torch.nn.Linear(64, 64)
        self.fc3 = torch.nn.Linear(64, 64)
        self.fc4 = torch.nn.Linear(64, 10)

    def forward(self, x):
        """Return log-probabilities, (N, 10) float32: 0 or less, since a probability is at most 1.

        x: (N, 784) float32 in [0, 1]. N is the number of images; each is a row of 784 pixels.
        """
        x = torch.nn.functional.relu(self.fc1(x))
        x = torch.nn.functional.relu(self.fc2(x))
        x = torch.nn.functional.relu(self.fc3(x))
        # fc4 gives (N, 10): dimension 0 counts the images, dimension 1 the ten nodes of each.
        x = torch.nn.functional.log_softmax(self.fc4(x), dim=1)
        return x


def get_data_loader(is_train):
    """Return a DataLoader over MNIST's 60,000 training images or its 10,000 test images.

    Each pass gives them all, in a new random order, in batches of images x and labels y.
    x: (BATCH_SIZE, 1, 28, 28) float32 in [0, 1]; the 1 stands for one channel, grey (a colour
    image would have three). y: (BATCH_SIZE,) int64 in 0..9. The last batch is smaller if the
    number of images is not a multiple of BATCH_SIZE. Raises SystemExit without MNIST.
    """
    images, labels = load_mnist(is_train)  # defined at the end of this file
    images = images.unsqueeze(1)  # (N, 28, 28) becomes (N, 1, 28, 28), as in the post.
    # The post's ToTensor gives the same values, but image by image, and again in each epoch.
    data_set = TensorDataset(images / 255, labels)
    return DataLoader(data_set, batch_size=BATCH_SIZE, shuffle=True)


def evaluate(test_data, net):
    """Return the accuracy of `net`: the fraction of images classified correctly, 0 to 1.

    test_data: batches (x, y) as get_data_loader gives them. `net` is not changed.
    """
    n_correct = 0
    n_total = 0
    with torch.no_grad():
        for x, y in test_data:
            # view makes each image one row of 784 pixels; -1 means: as many rows as needed.
            predictions = torch.argmax(net(x.view(-1, 28 * 28)), dim=1)
            n_correct += (predictions == y).sum().item()  # True counts as 1; item() makes an int.
            n_total += len(y)
    return n_correct / n_total


def train(train_data, net, optimizer):
    """Train `net` for one epoch: adjust its a and b (its weights and biases) once for each batch.

    train_data: batches (x, y) as get_data_loader gives them. optimizer: Adam, over net's a and b.
    """
    for x, y in train_data:
        net.zero_grad()  # Forget the last batch's gradients: backward() would add to them.
        output = net(x.view(-1, 28 * 28))
        # How wrong is the output? Minus the log-probability of the right digit, on average.
        loss = torch.nn.functional.nll_loss(output, y)
        loss.backward()  # Compute the gradients: how the loss changes with each a and each b.
        optimizer.step()  # Adam moves each a and each b a little, to make the loss smaller.


def draw_predictions(test_data, net):
    """Draw the first image of each of four batches, with the digit that `net` predicts.

    Saves predictions.png, or raises SystemExit; where there is a screen, shows it in a window.
    """
    figure, panels = plt.subplots(1, 4, figsize=(8, 2.2), layout="constrained")
    for panel, (x, _) in zip(panels, test_data):  # zip stops after the four panels.
        predict = torch.argmax(net(x[0].view(-1, 28 * 28)))  # one image, so one row
        panel.imshow(x[0].view(28, 28).numpy())  # Matplotlib draws NumPy arrays.
        panel.set_title("prediction: " + str(int(predict)))
        panel.axis("off")
    try:
        figure.savefig("predictions.png")
    except OSError as error:
        raise SystemExit(f"{Path('predictions.png').absolute()} could not be written: {error}")
    print("saved predictions.png")
    plt.show()


def main():
    """Train a network; print its accuracy at first and after each epoch; draw predictions."""
    torch.manual_seed(SEED)
    torch.set_num_threads(1)  # More threads gain little here, and can change the result.
    train_data = get_data_loader(is_train=True)
    test_data = get_data_loader(is_train=False)
    net = Net()

    print("initial accuracy:", evaluate(test_data, net))
    optimizer = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE)
    for epoch in range(EPOCHS):
        train(train_data, net, optimizer)
        print("epoch", epoch, "accuracy:", evaluate(test_data, net))

    draw_predictions(test_data, net)


# If you are reading along with the post, stop here. The rest loads MNIST, or says what to do.
SERVERS = ["https://ossci-datasets.s3.amazonaws.com/mnist/",  # tried in this order
           "https://dataset.bj.bcebos.com/mnist/",
           "https://storage.googleapis.com/cvdf-datasets/mnist/"]


def load_mnist(is_train):
    """Return images, (N, 28, 28) uint8, and labels, (N,) int64, or exit and say what to do."""
    socket.setdefaulttimeout(30)  # seconds; without it, a silent server would hold us for ever.
    reasons = []
    for server in SERVERS:
        MNIST.mirrors = [server]
        try:
            mnist = MNIST("", is_train, download=True)  # Downloads only what is not here yet.
            images, labels = mnist.data, mnist.targets
            if images.shape != (len(labels), 28, 28) or labels.max() > 9:
                raise ValueError("these are not 28 x 28 images, each with a label from 0 to 9")
            return images, labels
        except Exception as error:  # There are many ways to fail; the next server may still work.
            # Of torchvision's longer messages, the last line is the reason.
            reason = f"{type(error).__name__}: {error}".strip(": \n").splitlines()[-1]
            if reason not in reasons:
                reasons.append(reason)
    folder = Path("MNIST").absolute()
    raise SystemExit("\n".join([
        "MNIST is unavailable or damaged:", *reasons,
        f"Delete {folder} and run again. You need 70 MB of room there, and the right to write.",
        f"No network? Then put these four files, without unzipping them, in {folder / 'raw'}:",
        " ".join(name for name, _ in MNIST.resources), "from " + " or ".join(SERVERS)]))


if __name__ == "__main__":
    main()
