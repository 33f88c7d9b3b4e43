"""Let the network read a digit that you wrote yourself.

    python -m tests.extras.own_digit photo.jpg

prints ten probabilities and the answer, and draws what the network saw, as digit_result.png.
The network is trained the first time, and again once mnist_mlp.py has changed.
"""
if not __package__:
    raise SystemExit("In mnist_mlp.py's folder, type: python -m tests.extras.own_digit photo.jpg")
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFilter, ImageOps

import mnist_mlp


def read_picture(path):
    """Return the picture in a file upright and in grey: mode L, its longer side 300 pixels.

    Raises the errors of Image.open, of many types.
    """
    picture = Image.open(path)
    picture.draft("RGB", (600, 600))  # A large JPEG is reduced as it is read: this saves memory.
    if picture.mode[0] in "IF":  # A pixel has more than 8 bits.
        grey = np.array(picture, np.float32)
        picture = Image.fromarray(np.uint8(255 / max(grey.max(), 1) * grey))
    picture = ImageOps.contain(picture.convert("LA"), (300, 300))
    grey, alpha = ImageOps.exif_transpose(picture).split()  # Turn it as the camera was held.
    # Ink on a transparent ground is laid on white or, if it is light, on black.
    is_light = np.average(grey, weights=np.array(alpha) + 0.001) > 127
    return Image.composite(grey, Image.new("L", grey.size, 0 if is_light else 255), alpha)


def like_mnist(picture):
    """Return the digit in a picture as MNIST would show it: mode L, 28 x 28, light on dark.

    picture: mode L, its longer side 300. As in MNIST, the digit fits into 20 x 20 pixels, and its
    centre of mass is in the middle (LeCun and others, "Gradient-based learning applied to document
    recognition", 1998, section III A). Raises SystemExit if it finds no digit, or several marks.
    """
    ink = contrast(picture)
    # What is in the middle of the picture counts more than, near its edges, the end of a desk.
    middle = np.outer(np.hanning(ink.shape[0]), np.hanning(ink.shape[1]))
    if (-ink * middle).max() > (ink * middle).max():
        ink = -ink  # The ink is lighter than the paper.
    ink = ((ink / max(ink.max(), 0.2) - 0.4) / 0.3).clip(0, 1)  # Drop faint marks.

    # The digit is the mark where most ink lies close together, and what adjoins it. The lines of
    # ruled paper, which are weaker than its strokes, must not adjoin it or be marks, too.
    marks = Image.fromarray(np.uint8(255 * (ink > 0.5))).filter(ImageFilter.MaxFilter(5))
    density = np.array(marks.filter(ImageFilter.GaussianBlur(20))) * middle * np.array(marks)
    row, column = np.unravel_index(density.argmax(), density.shape)
    ImageDraw.floodfill(marks, (int(column), int(row)), 128)
    is_digit = np.array(marks) == 128
    if (density * ~is_digit).max() >= 0.5 * density.max():
        raise SystemExit("No digit was found, or several marks: write one digit, on blank paper,\n"
                         "with a margin and a thick pen, and let its strokes touch.")

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


def contrast(picture):
    """Return how much darker each pixel of a picture in mode L is than the paper around it.

    It is about a fraction of the brightness, (height, width) float in [-1, 1]: the same in shadow.
    """
    # A picture cropped to its digit needs a margin that shows what the paper is like. But if a
    # quarter of the edges differs from most of the picture, there is a desk or a shadow.
    grey = np.array(picture, float)
    edges = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    if np.mean(abs(edges - np.median(grey)) < 30) > 0.75:
        picture = ImageOps.expand(picture, 50, int(np.median(grey)))

    # The paper is the median of a wide surrounding. In a small copy, that is quickly found.
    small = picture.resize((40, 40)).filter(ImageFilter.MedianFilter(27))
    paper = np.array(small.resize(picture.size), float)
    grey = np.array(picture, float)
    return (paper - grey) / (np.maximum(paper, grey) + 50)  # 50, so that noise in the dark is weak


def trained_net():
    """Return the trained network, on the CPU. It is kept in a file until mnist_mlp.py changes."""
    program = Path(mnist_mlp.__file__).read_text(encoding="utf-8")
    try:
        saved = torch.load("trained_net.pt", weights_only=True)
        if saved.pop("program") == program:
            net = mnist_mlp.Net()
            net.load_state_dict(saved)
            return net
    except Exception:  # The file is missing or damaged: it will be replaced.
        pass
    print("First, the network is trained. Close its window to go on.")
    net = mnist_mlp.main().cpu()
    torch.save({**net.state_dict(), "program": program}, "trained_net.pt")
    return net


def main():
    """Print and draw how the network reads a picture. Raises SystemExit, with what to do."""
    Path("digit_result.png").unlink(missing_ok=True)  # so that none is mistaken for the new one
    if len(sys.argv) != 2:  # Without quotation marks, a name with a space counts as two.
        raise SystemExit('Name one picture: python -m tests.extras.own_digit "my photo.jpg"')
    path = Path(sys.argv[1]).absolute()
    try:
        picture = read_picture(path)
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise SystemExit(f"{path} cannot be opened: {error.strerror}.")
    except Image.DecompressionBombError:
        raise SystemExit(f"{path} has too many pixels: make the picture smaller.")
    except Exception:  # PIL raises errors of many types.
        raise SystemExit(f"{path} cannot be read. Export the picture as JPG or PNG, not HEIC.")
    image = like_mnist(picture)

    x = torch.tensor(np.array(image)).view(1, 28 * 28) / 255
    probabilities = torch.softmax(trained_net()(x), dim=1)[0].tolist()
    for digit, probability in enumerate(probabilities):
        print(f"{digit}: {probability:.3f}")
    answer = probabilities.index(max(probabilities))
    print("answer:", answer)

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
