"""Recognise handwritten digits: train a small neural network on MNIST, then test it.

`python mnist_mlp.py` prints these lines (on other computers, the last decimals can differ)

    initial accuracy: 0.1019
    epoch 0 accuracy: 0.9558
    epoch 1 accuracy: 0.9674
    saved predictions.png

and draws four test images, each under the network's prediction. It reproduces the program of a
Chinese post, https://astro-pure.js.org/blog/2023/pytorch-mnist: from the same random seed, on one
thread of the same computer, both end with exactly the same weights and biases.
"""
import os
import socket  # to give up on a server that does not answer

import matplotlib.pyplot as plt
import torch
from torch.utils.data import DataLoader, TensorDataset
from torchvision.datasets import MNIST

# The first three numbers are those of the post. You can try others.
BATCH_SIZE = 15  # the number of images in each training step
LEARNING_RATE = 0.001  # scales the steps; this is also PyTorch's default for Adam
EPOCHS = 2  # the number of passes over all the training images
SEED = 0  # the starting point of the random numbers; without one, every run ends differently


class Net(torch.nn.Module):
    """A multilayer perceptron: 784 pixels, three layers of 64 nodes, 10 digits."""

    def __init__(self):
        super().__init__()  # prepares Module to collect the weights and biases of the layers
        # fc stands for fully connected: each node multiplies all the values of the previous layer
        # by weights (a in the post), and adds up the products and a bias (b in the post).
        self.fc1 = torch.nn.Linear(28 * 28, 64)
        self.fc2 = torch.nn.Linear(64, 64)
        self.fc3 = torch.nn.Linear(64, 64)
        self.fc4 = torch.nn.Linear(64, 10)  # one score for each digit

    def forward(self, x):
        """Return log-probabilities, (N, 10) float32: for each image, ten numbers, 0 or less.

        x: (N, 784) float32 in [0, 1]. N is the number of images; each is a row of 784 pixels.
        """
        # relu, the activation function, replaces negative numbers with 0. Without it, the four
        # layers together would be linear: they could compute no more than a single one can.
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
    # PyTorch's layout is (number, channels, height, width). -1 lets it work out the number.
    # Dividing turns uint8, 0 to 255, into float32, 0 to 1, with which training works better.
    # The post's ToTensor does the same to one image at a time, and again in every epoch.
    images = images.view(-1, 1, 28, 28) / 255
    data_set = TensorDataset(images, labels)  # pairs each image with its label
    return DataLoader(data_set, batch_size=BATCH_SIZE, shuffle=True)


def evaluate(test_data, net):
    """Return the accuracy of `net`, from 0 to 1: the fraction of images it classifies correctly.

    test_data: batches (x, y), as get_data_loader describes them.
    """
    n_correct = 0
    n_total = 0
    with torch.no_grad():  # PyTorch keeps no record of the computation: only backward() needs it
        for x, y in test_data:
            # view puts the pixels of each image into one row. net(...) calls forward.
            output = net(x.view(-1, 28 * 28))
            predictions = torch.argmax(output, dim=1)  # where each row has its maximum
            n_correct += (predictions == y).sum().item()  # True counts as 1; item() gives an int
            n_total += len(y)
    return n_correct / n_total


def train(train_data, net, optimizer):
    """Train `net` for one epoch: adjust its weights and biases once for each batch.

    train_data: batches (x, y), as get_data_loader describes them.
    optimizer: an optimizer that was created with net.parameters().
    """
    for x, y in train_data:
        net.zero_grad()  # clears the gradients of the previous batch: backward() adds to them
        output = net(x.view(-1, 28 * 28))
        # How wrong is the output? Minus the log-probability of the correct digit, on average.
        loss = torch.nn.functional.nll_loss(output, y)
        # How fast does the loss rise with each weight and bias? PyTorch has recorded how the loss
        # was computed, so it finds these gradients. It stores them in net.fc1.weight.grad etc.
        loss.backward()
        optimizer.step()  # reads them, and changes the weights and biases to lower the loss


def draw_predictions(test_data, net):
    """Draw the first image of each of four batches, under the prediction of `net`.

    Saves the picture as predictions.png, then shows it in a window if there is a screen.
    """
    plt.figure(figsize=(6, 1.8), layout="constrained")
    for n, (x, _) in enumerate(test_data):
        if n > 3:
            break
        prediction = torch.argmax(net(x[0].view(-1, 28 * 28)))
        plt.subplot(1, 4, n + 1)
        plt.imshow(x[0].view(28, 28).numpy())  # purple is low, yellow is high
        plt.title("prediction: " + str(int(prediction)))
        plt.axis("off")
    plt.savefig("predictions.png")
    print("saved predictions.png")
    plt.show()


def main():
    """Train a network, print its accuracies, draw four predictions, and return the network."""
    torch.manual_seed(SEED)
    torch.set_num_threads(1)  # more are often slower, and can change the results
    train_data = get_data_loader(is_train=True)
    test_data = get_data_loader(is_train=False)
    net = Net()

    print("initial accuracy:", evaluate(test_data, net))
    optimizer = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE)  # to adjust net's parameters
    for epoch in range(EPOCHS):
        train(train_data, net, optimizer)
        print("epoch", epoch, "accuracy:", evaluate(test_data, net))

    draw_predictions(test_data, net)
    return net  # for programs that import this one


# You can stop reading here. load_mnist loads MNIST or, if that fails, says why and what to do.
SERVERS = ["https://ossci-datasets.s3.amazonaws.com/mnist/",  # tried in this order
           "https://dataset.bj.bcebos.com/mnist/",
           "https://storage.googleapis.com/cvdf-datasets/mnist/"]
MESSAGE = """MNIST could not be loaded:
{reasons}

1. If {folder} exists, delete it, except for the .gz files in its folder raw.
2. Run the program again, with internet, 70 MB of space, and permission to write there.

Or download these files with a browser, still packed, into {raw}, replacing any that are there:
{files}
The addresses may also begin with {others}"""


def load_mnist(is_train):
    """Return images, (N, 28, 28) uint8, and labels, (N,) int64, or exit and say what to do."""
    socket.setdefaulttimeout(30)  # seconds; otherwise, a silent server would hang the program
    reasons = []
    for server in SERVERS:
        MNIST.mirrors = [server]  # Given all, torchvision would give up at one that falls silent.
        try:
            data_set = MNIST("", is_train, download=True)  # in the current folder, only if missing
            images, labels = data_set.data, data_set.targets
            if images.shape != (len(labels), 28, 28) or labels.max() > 9:
                raise ValueError("these are not 28 x 28 images, each with a label from 0 to 9")
            return images, labels
        except Exception as error:  # whatever went wrong: the next server may do better
            cause = f"{type(error).__name__}: {error}".strip().split("\n")[-1]  # on its last line
            reasons.append(cause)
    raise SystemExit(MESSAGE.format(
        reasons="\n".join(dict.fromkeys(reasons)), folder=os.path.abspath("MNIST"),
        raw=os.path.abspath("MNIST/raw"), others=", ".join(SERVERS[1:]),
        files="\n".join(SERVERS[0] + name for name, _ in MNIST.resources)))


if __name__ == "__main__":  # not if another program imports this one
    main()
