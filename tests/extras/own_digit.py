"""Let the network read a digit that you wrote yourself.

    python -m tests.own_digit photo.jpg

prints ten probabilities and the answer for this picture (without a name, for digit.png), and draws
what the network saw, as digit_result.png. The network is trained the first time, and again after
each change of mnist_mlp.py; its weights and biases are kept in net.pt.
"""
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFilter, ImageOps

import mnist_mlp


def like_mnist(picture):
    """Return the digit in a PIL picture as MNIST would show it: 28 x 28, mode L, light on dark.

    As in MNIST, it fits into 20 x 20 pixels, and its centre of mass is in the middle (LeCun and
    others, "Gradient-based learning applied to document recognition", 1998, section III A).
    Raises SystemExit if no digit is found, or several marks that could be one.
    """
    ink = find_ink(picture)
    if ink.max() < 0.1:
        raise SystemExit("No digit was found: write it darker, or with a thicker pen.")
    ink = ((ink / ink.max() - 0.4) / 0.3).clip(0, 1)  # Drop faint marks.

    # The digit is the mark where most ink lies close together, and what adjoins it.
    marks = Image.fromarray(np.uint8(255 * (ink > 0))).filter(ImageFilter.MaxFilter(5))
    density = np.array(marks.filter(ImageFilter.GaussianBlur(20))) * middle(ink)
    density[np.array(marks) == 0] = 0
    row, column = np.unravel_index(density.argmax(), density.shape)
    ImageDraw.floodfill(marks, (int(column), int(row)), 128)
    is_digit = np.array(marks) == 128
    if density[~is_digit].max() > 0.5 * density.max():
        raise SystemExit("Several marks were found: write one digit, and let its strokes touch.")

    digit = Image.fromarray(np.uint8(255 * ink * is_digit))
    digit = digit.crop(digit.getbbox())
    size = [max(1, round(20 * length / max(digit.size))) for length in digit.size]
    digit = ImageOps.autocontrast(digit.resize(size))
    rows, columns = np.indices((digit.height, digit.width))
    top = round(13.5 - np.average(rows, weights=digit))
    left = round(13.5 - np.average(columns, weights=digit))
    image = Image.new("L", (28, 28))
    image.paste(digit, (left, top))
    return image


def find_ink(picture):
    """Return how much each pixel of a PIL picture, made smaller, differs from the paper around it.

    It is roughly a fraction of the brightness, (height, width) float in [0, 1], which a shadow
    hardly changes.
    """
    picture = ImageOps.exif_transpose(picture)  # Turn it as the camera was held.
    if picture.mode[0] in "IF":  # A pixel has more than 8 bits.
        grey = np.array(picture, float)
        picture = Image.fromarray(np.uint8(255 * grey / max(grey.max(), 1)))
    picture = picture.convert("RGBA")
    picture.thumbnail((600, 600))
    white = Image.new("RGBA", picture.size, "white")  # It shows where the picture is transparent.
    picture = Image.alpha_composite(white, picture).convert("L")

    # The paper is the median of a wide surrounding. In a small copy, that is quickly found.
    small = picture.resize((40, max(1, 40 * picture.height // picture.width)))
    paper = np.array(small.filter(ImageFilter.MedianFilter(27)).resize(picture.size), float)
    grey = np.array(picture, float)
    ink = (paper - grey) / (np.maximum(paper, grey) + 50)  # 50, so that noise in the dark is weak
    if (-ink * middle(ink)).max() > (ink * middle(ink)).max():
        ink = -ink  # The ink is lighter than the paper.
    return ink.clip(0, 1)


def middle(array):
    """Return weights in the shape of a two-dimensional array: 1 in its middle, 0 at its edges."""
    return np.outer(np.hanning(array.shape[0]), np.hanning(array.shape[1]))


def trained_net():
    """Return the network from net.pt, or, if it is missing or too old, train and save it.

    Raises SystemExit if net.pt cannot be read.
    """
    file = Path("net.pt")
    if not file.exists() or file.stat().st_mtime < Path(mnist_mlp.__file__).stat().st_mtime:
        print("First, the network is trained. Close its window to go on.")
        net = mnist_mlp.main().cpu()
        torch.save(net.state_dict(), file)
        return net
    net = mnist_mlp.Net()
    try:
        net.load_state_dict(torch.load(file, map_location="cpu", weights_only=True))
    except Exception:
        raise SystemExit("net.pt is damaged, or belongs to another network: delete it.")
    return net


def main():
    """Read the picture that the command names, print the answer, draw and show the result.

    Raises SystemExit, with what to do, if the picture or net.pt cannot be used.
    """
    name = sys.argv[1] if len(sys.argv) > 1 else "digit.png"
    Path("digit_result.png").unlink(missing_ok=True)  # so that none is mistaken for the new one
    try:
        picture = Image.open(name)
        image = like_mnist(picture)
    except FileNotFoundError:
        raise SystemExit(f"There is no {name} in the folder {Path.cwd()}.")
    except Image.DecompressionBombError:
        raise SystemExit(f"{name} has too many pixels: make the picture smaller.")
    except (OSError, ValueError, SyntaxError):
        raise SystemExit(f"{name} cannot be read. Export the picture as JPG or PNG, not HEIC.")

    x = torch.tensor(np.array(image)).view(1, 28 * 28) / 255
    probabilities = torch.exp(trained_net()(x))[0].tolist()
    for digit, probability in enumerate(probabilities):
        print(f"{digit}: {probability:.3f}")
    answer = probabilities.index(max(probabilities))
    print("answer:", answer)

    figure, (left, centre, right) = plt.subplots(1, 3, figsize=(9, 3), layout="constrained")
    left.imshow(ImageOps.exif_transpose(picture), cmap="gray")
    left.axis("off")
    centre.imshow(image, cmap="gray")
    centre.axis("off")
    right.bar(range(10), probabilities, tick_label=range(10))
    right.set(ylim=(0, 1), title=f"answer: {answer}")
    figure.savefig("digit_result.png")
    print("saved digit_result.png")
    plt.show()


if __name__ == "__main__":
    main()
