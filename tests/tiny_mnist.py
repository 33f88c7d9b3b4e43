"""Run mnist_mlp.py without MNIST: on digits that this file draws, in MNIST's own file format.

    python -m tests.tiny_mnist

works in the folder drawn/ beside mnist_mlp.py and leaves MNIST alone.
"""
import os
import runpy

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from torchvision.datasets.mnist import read_sn3_pascalvincent_tensor

from tests.helpers import NAMES, PROJECT, RAW

N_TRAIN = 1505  # Neither number is a multiple of 15, so that each pass ends in a smaller batch.
N_TEST = 203


def draw_digits(n, seed):
    """Return n images, (n, 28, 28) uint8, and their labels, (n,) uint8 in 0..9."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 10, n, dtype=np.uint8)
    images = np.empty((n, 28, 28), np.uint8)
    for i in range(n):
        canvas = Image.new("L", (28, 28))
        font = ImageFont.load_default(size=int(rng.integers(20, 25)))
        place = tuple(14 + rng.integers(-1, 2, size=2))
        ImageDraw.Draw(canvas).text(place, str(labels[i]), fill=255, font=font, anchor="mm")
        canvas = canvas.rotate(rng.uniform(-8, 8), resample=Image.Resampling.BILINEAR)
        images[i] = np.clip(np.asarray(canvas) + rng.integers(0, 30, (28, 28)), 0, 255)
    return images, labels


def idx(array):
    """Return a uint8 array as the bytes of a file in MNIST's format (IDX)."""
    return np.array([0x0800 + array.ndim, *array.shape], ">i4").tobytes() + array.tobytes()


def drawn_mnist(n_train=N_TRAIN, n_test=N_TEST):
    """Return the four files with drawn digits: a dict from file name to bytes."""
    arrays = [*draw_digits(n_train, seed=1), *draw_digits(n_test, seed=2)]
    return dict(zip(NAMES, map(idx, arrays)))


def first_of_real_mnist():
    """Return the four files with the first images of the real MNIST, which mnist_mlp.py loaded."""
    return {name: idx(read_sn3_pascalvincent_tensor(RAW / name)[:n].numpy())
            for name, n in zip(NAMES, [N_TRAIN, N_TRAIN, N_TEST, N_TEST])}


def lay(files, folder):
    """Write the files where the script looks for them when it runs in `folder`."""
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (raw / name).write_bytes(content)


def main(folder=PROJECT / "drawn"):
    """Draw digits in `folder`, and run the program on them there."""
    print(f"{N_TRAIN} drawn digits to train on and {N_TEST} to test on, in place of MNIST:")
    lay(drawn_mnist(), folder)
    os.chdir(folder)
    runpy.run_path(str(PROJECT / "mnist_mlp.py"), run_name="__main__")


if __name__ == "__main__":
    main()
