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


def normalize(x, weights, at):
    return F.layer_norm(x, x.shape[-1:], weights[f"scale{at}"], weights[f"offset{at}"], 1e-6)


def residual(x, weights, options, drop):
    """experiments/own/residual.ts"""
    def convolution(x, name, size, strides):
        layer = {"padding": "same", "kernelSize": [size, size], "strides": [strides, strides]}
        return convolve(x, weights[f"{name}_kernel"], weights[f"{name}Bias"], layer)

    strides = options.get("strides", 1)
    active = F.relu(x)
    inner = F.relu(convolution(active, "first", 3, strides))
    branch = convolution(inner, "second", 3, 1) * weights["gain"].view(-1, 1, 1)
    return (convolution(active, "shortcut", 1, strides) if "shortcut_kernel" in weights else x) + branch


def patches(x, weights, options, drop):
    """experiments/own/transformer.ts, as are the next two."""
    return F.conv2d(x, weights["kernel"], None, options["size"]).flatten(2).transpose(1, 2) + weights["position"]


def block(x, weights, options, drop):
    batch, tokens, width = x.shape
    heads = options.get("heads", 4)
    parts = F.linear(normalize(x, weights, 1), weights["attention_kernel"], weights["attentionBias"])
    query, key, value = parts.view(batch, tokens, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
    mixed = F.scaled_dot_product_attention(query, key, value).transpose(1, 2).reshape(batch, tokens, width)
    rate = options.get("dropout", 0)
    seen = x + drop(F.linear(mixed, weights["output_kernel"], weights["outputBias"]), "attention", rate)
    inner = F.relu(F.linear(normalize(seen, weights, 2), weights["inner_kernel"], weights["innerBias"]))
    return seen + drop(F.linear(inner, weights["outer_kernel"], weights["outerBias"]), "network", rate)


def token_mean(x, weights, options, drop):
    return normalize(x, weights, "").mean(1)


own_code = {"residual": residual, "patches": patches, "block": block, "tokenMean": token_mean}


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
            elif tensor.dim() == 2 and name.endswith("kernel"):
                tensor = tensor.t().contiguous()
            self.parameters[name] = tensor.requires_grad_()
        decayed = [tensor for name, tensor in self.parameters.items() if name.endswith("kernel")]
        others = [tensor for name, tensor in self.parameters.items() if not name.endswith("kernel")]
        groups = [{"params": decayed, "weight_decay": job.weightDecay}, {"params": others, "weight_decay": 0}]
        make = torch.optim.AdamW if job.weightDecay > 0 else torch.optim.Adam
        self.optimizer = make(groups, job.learningRate, (job.beta1, job.beta2), job.epsilon, fused=True)
        self.own_weights = {
            layer["name"]: {
                name.split("/")[1]: tensor
                for name, tensor in self.parameters.items()
                if name.split("/")[0] == layer["name"]
            }
            for layer in job.layers
            if layer["kind"] == "custom"
        }
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
            elif kind == "globalAveragePooling2d":
                x = x.mean((2, 3))
            elif kind == "activation":
                x = activations[layer["activation"]](x)
            elif kind == "custom":

                def drop(x, mask, rate, name=name):
                    if masks is None:
                        return F.dropout(x, rate, training)
                    return x * torch.from_numpy(masks[f"{name}/{mask}"])

                x = own_code[layer["export"]](x, self.own_weights[name], layer["options"], drop)
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
        for group in self.optimizer.param_groups:
            group["eps"] = self.job.epsilon / math.sqrt(1 - self.job.beta2**self.iteration)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if "globalNorm" in self.job.clip:
            torch.nn.utils.clip_grad_norm_(self.parameters.values(), self.job.clip["globalNorm"])
        self.optimizer.step()
        return loss.item()

    def predict(self, images):
        with torch.inference_mode():
            outputs = self.forward(self.image(images), None, False)
            if self.job.loss == "softmaxCrossEntropy":
                return outputs.softmax(-1).numpy()
            return (outputs / outputs.sum(-1, keepdim=True)).numpy()


serve(Peer)
