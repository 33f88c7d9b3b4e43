"""Let the network read a digit that you wrote yourself.

    python -m tests.extras.own_digit photo.jpg

prints the answer, and draws the digit as the network saw it, with the probability of each answer,
as digit_result.png. The network is trained the first time, and again once mnist_mlp.py changes.
"""
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFilter, ImageOps

import mnist_mlp

SIZE = (300, 300)  # pixels, into which a picture is fitted before the digit is looked for
MARGIN = 50  # pixels of paper, put around a picture that may be cropped to its digit:
FLAT, EDGES = 30, 0.75  # more than EDGES of its edges are within FLAT grey values of the median
PAPER = 27  # pixels of 40; the median of such a wide surrounding is taken for the paper
NOISE = 50  # a grey value; what differs from dark paper by much less is hardly ink
FAINTEST = 0.2  # the contrast of ink with paper; if no pixel has more, there is no ink
WEAK, STRONG = 0.4, 0.7  # contrasts that become black and white, as fractions of the strongest
GAP = 5  # pixels; strokes with less between them belong to the same mark
NEAR = 6  # pixels; marks that are this near support each other
SECOND = 0.5  # a second mark is refused if it has this fraction of the ink of the first
SHEET = 0.67  # what fills more of its bounding box than a digit does is a sheet of paper


def read_picture(path):
    """Return the picture in a file upright and in grey (mode L). Raises errors as PIL does."""
    picture = Image.open(path)
    picture.draft("RGB", (600, 600))  # A large JPEG is reduced as it is read: this saves memory.
    if picture.mode.startswith("I"):  # A pixel has 16 bits.
        picture = Image.fromarray(np.uint8(np.array(picture) / 257))
    picture = ImageOps.contain(picture.convert("LA"), SIZE)
    grey, alpha = ImageOps.exif_transpose(picture).split()  # Turn it as the camera was held.
    # Ink on a transparent ground is laid on white or, if it is light, on black.
    is_light = np.average(grey, weights=np.array(alpha) + 0.001) > 127
    picture = Image.composite(grey, Image.new("L", grey.size, 0 if is_light else 255), alpha)
    # A picture cropped to its digit gets a margin of paper, but not one with a desk or a shadow.
    grey = np.array(picture, float)
    edges = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    if np.mean(abs(edges - np.median(grey)) < FLAT) > EDGES:
        picture = ImageOps.expand(picture, MARGIN, int(np.median(grey)))
    return picture


def contrast(picture):
    """Return how much darker each pixel of a picture in mode L is than the paper around it.

    It is a fraction of the brightness, (height, width) float in [-1, 1], and smaller in the dark.
    """
    paper = picture.resize((40, 40)).filter(ImageFilter.MedianFilter(PAPER)).resize(picture.size)
    paper, grey = np.array(paper, float), np.array(picture, float)
    return (paper - grey) / (np.maximum(paper, grey) + NOISE)


def like_mnist(picture):
    """Return the digit in a picture as MNIST would show it: mode L, 28 x 28, light on dark.

    picture: as from read_picture. As in MNIST, the digit fits into 20 x 20 pixels, and its centre
    of mass is in the middle (LeCun and others, "Gradient-based learning applied to document
    recognition", 1998, section III A). Any other mark is taken for a digit, too. Raises
    SystemExit if there is no mark, or a second one with about as much ink.
    """
    ink = contrast(picture)
    # What is in the middle of the picture counts more than, near its edges, the end of a desk.
    middle = np.outer(np.hanning(ink.shape[0]), np.hanning(ink.shape[1]))
    if (-ink * middle).max() > (ink * middle).max():
        ink = -ink  # The ink is lighter than the paper.
    ink = ((ink / max(ink.max(), FAINTEST) - WEAK) / (STRONG - WEAK)).clip(0, 1)

    # The digit is the mark where most ink lies close together, and what adjoins it. The lines of
    # ruled paper, which are weaker than its strokes, must not adjoin it or be marks, too.
    marks = Image.fromarray(np.uint8(255 * (ink > 0.5))).filter(ImageFilter.MaxFilter(GAP))
    density = np.array(marks.filter(ImageFilter.GaussianBlur(NEAR))) * middle * np.array(marks)
    row, column = np.unravel_index(density.argmax(), density.shape)
    ImageDraw.floodfill(marks, (int(column), int(row)), 128)
    is_digit = np.array(marks) == 128
    if (density * ~is_digit).max() >= SECOND * density.max():
        raise SystemExit("No digit was found, or several marks: write one digit, on blank paper,\n"
                         "with a margin and a thick pen, and let its strokes touch.")

    digit = Image.fromarray(np.uint8(255 * ink * is_digit))
    box = digit.getbbox()
    digit = digit.crop(box)
    is_wide = min(digit.size) > 0.5 * max(digit.size)  # unlike a 1, which also fills its box
    if is_wide and np.mean(digit) > 255 * SHEET:
        return like_mnist(picture.crop(box))
    size = [max(1, round(20 * length / max(digit.size))) for length in digit.size]
    digit = digit.resize(size)
    top, left = [round(13.5 - np.average(index, weights=digit))
                 for index in np.indices((digit.height, digit.width))]
    image = Image.new("L", (28, 28))
    image.paste(digit, (left, top))
    return image


def trained_net():
    """Return the trained network, on the CPU. It is kept in a file until mnist_mlp.py changes."""
    program = Path(mnist_mlp.__file__).read_text(encoding="utf-8")
    net = mnist_mlp.Net().eval()
    try:
        saved = torch.load("trained_net.pt", weights_only=True)
        if saved.pop("program") == program:
            net.load_state_dict(saved)
            return net
    except Exception:  # The file is missing or damaged: it will be replaced.
        pass
    print("First, the network is trained. Close its window to go on.")
    trained = mnist_mlp.main().cpu().eval()
    net.load_state_dict(getattr(trained, "_orig_mod", trained).state_dict())  # of torch.compile
    torch.save({**net.state_dict(), "program": program}, "trained_net.pt")
    return net


def main():
    """Print and draw how the network reads a picture. Raises SystemExit, with what to do."""
    if len(sys.argv) != 2:  # Without quotation marks, a name with a space counts as two.
        raise SystemExit('Name one picture: python -m tests.extras.own_digit "my photo.jpg"')
    try:
        Path("digit_result.png").unlink(missing_ok=True)  # so that none is taken for the new one
        picture = read_picture(sys.argv[1])
    except Exception as error:  # PIL raises errors of many types.
        path = Path(getattr(error, "filename", None) or sys.argv[1]).absolute()
        reason = getattr(error, "strerror", None) or "export the picture as JPG or PNG, not HEIC"
        raise SystemExit(f"{path} cannot be used: {reason}")
    image = like_mnist(picture)

    x = torch.tensor(np.array(image)).view(1, 28 * 28) / 255
    probabilities = torch.softmax(trained_net()(x), dim=1)[0].tolist()
    answer = probabilities.index(max(probabilities))
    print(f"answer: {answer}, with a probability of {max(probabilities):.3f}")
    figure, (left, centre, right) = plt.subplots(1, 3, figsize=(6, 2), layout="constrained")
    for panel, drawn in [(left, picture), (centre, image)]:
        panel.imshow(drawn, cmap="gray", vmin=0, vmax=255)
        panel.axis("off")
    right.bar(range(10), probabilities, tick_label=range(10))
    right.set(ylim=(0, 1), title=f"answer: {answer}")
    figure.savefig("digit_result.png")
    print("saved digit_result.png")
    plt.show()


if __name__ == "__main__":
    main()
