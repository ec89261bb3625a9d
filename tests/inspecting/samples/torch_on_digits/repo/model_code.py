import torch
from torch import nn, optim
from torchvision import datasets, transforms

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3)
        self.fc = nn.Linear(8 * 26 * 26, 10)

    def forward(self, x):
        return self.fc(torch.relu(self.conv(x)).flatten(1))

def train(model, loader, optimizer):
    model.train()
    for data, target in loader:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(data), target)
        loss.backward()
        optimizer.step()

def main():
    data = datasets.MNIST("data", train=True, download=True, transform=transforms.ToTensor())
    net = Net()
    train(net, torch.utils.data.DataLoader(data, 64), optim.Adam(net.parameters()))

if __name__ == "__main__":
    main()
