"""Draw the README's pictures, and print many of the figures that it tells.

    python .github/figures/figures.py

takes some minutes and needs MNIST, which mnist_mlp.py downloads. Other computers give slightly
different figures. changes.py measures those that take longer.

The pictures suit the English page and the Chinese one: their words are code, or nearly so.
"""
import os
import shutil
import sys
import tempfile
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import torch
from PIL import Image
from torch.nn.functional import log_softmax, nll_loss, relu

FIGURES = Path(__file__).resolve().parent
PROJECT = FIGURES.parent.parent
sys.path.append(str(PROJECT))
import changes  # noqa: E402

import mnist_mlp  # noqa: E402
from tests import conv_net, own_digit, wrong_digits  # noqa: E402
from tests.helpers import RAW  # noqa: E402

POSITIVE, NEGATIVE, GREY, PALE = "tab:blue", "tab:orange", "dimgrey", "lightgrey"
RIGHT, WRONG = "tab:green", "tab:red"
IN_THE_MIDDLE = {"ha": "center", "va": "center"}


def start(seed):
    """Return what main of mnist_mlp.py starts with: train_data, test_data, net, optimizer."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    train_data = mnist_mlp.get_data_loader(is_train=True)
    test_data = mnist_mlp.get_data_loader(is_train=False)
    net = mnist_mlp.Net()
    return train_data, test_data, net, torch.optim.Adam(net.parameters(), lr=0.001)


def signed(number, digits=1):
    """Return a number as text, with a true minus sign."""
    return f"{number + 0:.{digits}f}".replace("-", "−")  # + 0 turns -0 into 0.


def color(number):
    return POSITIVE if number > 0 else NEGATIVE if number < 0 else GREY


def canvas(height):
    """Return axes for a drawing 900 wide, y from the top down, on white."""
    figure = plt.figure(figsize=(9, height / 100))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, 900), ylim=(height, 0))
    axes.axis("off")
    return axes


def draw_pixels(axes, pixels, left, top, width, height):
    """Draw rows of pixels, from 0 (black) to 1 (white), into a rectangle."""
    axes.imshow(pixels, cmap="gray", vmin=0, vmax=1, aspect="auto",
                extent=(left, left + width, top + height, top))


def draw_node():
    """Draw the weighted sum of a node: a 7 of 5 x 5 pixels, 25 weights, their products."""
    x = np.array([[0, 1, 1, 1, 0], [0, 0, 0, 0.5, 0], [0, 0, 1, 0, 0], [0, 0, 1, 0, 0],
                  [0, 0, 1, 0, 0]])
    a = np.array([[0.4, 0.2, 0.5, 0.3, -0.2], [-0.3, 0.1, -0.1, -0.4, 0.2],
                  [0.3, -0.2, 0.6, -0.1, 0.4], [-0.5, 0.2, -0.5, 0.3, -0.3],
                  [0.1, -0.4, 0.1, 0.2, -0.6]])
    b = -1.3
    axes = canvas(490)
    draw_pixels(axes, x, 15, 70, 265, 265)
    for left, name, grid in [(15, "$X_i$", x), (317, "$a_i$", a), (619, "$X_i × a_i$", x * a)]:
        axes.text(left + 133, 35, name, fontsize=22, **IN_THE_MIDDLE)
        for (row, column), number in np.ndenumerate(grid):
            shade = ("black" if number else "white") if grid is x else color(number)
            axes.text(left + 26 + 53 * column, 97 + 53 * row, signed(number).replace(".0", ""),
                      color=shade, fontsize=14, **IN_THE_MIDDLE)
        axes.add_patch(plt.Rectangle((left, 70), 265, 265, fill=False, edgecolor=GREY))
    total = (x * a).sum() + b
    terms = " + ".join(signed(number) for number in [*(x * a)[x > 0], b]).replace("+ −", "− ")
    axes.text(15, 390, f"$∑ X_i × a_i + b$ = {terms} = {signed(total)}", fontsize=16)
    axes.text(15, 450, f"relu({signed(total)}) = {signed(max(total, 0))}", fontsize=16)
    plt.savefig(FIGURES / "node.png")


def draw_network(net, x, y):
    """Draw what becomes of one image x, (1, 28, 28), in the network. y is its label."""
    axes = canvas(1290)

    def write_name(number, name, shape, height):
        axes.text(20, height, number, va="center", weight="bold", fontsize=20)
        axes.text(60, height, name, va="center", fontsize=20)
        axes.text(60, height + 34, shape, va="center", color=GREY)

    def draw_lines(values, starts, top, x, bottom):  # from all values but 0, to one node
        for left in starts[values.numpy() != 0]:
            axes.plot([left, x], [top, bottom], color=PALE, linewidth=0.8, zorder=-1)

    def draw_bars(values, line, scale):  # up from the line if positive, down if negative
        axes.bar(bars, -scale * values, width=8, bottom=line, color=list(map(color, values)))
        axes.plot([250, 880], [line, line], color=GREY, linewidth=1)

    write_name("1", "x", "(1, 1, 28, 28)", 100)
    draw_pixels(axes, x[0], 380, 20, 196, 196)
    write_name("2", "view", "(1, 784)", 255)
    x = x.flatten()
    draw_pixels(axes, x.view(1, -1), 250, 240, 630, 50)
    starts, top = np.linspace(250, 880, 784), 294

    bars = np.linspace(255, 875, 64)
    for i, layer in enumerate([net.fc1, net.fc2, net.fc3]):
        result = layer(x)
        scale = 40 / result.abs().max()
        line = top + 84
        write_name("345"[i], f"fc{i + 1}", "(1, 64)", line - 10)
        axes.text(60, line + 70, "relu", va="center", fontsize=20)
        draw_lines(x, starts, top, bars[result.argmax()], line - scale * result.max())
        draw_bars(result, line, scale)
        x = relu(result)
        draw_bars(x, line + 84, scale)
        starts, top = bars, line + 86

    result = net.fc4(x)
    output = log_softmax(result, dim=0)
    digits = np.linspace(65, 835, 10)
    draw_lines(x, starts, top, digits[y], top + 62)
    axes.text(bars[x.argmax()], top - 56, f"{x.max():.2f}", fontsize=18, **IN_THE_MIDDLE)
    for number, name, values in [("6", "fc4", result), ("7", "log_softmax", output)]:
        write_name(number, f"{name} (1, 10)", "", top + 40)
        for digit, value in zip(digits, values):
            axes.text(digit, top + 82, signed(value), color=color(value), fontsize=18,
                      **IN_THE_MIDDLE)
        top += 95

    write_name("8", "exp (1, 10)", "", top + 40)
    line = top + 200
    axes.plot([20, 880], [line, line], color=GREY, linewidth=1)
    for digit, probability in enumerate(output.exp()):
        shade, label = GREY, ""
        if digit == y:
            shade, label = RIGHT, "y"
        elif digit == result.argmax():
            shade, label = WRONG, "argmax"
        height = -150 * probability
        axes.bar(digits[digit], height, width=56, bottom=line, color=shade)
        for place, text in [(height - 18, signed(probability, 2)), (24, digit), (56, label)]:
            axes.text(digits[digit], line + place, text, color=shade, fontsize=18,
                      weight="bold" if label else "normal", **IN_THE_MIDDLE)
    plt.savefig(FIGURES / "network.png")


def draw_changes():
    """Draw a row for each change, with a dot for the last accuracy of each run."""
    def place(accuracies):
        return -np.log(1 - np.array(accuracies))  # This widens the scale towards 1.

    figure, axes = plt.subplots(figsize=(9, 9), layout="constrained")
    for change in range(len(changes.CHANGES)):
        accuracies, unchanged = changes.last_accuracies(change)
        axes.plot(place(accuracies), [change] * len(accuracies), "o", alpha=0.4, markersize=9,
                  color=POSITIVE if change else RIGHT)
    axes.axvspan(*place([min(unchanged), max(unchanged)]), color=RIGHT, alpha=0.15)
    names = [f"{name}  {change}" for change, name in enumerate(changes.CHANGES)]
    axes.set_yticks(range(len(names)), ["mnist_mlp.py", *names[1:]])
    axes.set(xlim=(0, place(0.98)), ylim=(len(names) - 0.5, -0.5), xlabel="accuracy")
    ticks = [0.1, 0.5, 0.8, 0.9, 0.95, 0.97]
    axes.set_xticks(place(ticks), ticks)
    axes.hlines([0.5, 10.5], *axes.get_xlim(), color=GREY, linewidth=0.8)
    axes.grid(axis="x")
    figure.savefig(FIGURES / "changes.png")


def draw_learning():
    """Train for ten epochs; draw the loss of each batch and two accuracies after each epoch."""
    train_data, test_data, net, optimizer = start(seed=0)
    mnist_mlp.evaluate(test_data, net)  # It takes random numbers, as in main.
    losses = []
    accuracies = []
    for _ in range(10):
        for x, y in train_data:
            losses.append(nll_loss(net(x.view(-1, 28 * 28)), y).item())
            mnist_mlp.train([(x, y)], net, optimizer)
        accuracies.append((mnist_mlp.evaluate([train_data.dataset.tensors], net),
                           mnist_mlp.evaluate(test_data, net)))
        print("ten epochs: accuracies on train_data and test_data", *accuracies[-1])
    figure, (top, bottom) = plt.subplots(2, 1, figsize=(9, 9), layout="constrained")
    epochs = np.arange(1, len(losses) + 1) / len(train_data)
    top.plot(epochs, losses, ".", markersize=1, color=PALE)
    top.plot(epochs[99::100], np.reshape(losses, (-1, 100)).mean(axis=1))
    top.set(xlim=(0, 10.2), ylim=(0, 1), xticks=range(11), xlabel="epoch", ylabel="loss")
    bottom.plot(range(1, 11), accuracies, marker="o", label=["train_data", "test_data"])
    bottom.set(xlim=(0, 10.2), xticks=range(11), xlabel="epoch", ylabel="accuracy")
    bottom.legend()
    figure.savefig(FIGURES / "learning.png")


def photograph(digit):
    """Return a picture like a photograph of one of MNIST's digits on paper, half in shadow."""
    ink = np.zeros((640, 480))
    ink[160:480, 80:400] = Image.fromarray(digit).resize((320, 320), Image.Resampling.BICUBIC)
    ink = ((ink - 90) / 60).clip(0, 1)  # This sharpens the strokes.
    paper = 185 - 35 * np.tanh(np.linspace(-3, 3, 640)).reshape(640, 1)
    return Image.fromarray(np.uint8(paper * (1 - 0.8 * ink))).convert("RGB")


def print_step(net, x, y):
    """Print what one step of SGD on one image does to one weight and to the loss."""
    optimizer = torch.optim.SGD(net.parameters(), lr=0.001)
    bars = relu(net.fc3(relu(net.fc2(relu(net.fc1(x.flatten()))))))
    for moment in ("before", "after"):
        net.zero_grad()
        loss = nll_loss(net(x.view(1, 28 * 28)), y.view(1))
        loss.backward()
        print(f"{moment} a step: loss {loss:.2f}, probability {torch.exp(-loss):.2f}, weight of "
              f"the tallest bar {bars.max():.2f} for {y}: {net.fc4.weight[y, bars.argmax()]:.4f}, "
              f"its gradient {net.fc4.weight.grad[y, bars.argmax()]:.2f}")
        optimizer.step()


def main():
    """Run the README's programs in the current folder; draw the pictures; print the figures."""
    shutil.copytree(RAW, Path("MNIST", "raw"))
    wrong_digits.main()
    x, y = mnist_mlp.get_data_loader(is_train=False).dataset.tensors
    photograph(np.uint8(255 * x[0, 0])).save("digit.png")
    own_digit.main()
    for picture in ("predictions.png", "wrong_digits.png", "digit_result.png"):
        shutil.copy(picture, FIGURES)

    matplotlib.rcParams.update({"font.family": "DejaVu Sans Mono", "font.size": 17})
    draw_node()
    draw_changes()
    net = own_digit.trained_net()
    with torch.no_grad():
        output = net(x.view(-1, 28 * 28))
        chosen = (y == 4) & (output.argmax(dim=1) == 9) & ((output[:, 4] + 1).abs() < 0.05)
        draw_network(net, x[chosen][0], y[chosen][0])
    print_step(net, x[chosen][0], y[chosen][0])
    for seed in range(10):
        _, _, net, _ = start(seed)
        answers = net(x.view(-1, 28 * 28)).argmax(dim=1).bincount(minlength=10)
        print(f"untrained, seed {seed}, it takes the test images for {answers.tolist()}")
    draw_learning()
    conv_net.main()


if __name__ == "__main__":
    matplotlib.use("Agg")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        main()
        os.chdir(PROJECT)
