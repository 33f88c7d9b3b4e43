"""Show test images that the network gets wrong.

    python -m tests.extras.wrong_digits

draws 18 of them, as wrong_digits.png. "9 as 8" is a 9 taken for an 8.
"""
import matplotlib.pyplot as plt

from mnist_mlp import get_data_loader
from tests.extras.own_digit import trained_net


def main():
    """Print how many test images the network gets wrong; draw and show the first of them."""
    x, y = get_data_loader(is_train=False).dataset.tensors
    answers = trained_net()(x.view(-1, 28 * 28)).argmax(dim=1)
    wrong = (answers != y).nonzero().flatten()
    print(len(wrong), "of", len(y), "test images are read wrong.")
    figure, panels = plt.subplots(3, 6, layout="constrained")
    for panel, i in zip(panels.flat, wrong):
        panel.imshow(x[i, 0].numpy(), cmap="gray")
        panel.set_title(f"{y[i]} as {answers[i]}")
        panel.axis("off")
    figure.savefig("wrong_digits.png")
    print("saved wrong_digits.png")
    plt.show()


if __name__ == "__main__":
    main()
