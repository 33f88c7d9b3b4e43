"""Draw two of the README's pictures: the trained network at work on an image, and a single node.

`python .github/pictures.py`, in the project's folder, needs net.pt (the trained network) and MNIST
there. It writes network.png and node.png into .github.

Positions and sizes are in pixels of a drawing 900 wide, y from the top down. All words in the
pictures are code, so that the same pictures suit the English page and the Chinese one.
"""
import sys

import matplotlib.pyplot as plt
import torch
from matplotlib.patches import FancyBboxPatch
from torch.nn.functional import log_softmax, relu

sys.path.append(".")  # the project's folder, where mnist_mlp.py is
from mnist_mlp import Net, get_data_loader  # noqa: E402

INK, GREY, PALE = "#222222", "#6b6b6b", "#cccccc"
POSITIVE, NEGATIVE = "#2468b4", "#cc5a12"
RIGHT, WRONG = "#1f8a4c", "#cc2f45"


def canvas(height):
    """Return a figure and its axes: a white card with round corners on a transparent ground."""
    figure = plt.figure(figsize=(9, height / 100))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, 900), ylim=(height, 0))
    axes.axis("off")
    axes.add_patch(FancyBboxPatch((20, 20), 860, height - 40, "round, pad=20", color="white",
                                  zorder=-2))
    return figure, axes


def write(axes, x, y, text, size=27, color=INK, align="left", weight="normal"):
    """Write text at the height y. size is that of the font."""
    axes.text(x, y, text, fontsize=size * 0.72, color=color, weight=weight, ha=align,
              va="center_baseline", family="DejaVu Sans Mono")


def write_name(axes, y, name, shape):
    """Write a name in the code, and the shape of what it names."""
    write(axes, 30, y, f"{name}")
    write(axes, 30 + 16.3 * (len(name) + 1), y, shape, color=GREY)


def draw_image(axes, pixels, left, top, width, height):
    """Draw rows of pixels, from 0 (black) to 1 (white), into a rectangle."""
    axes.imshow(pixels, cmap="gray", vmin=0, vmax=1, aspect="auto", interpolation="nearest",
                extent=(left, left + width, top + height, top))


def columns(n, left, right):
    """Return the middles of n equal columns between left and right."""
    return [left + (right - left) / n * (i + 0.5) for i in range(n)]


def sign_color(number):
    """Return the colour for a number."""
    return POSITIVE if number > 0 else NEGATIVE if number < 0 else GREY


def draw_fan(axes, values, starts, top, x, bottom):
    """Draw a line from each start whose value is not 0, at the height top, to (x, bottom)."""
    for value, start in zip(values, starts):
        if value != 0:
            axes.plot([start, x], [top, bottom], color=PALE, linewidth=0.8, zorder=-1)


def draw_values(axes, values, y, scale):
    """Draw values as bars, up from the line y if they are positive, down if negative."""
    colors = [sign_color(value) for value in values]
    axes.bar(columns(64, 230, 870), -scale * values, width=8, bottom=y, color=colors)
    axes.plot([230, 870], [y, y], color=GREY, linewidth=1)


def draw_network(net, x, y):
    """Draw what becomes of one image x, (1, 1, 28, 28), in the network. y is its label."""
    figure, axes = canvas(1285)
    write(axes, 30, 110, "x")
    write(axes, 30, 146, "(1, 1, 28, 28)", color=GREY)
    draw_image(axes, x[0, 0], 380, 30, 196, 196)

    x = x.view(-1, 28 * 28)
    write_name(axes, 258, "x.view(-1, 28 * 28)", "(1, 784)")
    draw_image(axes, x, 86, 282, 784, 40)
    starts, top = columns(784, 86, 870), 324

    for name, layer in [("fc1", net.fc1), ("fc2", net.fc2), ("fc3", net.fc3)]:
        result = layer(x)
        scale = 40 / result.abs().max()
        line = top + 84
        write(axes, 30, line, name)
        write(axes, 30, line + 38, "(1, 64)", color=GREY)
        write(axes, 30, line + 76, "relu")
        node = result.argmax()
        draw_fan(axes, x[0], starts, top, columns(64, 230, 870)[node],
                 line - scale * result[0, node])
        draw_values(axes, result[0], line, scale)
        x = relu(result)
        draw_values(axes, x[0], line + 84, scale)
        starts, top = columns(64, 230, 870), line + 86

    result = net.fc4(x)
    places = columns(10, 30, 870)
    draw_fan(axes, x[0], starts, top, places[result.argmax()], top + 62)
    for name, numbers in [("fc4", result), ("log_softmax", log_softmax(result, dim=1))]:
        write_name(axes, top + 40, name, "(1, 10)")
        for place, number in zip(places, numbers[0]):
            text = f"{number:.1f}".replace("-", "−")
            write(axes, place, top + 80, text, 25, sign_color(number), "center")
        top += 88

    write_name(axes, top + 40, "exp", "(1, 10)")
    line = top + 176
    for digit, probability in enumerate(numbers[0].exp()):
        color, weight, mark = GREY, "normal", ""
        if digit == y:
            color, weight, mark = RIGHT, "bold", "y"
        elif digit == result.argmax():
            color, weight, mark = WRONG, "bold", "argmax"
        height = 170 * probability
        axes.bar(places[digit], -height, width=56, bottom=line, color=color)
        write(axes, places[digit], line - height - 20, f"{probability:.2f}", 25, color, "center",
              weight)
        write(axes, places[digit], line + 24, str(digit), 30, color, "center", weight)
        write(axes, places[digit], line + 56, mark, 25, color, "center", weight)
    axes.plot([30, 870], [line, line], color=GREY, linewidth=1)
    figure.savefig(".github/network.png", dpi=100, transparent=True)


def choose_image(net):
    """Return the first test image of a 4 that the network takes for a 9, but not quite surely."""
    x, y = get_data_loader(is_train=False).dataset.tensors
    probabilities = net(x.view(-1, 28 * 28)).exp()
    chosen = (y == 4) & (probabilities.argmax(dim=1) == 9) & (probabilities[:, 4] > 0.3)
    i = chosen.nonzero()[0]
    print("test image", i.item(), "probabilities", probabilities[i])
    return x[i], y[i]


SEVEN = [0, 1, 1, 1, 0,
         0, 0, 0, 0.5, 0,
         0, 0, 1, 0, 0,
         0, 0, 1, 0, 0,
         0, 0, 1, 0, 0]
WEIGHTS = {0: 0.4, 1: 0.2, 2: 0.5, 3: 0.3, 8: -0.4, 12: 0.6, 17: -0.5, 22: 0.1, 24: -0.6}
BIAS = -0.3


def signed(number):
    """Return a number as text, with a true minus sign."""
    return f"{number:g}".replace("-", "−")


def draw_node():
    """Draw one node of layer 1: the post's 5 x 5 image of a 7, 25 weights, a sum and relu."""
    figure, axes = canvas(1010)
    cell = 58
    draw_image(axes, torch.tensor(SEVEN).view(5, 5), 30, 40, 5 * cell, 5 * cell)
    for i in range(25):
        row, column = divmod(i, 5)
        write(axes, 30 + cell * (column + 0.5), 40 + cell * (row + 0.5), f"$X_{{{i}}}$", 27,
              "black" if SEVEN[i] else "white", "center")
    write(axes, 175, 370, "5 · 5 = 25", color=GREY, align="center")
    write(axes, 175, 410, "28 · 28 = 784", color=GREY, align="center")

    node_x, node_y = 730, 420
    total = BIAS
    for i, value in enumerate(SEVEN):
        y = 52 + 31.5 * i
        color = sign_color(WEIGHTS[i]) if value else PALE
        width = 6 * abs(WEIGHTS[i]) + 1 if value else 1
        axes.plot([470, node_x], [y, node_y], color=color, linewidth=width, zorder=1)
        axes.plot(470, y, "o", markersize=17, color=str(value), markeredgecolor=GREY)
        write(axes, 450, y, f"$X_{{{i}}}$ = {value:g}", 25, INK if value else GREY, "right")
        if i in WEIGHTS:
            axes.text(492, y, f"$a_{{{i}}}$ = {signed(WEIGHTS[i])}", fontsize=18, va="center",
                      color=color if value else GREY, family="DejaVu Sans Mono",
                      bbox={"color": "white", "pad": 0.5})
            total += value * WEIGHTS[i]
    axes.plot([node_x, node_x], [node_y + 130, node_y], color=NEGATIVE, linewidth=3, zorder=1)
    write(axes, node_x, node_y + 150, f"b = {signed(BIAS)}", 27, NEGATIVE, "center")
    axes.plot([node_x, 870], [node_y, node_y], color=INK, linewidth=3, zorder=1)
    axes.plot(node_x, node_y, "o", markersize=74, color="white", markeredgecolor=INK,
              markeredgewidth=2.5)
    write(axes, node_x - 22, node_y, "∑", 40, INK, "center")
    axes.plot([node_x + 4, node_x + 22, node_x + 40], [node_y + 12, node_y + 12, node_y - 18],
              color=INK, linewidth=3)
    write(axes, 830, node_y - 24, signed(round(total, 6)), 30, POSITIVE, "center", "bold")

    terms = " + ".join(signed(round(v * WEIGHTS[i], 6)) for i, v in enumerate(SEVEN) if v)
    terms = (terms + f" + {signed(BIAS)}").replace("+ −", "− ")
    write(axes, 30, 870, "$X_0 · a_0 + X_1 · a_1 + X_2 · a_2 + ⋯ + X_{24} · a_{24} + b$", 30)
    write(axes, 30, 918, f"= {terms} = {signed(round(total, 6))}", 25)
    write(axes, 30, 966, f"relu({total:g}) = max(0, {total:g}) = {max(0, total):g}", 27)
    figure.savefig(".github/node.png", dpi=100, transparent=True)


def main():
    """Draw both pictures."""
    draw_node()
    net = Net()
    net.load_state_dict(torch.load("net.pt"))
    with torch.no_grad():
        draw_network(net, *choose_image(net))


if __name__ == "__main__":
    main()
