"""
PyTorch, eager: channels_last (its fastest layout on CPUs), contiguous, or through torch.compile; Adam fused.
"""

import math
from contextlib import nullcontext

import torch
import torch.nn.functional as F

from contender import serve

activations = {"linear": lambda x: x, "relu": F.relu, "sigmoid": torch.sigmoid}


def margins(size, window, stride):
    """What padding "same" adds before and after in TensorFlow."""
    missing = max((-(-size // stride) - 1) * stride + window - size, 0)
    return missing // 2, missing - missing // 2


def convolve(x, weight, bias, layer):
    padding = 0
    if layer["padding"] == "same":
        rows, columns = (margins(x.shape[axis + 2], layer["kernelSize"][axis], layer["strides"][axis]) for axis in (0, 1))
        if rows[0] == rows[1] and columns[0] == columns[1]:
            padding = (rows[0], columns[0])
        else:
            x = F.pad(x, (*columns, *rows))
    return F.conv2d(x, weight, bias, tuple(layer["strides"]), padding)


class Peer:
    versions = {"torch": torch.__version__}

    def __init__(self, job, form):
        torch.set_num_threads(job.threads)
        self.job = job
        self.format = torch.contiguous_format if form == "contiguous" else torch.channels_last
        self.parameters = {}
        for name, values in job.weights.items():
            tensor = torch.from_numpy(values)
            if tensor.dim() == 4:
                tensor = tensor.permute(3, 2, 0, 1).contiguous(memory_format=self.format)
            elif tensor.dim() == 2:
                tensor = tensor.t().contiguous()
            self.parameters[name] = tensor.requires_grad_()
        self.optimizer = torch.optim.Adam(
            self.parameters.values(), job.learningRate, (job.beta1, job.beta2), job.epsilon, fused=True
        )
        self.iteration = 0
        self.images = [self.image(batch) for batch in job.images]
        self.labels = torch.from_numpy(job.labels)
        if job.loss == "softmaxCrossEntropy":
            self.labels = self.labels.argmax(-1)
        self.loss = torch.compile(self.loss_of) if form == "compile" else self.loss_of

    def image(self, batch):
        return torch.from_numpy(batch).permute(0, 3, 1, 2).contiguous(memory_format=self.format)

    def forward(self, x, masks, training):
        for layer in self.job.layers:
            kind, name = layer["kind"], layer["name"]
            if kind == "maxPooling2d":
                x = F.max_pool2d(x, tuple(layer["poolSize"]), tuple(layer["strides"]))
            elif kind == "flatten":
                x = x.permute(0, 2, 3, 1).flatten(1)
            elif kind == "dropout":
                x = F.dropout(x, layer["rate"], training) if masks is None else x * torch.from_numpy(masks[name])
            else:
                weight, bias = self.parameters[f"{name}/kernel"], self.parameters[f"{name}/bias"]
                x = convolve(x, weight, bias, layer) if kind == "conv2d" else F.linear(x, weight, bias)
                x = activations[layer["activation"]](x)
        return x

    def loss_of(self, x, labels, masks):
        outputs = self.forward(x, masks, True)
        return (F.cross_entropy if self.job.loss == "softmaxCrossEntropy" else F.mse_loss)(outputs, labels)

    def step(self, iteration, masks):
        with nullcontext() if masks is None else torch.compiler.set_stance("force_eager"):
            loss = self.loss(self.images[iteration], self.labels[iteration], masks)
        # PyTorch adds epsilon after the bias correction, TensorFlow and we before it: this makes the formulas equal.
        self.iteration += 1
        self.optimizer.param_groups[0]["eps"] = self.job.epsilon / math.sqrt(1 - self.job.beta2**self.iteration)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def predict(self, images):
        with torch.inference_mode():
            outputs = self.forward(self.image(images), None, False)
            if self.job.loss == "softmaxCrossEntropy":
                return outputs.softmax(-1).numpy()
            return (outputs / outputs.sum(-1, keepdim=True)).numpy()


serve(Peer)
