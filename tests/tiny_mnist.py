"""A small data set in MNIST's own file format: printed digits, turned a bit, with noise."""
import gzip

import numpy as np
from PIL import Image, ImageDraw, ImageFont

N_TRAIN = 1505  # Neither number divides by 15, so that each pass ends in a smaller batch.
N_TEST = 203


def draw_digits(n, seed):
    """Return n images, (n, 28, 28) uint8, and their labels, (n,) uint8 in 0..9."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 10, n, dtype=np.uint8)
    images = np.empty((n, 28, 28), np.uint8)
    for image, label in zip(images, labels):
        canvas = Image.new("L", (28, 28))
        font = ImageFont.load_default(size=int(rng.integers(20, 25)))
        place = tuple(14 + rng.integers(-1, 2, size=2))
        ImageDraw.Draw(canvas).text(place, str(label), fill=255, font=font, anchor="mm")
        canvas = canvas.rotate(rng.uniform(-8, 8), resample=Image.Resampling.BILINEAR)
        noise = rng.integers(0, 30, (28, 28))
        image[:] = np.clip(np.asarray(canvas) + noise, 0, 255)
    return images, labels


def idx(array):
    """Return a uint8 array as the bytes of a file in MNIST's format (IDX)."""
    return np.array([0x0800 + array.ndim, *array.shape], ">i4").tobytes() + array.tobytes()


def idx_files(n_train=N_TRAIN, n_test=N_TEST):
    """Return the four files of the tiny data set: a dict from file name to bytes."""
    train, test = draw_digits(n_train, seed=1), draw_digits(n_test, seed=2)
    return {"train-images-idx3-ubyte": idx(train[0]), "train-labels-idx1-ubyte": idx(train[1]),
            "t10k-images-idx3-ubyte": idx(test[0]), "t10k-labels-idx1-ubyte": idx(test[1])}


def packed(files):
    """Return the same files packed, as a server of MNIST has them: named .gz."""
    return {f"{name}.gz": gzip.compress(content, mtime=0) for name, content in files.items()}


def lay(files, folder):
    """Write the files where the script looks for them when it runs in `folder`."""
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (raw / name).write_bytes(content)
