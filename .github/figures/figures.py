"""Draw the pages' pictures, and measure the numbers that the pages tell.

    python .github/figures/figures.py "AMD EPYC"

writes the pictures and measured.json beside this file, the latter with the name of the processor.
It takes some minutes on Linux, with nothing else running, and needs MNIST, which mnist_mlp.py
downloads, and the post's program as post.py beside it. Other computers give other numbers.
changes.py measures those of "Break it on purpose".

The pictures serve the pages in all languages: their words are code, or a few that each explains.
"""
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.animation import PillowWriter
from matplotlib.colors import LinearSegmentedColormap
from PIL import Image
from torch.nn.functional import log_softmax, nll_loss, relu

PROJECT = Path(__file__).resolve().parent.parent.parent
sys.path.append(str(PROJECT))
import changes  # noqa: E402

import mnist_mlp  # noqa: E402
from tests.extras import own_digit, wrong_digits  # noqa: E402
from tests.helpers import RAW  # noqa: E402

POSITIVE, NEGATIVE, GREY, PALE = "tab:blue", "tab:orange", "dimgrey", "lightgrey"
RIGHT, WRONG = "tab:green", "tab:red"
COLOURS = LinearSegmentedColormap.from_list("", [NEGATIVE, "white", POSITIVE], N=9)
# The example of the pages: a training image that the network still reads wrongly after training,
# and a node each of fc2 and fc3 that matter for it. gradients.py on the pages has these numbers.
NUMBER, NODE2, NODE3 = 37134, 5, 5
# When training.gif shows the network: after so many batches. It starts and ends slowly.
MOMENTS = [0, 0, 0, 50, 100, 150, 200, 250, 300, 400, 500, 700, 1000, 1500, 2000, 3000, 4000, 6000,
           *[8000] * 5]
measured = {}  # the numbers that the pages tell, by what they are


def signed(number, digits=1):
    """Return a number as text, with a true minus sign."""
    return f"{number + 0:.{digits}f}".replace("-", "−")  # + 0 turns -0 into 0.


def tell(what, number, digits=1):
    """Note a number as measured; return it as text."""
    measured[what] = float(number)
    return signed(number, digits)


def color(number):
    return POSITIVE if number > 0 else NEGATIVE if number < 0 else GREY


def canvas(height):
    """Return axes for a drawing 900 wide, y from the top, and a function that writes in it."""
    axes = plt.figure(figsize=(9, height / 100)).add_axes((0, 0, 1, 1))
    axes.axis("off")

    def write(x, y, text, fontsize=20, ha="center", **style):
        axes.text(x, y, text, fontsize=fontsize, ha=ha, va="center", **style)

    return axes, write


def save(axes, name):
    axes.set(xlim=(0, 900), ylim=(100 * axes.figure.get_figheight(), 0), aspect="auto")
    axes.figure.savefig(changes.FIGURES / name)


def draw_pixels(axes, pixels, left, top, width, height):
    """Draw rows of pixels, from 0 (black) to 1 (white), into a rectangle."""
    extent = (left, left + width, top + height, top)
    axes.imshow(pixels, cmap="gray", vmin=0, vmax=1, extent=extent)


def draw_node():
    """Draw the weighted sum of a node: a 7 of 5 x 5 pixels, 25 weights, their products."""
    x = np.array([[0, 1, 1, 1, 0], [0, 0, 0, 0.5, 0], *[[0, 0, 1, 0, 0]] * 3])
    a = np.array([[4, 2, 5, 3, -2], [-3, 1, -1, -4, 2], [3, -2, 6, -1, 4], [-5, 2, -5, 3, -3],
                  [1, -4, 1, 2, -6]]) / 10
    axes, write = canvas(490)
    draw_pixels(axes, x, 30, 60, 400, 310)
    for left, name, grid in [(30, "$X_i$", x), (470, "$a_i$", a)]:
        write(left + 200, 28, name, 26)
        for (row, column), number in np.ndenumerate(grid):
            shade = ("black" if number else "white") if grid is x else color(number)
            write(left + 40 + 80 * column, 91 + 62 * row, signed(number).replace(".0", ""), 21,
                  color=shade)
        axes.add_patch(plt.Rectangle((left, 60), 400, 310, fill=False, edgecolor=GREY))
    terms = " + ".join(map(signed, (x * a)[x > 0])) + " + " + tell("b of node.png", -1.3)
    total = tell("sum of node.png", (x * a).sum() - 1.3)
    write(30, 415, f"$∑X_i×a_i+b$ = {terms.replace('+ −', '− ')}", 18, "left")
    write(30, 460, f"= {total}      relu({total}) = 0", 18, "left")
    save(axes, "node.png")


class Example:
    """The training image that the pages follow through the network, and back from the loss."""

    def __init__(self, net, images, labels):
        self.net, self.image, self.y = net, images[NUMBER, 0], labels[NUMBER].item()
        self.x = self.image.view(1, 28 * 28)
        self.fc2 = relu(net.fc2(relu(net.fc1(self.x))))
        self.fc3 = relu(net.fc3(self.fc2))
        self.fc4 = net.fc4(self.fc3)
        self.answer = self.fc4.argmax().item()
        self.fc3.retain_grad()
        self.fc4.retain_grad()
        net.zero_grad()
        self.loss = nll_loss(log_softmax(self.fc4, dim=1), labels[NUMBER:NUMBER + 1])
        self.loss.backward()


def draw_network(example):
    """Draw what becomes of the image in the network."""
    axes, write = canvas(1190)
    net, y, x = example.net, example.y, example.x.flatten()

    def write_name(number, name, shape, height):
        write(20, height, number, ha="left", weight="bold")
        write(60, height, name, ha="left")
        write(60, height + 34, shape, 17, "left", color=GREY)

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
    starts, top, bars = np.linspace(250, 880, 784), 249, np.linspace(255, 875, 64)
    for i, layer in enumerate([net.fc1, net.fc2, net.fc3]):
        result = layer(x)
        scale = 35 / result.abs().max()
        line = top + 74
        write_name("345"[i], f"fc{i + 1}", "(1, 64)", line - 10)
        write(60, line + 72, "relu", ha="left")
        node = [result.argmax(), NODE2, NODE3][i]
        draw_lines(x, starts, top, bars[node], line - scale * result[node])
        draw_bars(result, line, scale)
        x = relu(result)
        draw_bars(x, line + 87, scale)
        if i > 0:
            axes.bar(bars[node], -scale * x[node], width=8, bottom=line + 87, color="black")
            write(bars[node], line + 39, signed(x[node], 2), 18)
        starts, top = bars, line + 89

    digits = np.linspace(65, 835, 10)
    draw_lines(x, starts, top, digits[y], top + 60)
    scores = net.fc4(x)
    output = log_softmax(scores, dim=0)
    for number, name, values in [("6", "fc4", scores), ("7", "log_softmax", output)]:
        write_name(number, f"{name} (1, 10)", "", top + 40)
        for digit, value in zip(digits, values):
            write(digit, top + 80, signed(value), 18, color=color(value))
        top += 88
    write_name("8", "exp (1, 10)", "", top + 40)
    line = top + 190
    axes.plot([20, 880], [line, line], color=GREY, linewidth=1)
    for digit, p in enumerate(output.exp()):
        shade, label = {y: (RIGHT, "y"), example.answer: (WRONG, "argmax")}.get(digit, (GREY, ""))
        axes.bar(digits[digit], -130 * p, width=56, bottom=line, color=shade)
        for place, text in [(-130 * p - 18, signed(p, 2)), (24, digit), (56, label)]:
            write(digits[digit], line + place, text, 18, color=shade,
                  weight="bold" if label else "normal")
    save(axes, "network.png")


def draw_downhill(example):
    """Draw the loss while one weight of fc4 changes and all the others stay as they are."""
    weight = example.net.fc4.weight[example.y, NODE3].item()
    slope = example.net.fc4.weight.grad[example.y, NODE3].item()
    loss = example.loss.item()
    weights = torch.linspace(weight - 0.5, weight + 1.5, 100)
    outputs = example.fc4.repeat(100, 1)
    outputs[:, example.y] += (weights - weight) * example.fc3[0, NODE3]
    measured["fall of the loss by one weight"] = mnist_mlp.LEARNING_RATE * slope ** 2

    figure, axes = plt.subplots(figsize=(9, 4.6), layout="constrained")
    axes.plot(weights, -log_softmax(outputs, dim=1)[:, example.y], linewidth=3)
    line = np.array([-0.35, 0.35])
    axes.plot(weight + line, loss + slope * line, color=WRONG, linewidth=3)
    axes.plot(weight, loss, "o", markersize=14, color="black")
    axes.text(weight + 0.05, loss + 0.1, f"({signed(weight, 3)}, {signed(loss, 2)})", fontsize=22)
    axes.text(weight - 0.37, loss - 0.5, f"slope {signed(slope, 2)}", color=WRONG, fontsize=22)
    axes.set(xlabel="one weight of fc4", ylabel="loss", ylim=(0, 2.2), yticks=[0, 1, 2])
    figure.savefig(changes.FIGURES / "downhill.png")


def draw_backward(example):
    """Draw two of the paths from the loss back to a node of fc2, and the derivatives on them."""
    net, values, grad = example.net, example.fc4[0], example.fc4.grad[0]
    axes, write = canvas(610)
    on_white = {"bbox": {"facecolor": "white", "edgecolor": "none", "pad": 4}}

    def draw_circle(x, y, name, value, derivative=""):
        axes.plot(x, y, "o", markersize=78, color="white", markeredgecolor=GREY)
        write(x, y - 82, name)
        write(x, y, value, 22, color=POSITIVE)
        write(x, y + 80, derivative, 22, color=WRONG, weight="bold")

    def draw_line(start, end, weight, derivative):
        axes.plot(*zip(start, end), color=GREY, linewidth=1.5, zorder=-1)
        x, y = np.mean([start, end], axis=0)
        write(x, y - 19, weight, 22, **on_white)
        write(x, y + 19, derivative, 22, color=WRONG, weight="bold", **on_white)

    fc2, fc3, loss = (75, 285), (335, 285), (825, 285)
    draw_line(fc2, fc3, tell("weight of fc3", net.fc3.weight[NODE3, NODE2], 3),
              tell("derivative of this weight of fc3", net.fc3.weight.grad[NODE3, NODE2], 3))
    for n, place, up in [(example.y, (610, 125), 52), (example.answer, (610, 450), -55)]:
        draw_line(fc3, place, tell(f"weight of fc4 to {n}", net.fc4.weight[n, NODE3], 3),
                  tell(f"derivative of this weight to {n}", net.fc4.weight.grad[n, NODE3], 2))
        axes.plot(*zip(place, loss), color=GREY, linewidth=1.5, zorder=-1)
        draw_circle(*place, f"fc4: {n}", tell(f"score of {n}", values[n]),
                    tell(f"derivative of the score of {n}", grad[n], 3))
        p = tell(f"p of {n}", values.softmax(dim=0)[n], 3)
        write(place[0] + 75, place[1] - up, f"p = {p}", ha="left", color=GREY)
    draw_circle(*fc2, "fc2", tell("node of fc2", example.fc2[0, NODE2], 2))
    draw_circle(*fc3, "fc3", tell("node of fc3", example.fc3[0, NODE3], 2),
                tell("derivative of the node of fc3", example.fc3.grad[0, NODE3], 3))
    draw_circle(*loss, "loss", tell("loss", example.loss, 2))
    for x, y, rule in [(612, 243, "①"), (405, 222, "②"), (270, 365, "③"), (205, 342, "④")]:
        write(x, y, rule, family="DejaVu Sans")
    write(610, 292, "…", 30)
    for left, text, shade in [(30, "value", POSITIVE), (150, "weight", "black"),
                              (285, "derivative", WRONG)]:
        write(left, 578, text, ha="left", color=shade)
    save(axes, "backward.png")


def draw_moment(figure, net, test_data, n_batches):
    """Draw the weights of eight nodes of fc1, and what the network takes eight test images for."""
    figure.clear()
    accuracy = mnist_mlp.evaluate([test_data], net)
    figure.text(0.01, 0.91, f"batch {n_batches:4}   accuracy {accuracy:.2f}", fontsize=22)
    panels = figure.subplots(2, 8, subplot_kw={"xticks": [], "yticks": []}, gridspec_kw={
        "left": 0.01, "right": 0.99, "bottom": 0.01, "top": 0.85, "wspace": 0.06, "hspace": 0.3})
    for panel, node in zip(panels[0], [0, 2, 16, 19, 25, 31, 38, 43]):
        weights = net.fc1.weight[node].detach().view(28, 28)
        panel.imshow(weights, cmap=COLOURS, vmin=-0.3, vmax=0.3, interpolation="nearest")
    for panel, x, y in zip(panels[1], *test_data):
        answer = net(x.view(1, 28 * 28)).argmax().item()
        panel.imshow(x[0], cmap="gray", interpolation="nearest")
        panel.set_title(answer, color=RIGHT if answer == y else WRONG, weight="bold", fontsize=22)


def draw_learning():
    """Train for ten epochs; draw the loss of each batch and two accuracies after each epoch.

    Of the first two epochs, draw a moving picture: eight nodes of fc1, eight test images.
    """
    torch.manual_seed(mnist_mlp.SEED)
    train_data, test_data = [mnist_mlp.get_data_loader(is_train) for is_train in (True, False)]
    net = mnist_mlp.Net()
    optimizer = torch.optim.Adam(net.parameters(), lr=mnist_mlp.LEARNING_RATE)
    mnist_mlp.evaluate(test_data, net)  # It takes random numbers, as in main.
    losses = []
    accuracies = []
    figure = plt.figure(figsize=(9, 3.2))
    movie = PillowWriter(fps=2)
    with movie.saving(figure, changes.FIGURES / "training.gif", dpi=80):
        for _ in range(10):
            for x, y in train_data:
                for _ in range(MOMENTS.count(len(losses))):
                    draw_moment(figure, net, test_data.dataset.tensors, len(losses))
                    movie.grab_frame()
                losses.append(nll_loss(net(x.view(-1, 28 * 28)), y).item())
                mnist_mlp.train([(x, y)], net, optimizer)
            accuracies.append([mnist_mlp.evaluate([train_data.dataset.tensors], net),
                               mnist_mlp.evaluate(test_data, net)])
    measured["accuracies on train_data and test_data in ten epochs"] = accuracies
    figure, (top, bottom) = plt.subplots(2, 1, figsize=(9, 6), layout="constrained")
    epochs = np.arange(1, len(losses) + 1) / len(train_data)
    top.plot(epochs, losses, ".", markersize=2, color=PALE, label="1 batch")
    top.plot(epochs[99::100], np.reshape(losses, (-1, 100)).mean(axis=1), label="100 batches")
    top.set(xlim=(0, 10.2), ylim=(0, 1), xticks=range(11), xlabel="epochs", ylabel="loss")
    top.legend(loc="upper right", markerscale=6)
    bottom.plot(range(1, 11), accuracies, marker="o", label=["train_data", "test_data"])
    bottom.set(xlim=(0, 10.2), xticks=range(11), xlabel="epochs", ylabel="accuracy")
    bottom.legend()
    figure.savefig(changes.FIGURES / "learning.png")


def photograph(digit):
    """Return a picture like a photograph of one of MNIST's digits on paper, half in shadow."""
    ink = np.zeros((640, 480))
    ink[160:480, 80:400] = Image.fromarray(digit).resize((320, 320), Image.Resampling.BICUBIC)
    ink = ((ink - 90) / 60).clip(0, 1)  # This sharpens the strokes.
    paper = 185 - 35 * np.tanh(np.linspace(-3, 3, 640)).reshape(640, 1)
    return Image.fromarray(np.uint8(paper * (1 - 0.8 * ink))).convert("RGB")


def measure_steps(example, batches):
    """Measure one step of SGD on the example, then on each of the batches."""
    net = example.net
    sgd = torch.optim.SGD(net.parameters(), lr=mnist_mlp.LEARNING_RATE)
    numbers = []
    for x, y in [(example.x, torch.tensor([example.y])), *batches]:
        mnist_mlp.train([(x, y)], net, sgd)
        numbers.append(sum(int((values.grad != 0).sum()) for values in net.parameters()))
        if len(numbers) == 1:
            loss = nll_loss(net(x), y).item()
            measured.update({"loss after a step": loss, "p after a step": np.exp(-loss)})
    measured["gradients other than 0"] = [numbers[0], np.mean(numbers[1:])]


def run(program, **variables):
    """Run a program as a process of its own; return its seconds, and the accuracies it printed."""
    environment = {**os.environ, "MPLBACKEND": "agg", "PYTHONPATH": str(PROJECT), **variables}
    begin = time.perf_counter()
    process = subprocess.run([sys.executable, PROJECT / program], check=True, env=environment,
                             capture_output=True, text=True)
    seconds = time.perf_counter() - begin
    return seconds, [float(n) for n in re.findall(r"accuracy: (\S+)", process.stdout)]


def measure_runs():
    """Measure how long the programs take, and what they print."""
    measured["seconds"], measured["accuracies"] = run("mnist_mlp.py")
    measured["seconds of the post's program"], _ = run("post.py")
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as other:
        try:
            measured["seconds beside another program"], _ = run("mnist_mlp.py")
            measured["seconds of the post's program beside another program"], _ = run("post.py")
        finally:
            other.kill()
    measured["seconds of conv_net.py"], measured["accuracies of conv_net.py"] = run(
        "tests/extras/conv_net.py")


def main(processor):
    """Run the programs for readers in the current folder; draw the pictures; write the numbers."""
    if not (PROJECT / "post.py").exists():
        sys.exit("figures.py: save the post's program as post.py beside mnist_mlp.py")
    shutil.copytree(RAW, Path("MNIST", "raw"))
    measure_runs()
    wrong_digits.main()
    test_data = mnist_mlp.get_data_loader(is_train=False)
    x, y = test_data.dataset.tensors
    photograph(np.uint8(255 * x[0, 0])).save("digit.png")
    sys.argv[1:] = ["digit.png"]
    own_digit.main()
    for picture in ("predictions.png", "wrong_digits.png", "digit_result.png"):
        shutil.copy(picture, changes.FIGURES)

    matplotlib.rcParams.update({"font.family": "DejaVu Sans Mono", "font.size": 17})
    draw_node()
    net = own_digit.trained_net()
    p, answers = net(x.view(-1, 28 * 28)).exp().max(dim=1)
    wrong = p[answers != y]
    measured["read wrong, of these with p above 0.9"] = [len(wrong), int((wrong > 0.9).sum())]
    train_data = mnist_mlp.get_data_loader(is_train=True)
    example = Example(net, *train_data.dataset.tensors)
    with torch.no_grad():
        draw_network(example)
        draw_downhill(example)
        draw_backward(example)
    measure_steps(example, itertools.islice(train_data, 200))
    draw_learning()
    about = {"processor": processor, "torch": torch.__version__}
    about.update({name: getattr(mnist_mlp, name) for name in [*changes.CONSTANTS, "SEED"]})
    (changes.FIGURES / "measured.json").write_text(json.dumps({**about, **measured}, indent=1))


if __name__ == "__main__":
    matplotlib.use("Agg")
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        main(sys.argv[1])
        os.chdir(PROJECT)  # Windows cannot delete the current folder.
