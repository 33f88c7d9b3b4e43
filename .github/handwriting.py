"""Count how many digits of other people the README's read_digit.py reads, and draw its picture.

`python .github/handwriting.py`, in the project's folder, needs net.pt (the trained network) there,
and scikit-learn, which brings 1,797 digits of UCI's. It writes handwriting.png into .github.
"""
import re
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFilter, ImageOps
from sklearn.datasets import load_digits

sys.path.append(".")  # the project's folder, where mnist_mlp.py is
from mnist_mlp import Net  # noqa: E402

FIVE = [(78, 10), (28, 10), (22, 50), (45, 42), (70, 48), (82, 70), (70, 93), (45, 98), (18, 88)]


def read_digit():
    """Return the names in the first program of README.md that defines like_mnist."""
    readme = Path("README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    names = {"__name__": "read_digit"}
    exec(next(block for block in blocks if "def like_mnist" in block), names)
    return names


def count(net, like_mnist):
    """Print how many of UCI's digits the network reads right, and how many are refused."""
    right = refused = 0
    digits = load_digits()
    for pixels, label in zip(digits.images, digits.target):  # (8, 8), from 0 (white) to 16 (black)
        paper = np.pad(255 - 15 * pixels.astype(np.uint8), 4, constant_values=255)
        picture = Image.fromarray(paper)
        try:
            image = like_mnist(picture.resize((320, 320), Image.Resampling.BICUBIC))
        except SystemExit:
            refused += 1
            continue
        x = torch.tensor(np.array(image)).view(1, 28 * 28) / 255
        right += int(net(x).argmax() == label)
    print(f"of {len(digits.target)} digits, {right} were read right and {refused} refused")


def photograph():
    """Return a picture like a photograph of a 5 on paper with a soft shadow."""
    ink = Image.new("L", (400, 500))
    points = [(100 + 2 * x, 130 + 2.4 * y) for x, y in FIVE]
    ImageDraw.Draw(ink).line(points, fill=255, width=22, joint="curve")
    ink = np.array(ink.filter(ImageFilter.GaussianBlur(3))) / 255
    y, x = np.mgrid[:500, :400] / 500
    light = 0.7 + 0.3 * np.tanh(4 * (x + y - 0.8))
    noise = np.random.default_rng(0).normal(0, 4, ink.shape)
    return Image.fromarray((235 * light * (1 - 0.9 * ink) + noise).clip(0, 255).astype(np.uint8))


def draw(find_ink, like_mnist):
    """Draw the photograph, the ink without the paper, and the 28 x 28 pixels of the digit."""
    picture = photograph()
    result = Image.new("RGB", (800, 330), "white")
    for i, stage in enumerate([picture, find_ink(picture), like_mnist(picture)]):
        stage = ImageOps.contain(stage.convert("RGB"), (250, 310), Image.Resampling.NEAREST)
        result.paste(stage, (140 + 260 * i - stage.width // 2, 165 - stage.height // 2))
    result.save(".github/handwriting.png")


def main():
    """Draw the picture, then print the counts."""
    program = read_digit()
    draw(program["find_ink"], program["like_mnist"])
    torch.set_num_threads(1)
    net = Net()
    net.load_state_dict(torch.load("net.pt"))
    count(net, program["like_mnist"])


if __name__ == "__main__":
    main()
