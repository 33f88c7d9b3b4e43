"""识别手写数字：用 MNIST 训练一个小型神经网络，再测试它。

`python mnist_mlp.py` 打印下面几行（换一台电脑，最后几位小数可能不同）

    initial accuracy: 0.1019
    epoch 0 accuracy: 0.9558
    epoch 1 accuracy: 0.9674
    saved predictions.png

并画出四张测试图片，上方是网络的预测。它复现了 https://astro-pure.js.org/blog/2023/pytorch-mnist
一文中的程序：随机种子相同，在同一台电脑上都用一个线程，两者学到的权重和偏置就完全相同。
"""
import os
import socket  # 用来设置联网超时

import matplotlib.pyplot as plt
import torch
from torch.utils.data import DataLoader, TensorDataset
from torchvision.datasets import MNIST

# 前三个数是文章选定的。可以试试别的数。
BATCH_SIZE = 15  # 每一步训练用多少张图片
LEARNING_RATE = 0.001  # 学习率，更新量与它成正比；这也是 PyTorch 中 Adam 的默认值
EPOCHS = 2  # 把所有训练图片用几遍
SEED = 0  # 随机种子，即随机数的起点；不设定它，每次运行的结果都不同


class Net(torch.nn.Module):
    """多层感知机：784 个像素，三层各 64 个节点，10 个数字。"""

    def __init__(self):
        super().__init__()  # 此后，Module 会收集下面各层的权重和偏置
        # fc 是 fully connected（全连接）的缩写：一层的每个节点，都把前一层各节点的值分别乘以权重，
        # 加起来，再加上偏置。（文章把权重和偏置写作 a 和 b。）
        self.fc1 = torch.nn.Linear(28 * 28, 64)
        self.fc2 = torch.nn.Linear(64, 64)
        self.fc3 = torch.nn.Linear(64, 64)
        self.fc4 = torch.nn.Linear(64, 10)  # 每个数字一个得分

    def forward(self, x):
        """返回对数概率，(N, 10) float32：每张图片十个数，都不大于 0。

        x：(N, 784) float32，在 [0, 1] 之间。N 是图片的张数；每一行是一张图片的 784 个像素。
        """
        # relu 是激活函数，它把负数变成 0。没有它，四层合起来仍是线性的，表达能力与一层相同。
        x = torch.nn.functional.relu(self.fc1(x))
        x = torch.nn.functional.relu(self.fc2(x))
        x = torch.nn.functional.relu(self.fc3(x))
        # softmax 把 fc4 为一张图片算出的十个数变成概率；log_softmax 返回概率的对数，计算损失要用。
        # dim=1 表示在 (N, 10) 的每一行之内计算。
        x = torch.nn.functional.log_softmax(self.fc4(x), dim=1)
        return x


def get_data_loader(is_train):
    """返回一个 DataLoader，内容是 MNIST 的 6 万张训练图片，或者 1 万张测试图片。

    每遍历一次，就按新的随机顺序给出所有图片，每次取一个小批量 (x, y)。
    x：图片，(BATCH_SIZE, 1, 28, 28) float32，从 0（黑）到 1（白）。
    y：它们的标签，(BATCH_SIZE,) int64，从 0 到 9。最后一个小批量可能不满。
    如果无法读取 MNIST，就抛出 SystemExit。
    """
    images, labels = load_mnist(is_train)  # 定义在文件末尾
    # PyTorch 中图片的形状是（张数，通道数，高，宽）。-1 表示张数由 PyTorch 自己算。
    # 除以 255，就把 uint8（0～255）变成 float32（0～1），这样训练效果更好。
    # 文章的 ToTensor 也这样做，但每次只处理一张图片，而且每一轮都重做一遍。
    images = images.view(-1, 1, 28, 28) / 255
    data_set = TensorDataset(images, labels)  # 把每张图片与它的标签配成一对
    return DataLoader(data_set, batch_size=BATCH_SIZE, shuffle=True)


def evaluate(test_data, net):
    """返回 `net` 的准确率，从 0 到 1：识别正确的图片所占的比例。

    test_data：由小批量 (x, y) 组成的数据，格式见 get_data_loader。
    """
    n_correct = 0
    n_total = 0
    with torch.no_grad():  # 这里只做评估，PyTorch 不必记录计算过程：只有 backward() 才需要
        for x, y in test_data:
            # view 把每张图片的像素排成一行。net(...) 会调用 forward。
            output = net(x.view(-1, 28 * 28))
            predictions = torch.argmax(output, dim=1)  # 每一行中，最大值在什么位置
            n_correct += (predictions == y).sum().item()  # True 算作 1；item() 得到一个整数
            n_total += len(y)
    return n_correct / n_total


def train(train_data, net, optimizer):
    """把 `net` 训练一轮：每个小批量调整一次权重和偏置。

    train_data：由小批量 (x, y) 组成的数据，格式见 get_data_loader。
    optimizer：优化器，创建时传入了 net.parameters()。
    """
    for x, y in train_data:
        net.zero_grad()  # 清除上一个小批量的梯度，否则 backward() 会把新的梯度加上去
        output = net(x.view(-1, 28 * 28))
        # 输出的误差有多大？取正确数字的对数概率的相反数，再求平均。
        loss = torch.nn.functional.nll_loss(output, y)
        # 损失对每个权重和偏置的偏导数是多少？PyTorch 记录了损失的计算过程，所以能求出它们。它们
        # 合称梯度，存放在 net.fc1.weight.grad 等处。
        loss.backward()
        optimizer.step()  # 读取这些梯度，改变权重和偏置，以降低损失


def draw_predictions(test_data, net):
    """画出四个小批量各自的第一张图片，上方是 `net` 的预测。

    把图存为 predictions.png；如果有屏幕，再打开窗口显示。
    """
    plt.figure(figsize=(6, 1.8), layout="constrained")
    for n, (x, _) in enumerate(test_data):
        if n > 3:
            break
        prediction = torch.argmax(net(x[0].view(-1, 28 * 28)))
        plt.subplot(1, 4, n + 1)
        plt.imshow(x[0].view(28, 28).numpy())  # 紫色表示值小，黄色表示值大
        plt.title("prediction: " + str(int(prediction)))
        plt.axis("off")
    plt.savefig("predictions.png")
    print("saved predictions.png")
    plt.show()


def main():
    """训练一个网络，打印它的准确率，画出四个预测，并返回这个网络。"""
    torch.manual_seed(SEED)
    torch.set_num_threads(1)  # 用多个线程往往更慢，还可能改变结果
    train_data = get_data_loader(is_train=True)
    test_data = get_data_loader(is_train=False)
    net = Net()

    print("initial accuracy:", evaluate(test_data, net))
    optimizer = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE)  # 用来调整 net 的参数
    for epoch in range(EPOCHS):
        train(train_data, net, optimizer)
        print("epoch", epoch, "accuracy:", evaluate(test_data, net))

    draw_predictions(test_data, net)
    return net  # 供导入本文件的程序使用


# 看到这里就够了。load_mnist 读取 MNIST；如果读取不了，就说明原因和解决办法。
SERVERS = ["https://ossci-datasets.s3.amazonaws.com/mnist/",  # 按这个顺序尝试
           "https://dataset.bj.bcebos.com/mnist/",
           "https://storage.googleapis.com/cvdf-datasets/mnist/"]
MESSAGE = """无法读取 MNIST，原因是：
{reasons}

1. 如果 {folder} 已经存在，就删除它，只留下其中 raw 文件夹里的 .gz 文件。
2. 再运行一次程序。需要联网，需要 70 MB 磁盘空间，还要有在那里写入文件的权限。

也可以用浏览器下载下面的文件，不要解压，放进 {raw}，替换那里的同名文件：
{files}
打不开的地址，开头可以换成 {others}"""


def load_mnist(is_train):
    """返回图片 (N, 28, 28) uint8 和标签 (N,) int64；如果不行，就结束程序，说明该怎么办。"""
    socket.setdefaulttimeout(30)  # 秒；不设上限，遇到毫无回应的服务器就会一直等下去
    reasons = []
    for server in SERVERS:
        MNIST.mirrors = [server]  # 如果都交给 torchvision，有一个中途不再回应，它就会放弃
        try:
            data_set = MNIST("", is_train, download=True)  # 在当前文件夹中，缺少时才下载
            images, labels = data_set.data, data_set.targets
            if images.shape != (len(labels), 28, 28) or labels.max() > 9:
                raise ValueError("these are not 28 x 28 images, each with a label from 0 to 9")
            return images, labels
        except Exception as error:  # 不管出了什么错，换一个服务器也许就行
            cause = f"{type(error).__name__}: {error}".strip().split("\n")[-1]  # 在最后一行
            reasons.append(cause)
    raise SystemExit(MESSAGE.format(
        reasons="\n".join(dict.fromkeys(reasons)), folder=os.path.abspath("MNIST"),
        raw=os.path.abspath("MNIST/raw"), others=", ".join(SERVERS[1:]),
        files="\n".join(SERVERS[0] + name for name, _ in MNIST.resources)))


if __name__ == "__main__":  # 被别的程序导入时不执行
    main()
