"""The script's work, done the plainest way: images are converted, and counted, one by one.

test_post.py runs this program beside mnist_mlp.py, and compares what they print, learn and draw.
"""
import matplotlib.pyplot as plt
import torch
from torch.nn import Linear, ReLU
from torch.utils.data import DataLoader
from torchvision.datasets import MNIST
from torchvision.transforms import ToTensor

BATCH_SIZE = 15
LEARNING_RATE = 0.001
EPOCHS = 2
SEED = 0


def print_accuracy(name):
    n_correct = 0
    for x, y in test_data:
        for image, label in zip(x, y):
            if net(image.view(1, 784)).argmax() == label:
                n_correct += 1
    print(name, "accuracy:", n_correct / len(test_data.dataset))


torch.manual_seed(SEED)
torch.set_num_threads(1)
train_data = DataLoader(MNIST("", True, ToTensor()), BATCH_SIZE, shuffle=True)
test_data = DataLoader(MNIST("", False, ToTensor()), BATCH_SIZE, shuffle=True)
net = torch.nn.Sequential(Linear(784, 64), ReLU(), Linear(64, 64), ReLU(), Linear(64, 64), ReLU(),
                          Linear(64, 10), torch.nn.LogSoftmax(dim=1))

print_accuracy("initial")
adam = torch.optim.Adam(net.parameters(), LEARNING_RATE)
for epoch in range(EPOCHS):
    for x, y in train_data:
        adam.zero_grad()
        torch.nn.NLLLoss()(net(x.view(len(x), 784)), y).backward()
        adam.step()
    print_accuracy(f"epoch {epoch}")

for x, _ in list(test_data)[:4]:
    plt.figure()
    plt.imshow(x[0, 0].numpy())
    plt.title(f"prediction: {net(x[0].view(1, 784)).argmax()}")
plt.show()
