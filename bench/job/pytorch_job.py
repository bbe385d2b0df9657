"""
The recipes cnn-fast, cnn and mlp as a user of PyTorch writes them, as fast as PyTorch is on a processor without another compiler:
all images in memory, channels_last, fused optimizers. `pytorch_job.py NETWORK ITERATIONS SEED DATA THREADS` prints its result as
JSON.
"""

import json

import torch
from torch import nn

from mnist import arguments, load


def cnn_fast():
    model = nn.Sequential(
        nn.Conv2d(1, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.BatchNorm2d(16, eps=1e-3, momentum=0.05),
        nn.Conv2d(16, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.BatchNorm2d(32, eps=1e-3, momentum=0.05),
        nn.Conv2d(32, 64, 3), nn.ReLU(), nn.BatchNorm2d(64, eps=1e-3, momentum=0.05),
        nn.Flatten(), nn.Linear(64 * 3 * 3, 10),
    )  # fmt: skip
    for module in model:
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
            nn.init.zeros_(module.bias)
    return model


def cnn():
    model = nn.Sequential(
        nn.Conv2d(1, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64 * 7 * 7, 1024), nn.ReLU(), nn.Linear(1024, 10),
    )  # fmt: skip
    for module in model:
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.trunc_normal_(module.weight, std=0.05, a=-0.1, b=0.1)
            nn.init.constant_(module.bias, 0.1)
    return model


def mlp():
    model = nn.Sequential(
        nn.Flatten(), nn.Linear(784, 100), nn.ReLU(), nn.Linear(100, 100), nn.ReLU(),
        nn.Linear(100, 60), nn.ReLU(), nn.Linear(60, 10), nn.Sigmoid(),
    )  # fmt: skip
    for module in model:
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
    return model


given = arguments()
torch.set_num_threads(given.threads)
torch.manual_seed(given.seed)
x, y, x_test, y_test = map(torch.from_numpy, load(given.data, given.network, given.seed))
x, x_test = x[:, None], x_test[:, None]
loss_of = nn.CrossEntropyLoss()
targets = y

if given.network == "cnn-fast":
    model, batch_size = cnn_fast(), 50
    mean, deviation = x.mean(), x.std()
    x, x_test = (x - mean) / deviation, (x_test - mean) / deviation
    decayed = [weight for weight in model.parameters() if weight.dim() > 1]
    others = [weight for weight in model.parameters() if weight.dim() == 1]
    groups = [{"params": decayed}, {"params": others, "weight_decay": 0}]
    optimizer = torch.optim.AdamW(groups, lr=0.015, betas=(0.9, 0.99), weight_decay=0.01, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 0.015, total_steps=given.iterations, div_factor=10, final_div_factor=100, cycle_momentum=False
    )
elif given.network == "cnn":
    model, batch_size = cnn(), 100
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001, fused=True)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=2500, gamma=0.5)
else:
    model, batch_size = mlp(), 1000
    optimizer = torch.optim.Adam(model.parameters(), lr=0.005, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda iteration: min(1, (iteration + 1) / 220))
    loss_of = nn.MSELoss()
    targets = nn.functional.one_hot(y, 10).float()

model = model.to(memory_format=torch.channels_last)
x, x_test = (images.contiguous(memory_format=torch.channels_last) for images in (x, x_test))

model.train()
iteration = 0
while iteration < given.iterations:
    for indices in torch.randperm(len(x)).split(batch_size):
        if iteration == given.iterations:
            break
        loss = loss_of(model(x[indices]), targets[indices])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        iteration += 1

model.eval()
with torch.inference_mode():
    predicted = torch.cat([model(images).argmax(1) for images in x_test.split(1000)])
error = (predicted != y_test).float().mean().item()
print(json.dumps({"error": error, "versions": {"torch": torch.__version__}}))
