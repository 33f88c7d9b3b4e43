"""Draw the README's pictures, and print many of the figures that it tells.

    python .github/figures/figures.py

takes some minutes and needs MNIST, which mnist_mlp.py downloads. Other computers give other
figures. changes.py measures those that take longer.

The pictures serve the English page and the Chinese one: their words are code, or a few that both
explain.
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
from matplotlib.animation import PillowWriter
from matplotlib.colors import LinearSegmentedColormap
from PIL import Image
from torch.nn.functional import log_softmax, nll_loss, relu

FIGURES = Path(__file__).resolve().parent
PROJECT = FIGURES.parent.parent
sys.path.append(str(PROJECT))
import changes  # noqa: E402

import mnist_mlp  # noqa: E402
from tests.extras import conv_net, own_digit, wrong_digits  # noqa: E402
from tests.helpers import RAW  # noqa: E402

POSITIVE, NEGATIVE, GREY, PALE = "tab:blue", "tab:orange", "dimgrey", "lightgrey"
RIGHT, WRONG = "tab:green", "tab:red"
COLOURS = LinearSegmentedColormap.from_list("", [NEGATIVE, "white", POSITIVE])
NUMBER = 3718  # of the test image that the pages follow: a 4 that the network reads as a 9
# When training.gif shows the network: after so many batches. It starts and ends slowly.
MOMENTS = [0, 0, 0, 0, 20, 40, 60, 80, *range(100, 500, 50), *range(500, 1000, 100),
           *range(1000, 4000, 500), *range(4000, 8000, 1000), *[8000] * 5]
IN_THE_MIDDLE = {"ha": "center", "va": "center"}
ON_WHITE = {"bbox": {"facecolor": "white", "edgecolor": "none", "pad": 3}}


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
    draw_pixels(axes, x, 30, 60, 400, 310)
    for left, name, grid in [(30, "$X_i$", x), (470, "$a_i$", a)]:
        axes.text(left + 200, 28, name, fontsize=26, **IN_THE_MIDDLE)
        for (row, column), number in np.ndenumerate(grid):
            shade = ("black" if number else "white") if grid is x else color(number)
            axes.text(left + 40 + 80 * column, 91 + 62 * row, signed(number).replace(".0", ""),
                      color=shade, fontsize=21, **IN_THE_MIDDLE)
        axes.add_patch(plt.Rectangle((left, 60), 400, 310, fill=False, edgecolor=GREY))
    total = (x * a).sum() + b
    terms = " + ".join(signed(number) for number in [*(x * a)[x > 0], b]).replace("+ −", "− ")
    axes.text(30, 420, f"$∑X_i×a_i+b$ = {terms}", fontsize=18)
    axes.text(30, 470, f"= {signed(total)}      relu({signed(total)}) = {signed(max(total, 0))}",
              fontsize=18)
    plt.savefig(FIGURES / "node.png")


class Example:
    """The test image that the pages follow through the network, and back from the loss."""

    def __init__(self, net, images, labels):
        """Take the 4 that the network reads as a 9 with a log-probability of 4 nearest to -1."""
        with torch.no_grad():
            output = net(images.view(-1, 28 * 28))
        # On other computers there may be no such 4. Then another 4 must do.
        unlike = 99 * (labels != 4) + 9 * (output.argmax(dim=1) != 9) + (output[:, 4] + 1).abs()
        n = unlike.argmin().item()
        if n != NUMBER:
            print(f"The pages tell the figures of test image {NUMBER}; these pictures show {n}.")
        self.net, self.image, self.y = net, images[n, 0], labels[n].item()
        self.x = self.image.view(1, 28 * 28)
        self.fc2 = relu(net.fc2(relu(net.fc1(self.x))))
        self.fc3 = relu(net.fc3(self.fc2))
        self.fc4 = net.fc4(self.fc3)
        for values in (self.fc3, self.fc4):
            values.retain_grad()
        self.loss = nll_loss(log_softmax(self.fc4, dim=1), labels[n:n + 1])
        net.zero_grad()
        self.loss.backward()
        # Of fc3, take the node with the largest derivative among those above 1; of fc2, the one
        # that contributes most to it.
        self.j = ((self.fc3 > 1) * self.fc3.grad.abs()).argmax().item()
        self.i = (self.fc2 * net.fc3.weight[self.j].abs()).argmax().item()

    def print_step(self):
        """Print what one step of SGD on this image does. It changes the network."""
        print(f"backward.gif shows node {self.i} of fc2 and node {self.j} of fc3.")
        for moment in ("before", "after"):
            loss = -self.net(self.x)[0, self.y].item()
            print(f"{moment} a step of SGD: loss {loss:.2f}, probability {np.exp(-loss):.2f}")
            torch.optim.SGD(self.net.parameters(), lr=0.001).step()


def draw_network(example):
    """Draw what becomes of the image in the network."""
    axes = canvas(1190)
    net, y, x = example.net, example.y, example.x.flatten()

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

    write_name("1", "x", "(1, 1, 28, 28)", 85)
    draw_pixels(axes, example.image, 400, 10, 168, 168)
    write_name("2", "view", "(1, 784)", 215)
    draw_pixels(axes, x.view(1, -1), 250, 195, 630, 50)
    starts, top = np.linspace(250, 880, 784), 249

    bars = np.linspace(255, 875, 64)
    for i, layer in enumerate([net.fc1, net.fc2, net.fc3]):
        result = layer(x)
        scale = 35 / result.abs().max()
        line = top + 74
        write_name("345"[i], f"fc{i + 1}", "(1, 64)", line - 10)
        axes.text(60, line + 72, "relu", va="center", fontsize=20)
        node = [result.argmax(), example.i, example.j][i]
        draw_lines(x, starts, top, bars[node], line - scale * result[node])
        draw_bars(result, line, scale)
        x = relu(result)
        draw_bars(x, line + 87, scale)
        if i > 0:
            axes.bar(bars[node], -scale * x[node], width=8, bottom=line + 87, color="black")
            axes.text(bars[node], line + 39, signed(x[node], 2), fontsize=18, **IN_THE_MIDDLE)
        starts, top = bars, line + 89

    result = net.fc4(x)
    output = log_softmax(result, dim=0)
    digits = np.linspace(65, 835, 10)
    draw_lines(x, starts, top, digits[y], top + 60)
    for number, name, values in [("6", "fc4", result), ("7", "log_softmax", output)]:
        write_name(number, f"{name} (1, 10)", "", top + 40)
        for digit, value in zip(digits, values):
            axes.text(digit, top + 80, signed(value), color=color(value), fontsize=18,
                      **IN_THE_MIDDLE)
        top += 88

    write_name("8", "exp (1, 10)", "", top + 40)
    line = top + 190
    axes.plot([20, 880], [line, line], color=GREY, linewidth=1)
    for digit, probability in enumerate(output.exp()):
        shade, label = GREY, ""
        if digit == y:
            shade, label = RIGHT, "y"
        elif digit == result.argmax():
            shade, label = WRONG, "argmax"
        height = -130 * probability
        axes.bar(digits[digit], height, width=56, bottom=line, color=shade)
        for place, text in [(height - 18, signed(probability, 2)), (24, digit), (56, label)]:
            axes.text(digits[digit], line + place, text, color=shade, fontsize=18,
                      weight="bold" if label else "normal", **IN_THE_MIDDLE)
    plt.savefig(FIGURES / "network.png")


def draw_downhill(example):
    """Draw the loss while one weight of fc4 changes and all the others stay as they are."""
    weight = example.net.fc4.weight[example.y, example.j].item()
    slope = example.net.fc4.weight.grad[example.y, example.j].item()
    loss = example.loss.item()
    weights = torch.linspace(weight - 0.7, weight + 1.7, 100)
    outputs = example.fc4.repeat(100, 1)
    outputs[:, example.y] += (weights - weight) * example.fc3[0, example.j]

    figure, axes = plt.subplots(figsize=(9, 4.6), layout="constrained")
    axes.plot(weights, -log_softmax(outputs, dim=1)[:, example.y], linewidth=3)
    line = np.array([-0.55, 0.45])
    axes.plot(weight + line, loss + slope * line, color=WRONG, linewidth=3)
    axes.plot(weight, loss, "o", markersize=14, color="black")
    axes.text(weight + 0.08, loss + 0.07, f"({signed(weight, 3)}, {signed(loss, 2)})", fontsize=22)
    axes.text(weight - 0.05, loss + 0.4 * slope - 0.1, f"slope {signed(slope, 3)}", color=WRONG,
              fontsize=22, ha="center", va="top")
    axes.set(xlabel="one weight of fc4", ylabel="loss", ylim=(0, 2), yticks=[0, 1, 2])
    figure.savefig(FIGURES / "downhill.png")


def draw_backward(example):
    """Draw two of the paths from the loss back to a node of fc2; mark each calculation."""
    net, i, j = example.net, example.i, example.j
    y, answer = example.y, example.fc4.argmax().item()
    axes = canvas(650)
    texts = {}  # by what they say; those of a calculation are marked in its frame
    derivatives = []

    def write(x, y, text, **style):
        texts[text] = axes.text(x, y, text, zorder=3, **IN_THE_MIDDLE, **ON_WHITE, **style)

    def write_derivative(x, y, text):
        write(x, y, text, fontsize=22, color=WRONG, weight="bold")
        derivatives.append(text)

    def draw_circle(x, y, name, value, derivative=""):
        axes.plot(x, y, "o", markersize=78, color="white", markeredgecolor=GREY)
        axes.text(x, y - 82, name, fontsize=20, **IN_THE_MIDDLE)
        write(x, y, value, fontsize=24, color=POSITIVE)
        if derivative:
            write_derivative(x, y + 80, derivative)

    def draw_line(start, end, weight="", derivative=""):
        (x1, y1), (x2, y2) = start, end
        axes.plot([x1, x2], [y1, y2], color=GREY, linewidth=1.5, zorder=-1)
        x, y = (x1 + x2) / 2, (y1 + y2) / 2
        if weight:
            write(x, y - 19, weight, fontsize=22)
            write_derivative(x, y + 19, derivative)

    node2, node3 = signed(example.fc2[0, i], 2), signed(example.fc3[0, j], 2)
    of_node3 = signed(example.fc3.grad[0, j], 3)
    weight3, of_weight3 = [signed(w[j, i], 3) for w in (net.fc3.weight, net.fc3.weight.grad)]
    weights = {digit: signed(net.fc4.weight[digit, j], 3) for digit in (y, answer)}
    of_weights = {digit: signed(net.fc4.weight.grad[digit, j], 3) for digit in (y, answer)}
    of_scores = {digit: signed(example.fc4.grad[0, digit], 3) for digit in (y, answer)}
    score = signed(example.fc4[0, y])

    fc2, fc3, loss = (75, 285), (335, 285), (825, 285)
    draw_line(fc2, fc3, weight3, of_weight3)
    for digit, place in [(y, (610, 125)), (answer, (610, 450))]:
        draw_line(fc3, place, weights[digit], of_weights[digit])
        draw_line(place, loss)
        draw_circle(*place, f"fc4: {digit}", signed(example.fc4[0, digit]), of_scores[digit])
    draw_circle(*fc2, "fc2", node2)
    draw_circle(*fc3, "fc3", node3, of_node3)
    draw_circle(*loss, "loss", signed(example.loss, 2))
    axes.text(610, 292, "…", fontsize=30, **IN_THE_MIDDLE)
    for left, text, shade in [(30, "value", POSITIVE), (150, "weight", "black"),
                              (285, "derivative", WRONG)]:
        axes.text(left, 575, text, color=shade, fontsize=20)

    line = axes.text(30, 630, "", fontsize=21)
    movie = PillowWriter(fps=1)
    with movie.saving(axes.figure, FIGURES / "backward.gif", dpi=100):
        for seconds, calculation, its_derivatives in [
                (2, "", derivatives),
                (4, f"{node3} × ({weights[y]}) + … = {score}", []),
                (4, f"{signed((-example.loss).exp(), 3)} − 1 = {of_scores[y]}",
                 of_scores.values()),
                (4, f"{of_scores[y]} × {node3} = {of_weights[y]}", of_weights.values()),
                (6, f"{of_scores[y]} × ({weights[y]}) + {of_scores[answer]} × {weights[answer]}"
                    f" + … = {of_node3}", [of_node3]),
                (6, f"{of_node3} × {node2} = {of_weight3}", [of_weight3])]:
            line.set_text(calculation)
            numbers = calculation.replace("(", "").replace(")", "").split()
            for text, number in texts.items():
                number.get_bbox_patch().set_facecolor("gold" if text in numbers else "white")
                if text in its_derivatives:
                    number.set_alpha(1)
            for _ in range(seconds):
                movie.grab_frame()
            if not calculation:  # The first frame has all derivatives; now they become pale.
                for text in derivatives:
                    texts[text].set_alpha(0.35)


def draw_changes():
    """Draw a row for each change, with a dot for the last accuracy of each run."""
    def place(accuracies):
        return -np.log(1 - np.array(accuracies))  # This widens the scale towards 1.

    figure, axes = plt.subplots(figsize=(9, 8), layout="constrained")
    for change in range(changes.N_DRAWN):
        accuracies, unchanged = changes.last_accuracies(change)
        axes.plot(place(accuracies), [change] * len(accuracies), "o", alpha=0.4, markersize=9,
                  color=POSITIVE if change else RIGHT)
    axes.axvspan(*place([min(unchanged), max(unchanged)]), color=RIGHT, alpha=0.15)
    names = [f"{name}  {n}" for n, name in enumerate(changes.CHANGES) if n < changes.N_DRAWN]
    axes.set_yticks(range(len(names)), ["mnist_mlp.py", *names[1:]])
    axes.set(xlim=(0, place(0.98)), ylim=(len(names) - 0.5, -0.5), xlabel="accuracy")
    ticks = [0.1, 0.5, 0.8, 0.9, 0.95, 0.97]
    axes.set_xticks(place(ticks), ticks)
    axes.hlines([0.5, 10.5], *axes.get_xlim(), color=GREY, linewidth=0.8)
    axes.grid(axis="x")
    figure.savefig(FIGURES / "changes.png")


def draw_learning():
    """Train for ten epochs; draw the loss of each batch and two accuracies after each epoch.

    Of the first two epochs, draw a moving picture: eight nodes of fc1, eight test images.
    """
    train_data, test_data, net, optimizer = start(seed=0)
    mnist_mlp.evaluate(test_data, net)  # It takes random numbers, as in main.
    losses = []
    accuracies = []
    figure = plt.figure(figsize=(9, 3.2))
    movie = PillowWriter(fps=2)
    with movie.saving(figure, FIGURES / "training.gif", dpi=80):
        for _ in range(10):
            for x, y in train_data:
                for _ in range(MOMENTS.count(len(losses))):
                    draw_moment(figure, net, test_data.dataset.tensors, len(losses))
                    movie.grab_frame()
                losses.append(nll_loss(net(x.view(-1, 28 * 28)), y).item())
                mnist_mlp.train([(x, y)], net, optimizer)
            accuracies.append((mnist_mlp.evaluate([train_data.dataset.tensors], net),
                               mnist_mlp.evaluate(test_data, net)))
            print("ten epochs: accuracies on train_data and test_data", *accuracies[-1])
    figure, (top, bottom) = plt.subplots(2, 1, figsize=(9, 6), layout="constrained")
    epochs = np.arange(1, len(losses) + 1) / len(train_data)
    top.plot(epochs, losses, ".", markersize=2, color=PALE, label="1 batch")
    top.plot(epochs[99::100], np.reshape(losses, (-1, 100)).mean(axis=1), label="100 batches")
    top.set(xlim=(0, 10.2), ylim=(0, 1), xticks=range(11), xlabel="epoch", ylabel="loss")
    top.legend(loc="upper right", markerscale=6)
    bottom.plot(range(1, 11), accuracies, marker="o", label=["train_data", "test_data"])
    bottom.set(xlim=(0, 10.2), xticks=range(11), xlabel="epoch", ylabel="accuracy")
    bottom.legend()
    figure.savefig(FIGURES / "learning.png")


def draw_moment(figure, net, test_data, n_batches):
    """Draw the weights of eight nodes of fc1, and what the network takes eight test images for."""
    figure.clear()
    accuracy = mnist_mlp.evaluate([test_data], net)
    figure.text(0.01, 0.91, f"batch {n_batches:4}   accuracy {accuracy:.2f}", fontsize=22)
    panels = figure.subplots(2, 8, gridspec_kw={
        "left": 0.01, "right": 0.99, "bottom": 0.01, "top": 0.85, "wspace": 0.06, "hspace": 0.3})
    for panel, node in zip(panels[0], [0, 2, 16, 19, 25, 31, 38, 43]):
        weights = net.fc1.weight[node].detach().view(28, 28)
        panel.imshow(weights, cmap=COLOURS, vmin=-0.3, vmax=0.3, interpolation="nearest")
    for panel, x, y in zip(panels[1], *test_data):
        answer = net(x.view(1, 28 * 28)).argmax().item()
        panel.imshow(x[0], cmap="gray", interpolation="nearest")
        panel.set_title(answer, color=RIGHT if answer == y else WRONG, weight="bold", fontsize=22)
    for panel in panels.flat:
        panel.set(xticks=[], yticks=[])


def photograph(digit):
    """Return a picture like a photograph of one of MNIST's digits on paper, half in shadow."""
    ink = np.zeros((640, 480))
    ink[160:480, 80:400] = Image.fromarray(digit).resize((320, 320), Image.Resampling.BICUBIC)
    ink = ((ink - 90) / 60).clip(0, 1)  # This sharpens the strokes.
    paper = 185 - 35 * np.tanh(np.linspace(-3, 3, 640)).reshape(640, 1)
    return Image.fromarray(np.uint8(paper * (1 - 0.8 * ink))).convert("RGB")


def main():
    """Run the README's programs in the current folder; draw the pictures; print the figures."""
    shutil.copytree(RAW, Path("MNIST", "raw"))
    wrong_digits.main()
    x, y = mnist_mlp.get_data_loader(is_train=False).dataset.tensors
    photograph(np.uint8(255 * x[0, 0])).save("digit.png")
    sys.argv[1:] = ["digit.png"]
    own_digit.main()
    for picture in ("predictions.png", "wrong_digits.png", "digit_result.png"):
        shutil.copy(picture, FIGURES)

    matplotlib.rcParams.update({"font.family": "DejaVu Sans Mono", "font.size": 17})
    draw_node()
    draw_changes()
    example = Example(own_digit.trained_net(), x, y)
    with torch.no_grad():
        draw_network(example)
        draw_downhill(example)
        draw_backward(example)
    example.print_step()
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
