"""Run mnist_mlp.py with a convolutional network in place of its own.

    python -m tests.extras.conv_net

It takes longer and makes fewer mistakes. Its picture replaces predictions.png.
"""
import torch
from torch.nn.functional import log_softmax, max_pool2d, relu

import mnist_mlp


class ConvNet(torch.nn.Module):
    """Two layers that look at squares of 5 x 5 pixels or nodes, and one fully connected layer."""

    def __init__(self):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(1, 16, 5)
        self.conv2 = torch.nn.Conv2d(16, 32, 5)
        self.fc = torch.nn.Linear(32 * 4 * 4, 10)

    def forward(self, x):
        """Return log-probabilities, (N, 10) float32, of images x, (N, 784) float32 in [0, 1]."""
        x = x.view(-1, 1, 28, 28)  # Make images of the rows again.
        x = max_pool2d(relu(self.conv1(x)), 2)  # x is now (N, 16, 12, 12).
        x = max_pool2d(relu(self.conv2(x)), 2)  # x is now (N, 32, 4, 4).
        return log_softmax(self.fc(x.view(-1, 32 * 4 * 4)), dim=1)


def main():
    """Train and test a ConvNet as mnist_mlp.py does with its Net."""
    mnist_mlp.Net = ConvNet
    mnist_mlp.main()


if __name__ == "__main__":
    main()
