"""The script's work, done the plainest way: every image is converted and compared by itself."""
import torch
from torch.utils.data import DataLoader
from torchvision.datasets import MNIST
from torchvision.transforms import ToTensor


def plain_loader(is_train, batch_size=15):
    """Return a DataLoader that converts each image when its turn comes."""
    data_set = MNIST("", is_train, transform=ToTensor())
    return DataLoader(data_set, batch_size=batch_size, shuffle=True)


def accuracy_image_by_image(test_data, net):
    """Return the fraction of the images in test_data that net classifies right."""
    n_correct = 0
    n_total = 0
    for x, y in test_data:
        for image, label in zip(x, y):
            if net(image.view(1, 784)).argmax() == label:
                n_correct += 1
            n_total += 1
    return n_correct / n_total


def plain_program(seed, batch_size=15, learning_rate=0.001, epochs=2):
    """Train on the MNIST in the current folder, on one thread.

    Return the lines with accuracies that the script should print, the trained network (a
    Sequential), and the four images, (28, 28) float32, and four titles that it should draw.
    """
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    train_data = plain_loader(True, batch_size)
    test_data = plain_loader(False, batch_size)
    net = torch.nn.Sequential(
        torch.nn.Linear(784, 64), torch.nn.ReLU(), torch.nn.Linear(64, 64), torch.nn.ReLU(),
        torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10),
        torch.nn.LogSoftmax(dim=1))

    lines = [f"initial accuracy: {accuracy_image_by_image(test_data, net)}"]
    adam = torch.optim.Adam(net.parameters(), lr=learning_rate)
    for epoch in range(epochs):
        for x, y in train_data:
            adam.zero_grad()
            torch.nn.NLLLoss()(net(x.view(len(x), 784)), y).backward()
            adam.step()
        lines.append(f"epoch {epoch} accuracy: {accuracy_image_by_image(test_data, net)}")

    images = []
    titles = []
    for x, _ in list(test_data)[:4]:
        images.append(x[0].view(28, 28).numpy())
        titles.append(f"prediction: {net(x[0].view(1, 784)).argmax()}")
    return lines, net, images, titles
