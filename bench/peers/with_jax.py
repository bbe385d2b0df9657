"""
JAX: the whole step is one jitted function whose state is donated.
"""

import jax
import jax.numpy as jnp
import jaxlib
from jax import lax

from contender import serve

activations = {"linear": lambda x: x, "relu": jax.nn.relu, "sigmoid": jax.nn.sigmoid}


class Peer:
    versions = {"jax": jax.__version__, "jaxlib": jaxlib.__version__}

    def __init__(self, job, form):
        self.job = job
        weights = {name: jnp.asarray(values) for name, values in job.weights.items()}
        zeros = {name: jnp.zeros_like(values) for name, values in weights.items()}
        others = {name: jnp.zeros_like(values) for name, values in weights.items()}
        self.state = (weights, zeros, others, jnp.float32(job.beta1), jnp.float32(job.beta2), jax.random.key(0))
        self.train = jax.jit(self.update, donate_argnums=0)
        self.compiled_predict = jax.jit(self.probabilities)

    def forward(self, weights, x, masks, key):
        """Without masks and key, dropout does nothing."""
        for layer in self.job.layers:
            kind, name = layer["kind"], layer["name"]
            if kind == "maxPooling2d":
                window, strides = (1, *layer["poolSize"], 1), (1, *layer["strides"], 1)
                x = lax.reduce_window(x, -jnp.inf, lax.max, window, strides, "VALID")
            elif kind == "flatten":
                x = x.reshape(x.shape[0], -1)
            elif kind == "dropout" and masks is not None:
                x = x * masks[name]
            elif kind == "dropout":
                keep = 1 - layer["rate"]
                x = x if key is None else jnp.where(jax.random.bernoulli(key, keep, x.shape), x / keep, 0)
            else:
                kernel, bias = weights[f"{name}/kernel"], weights[f"{name}/bias"]
                if kind == "conv2d":
                    layout = ("NHWC", "HWIO", "NHWC")
                    padding = layer["padding"].upper()
                    x = lax.conv_general_dilated(x, kernel, layer["strides"], padding, dimension_numbers=layout)
                else:
                    x = x @ kernel
                x = activations[layer["activation"]](x + bias)
        return x

    def loss(self, weights, images, labels, masks, key):
        outputs = self.forward(weights, images, masks, key)
        if self.job.loss == "softmaxCrossEntropy":
            return -jnp.mean(jnp.sum(labels * jax.nn.log_softmax(outputs), -1))
        return jnp.mean(jnp.square(outputs - labels))

    def update(self, state, images, labels, masks):
        job = self.job
        weights, m, v, power1, power2, key = state
        key, drawn = jax.random.split(key) if masks is None and job.dropoutLayers else (key, None)
        loss, gradients = jax.value_and_grad(self.loss)(weights, images, labels, masks, drawn)
        rate = job.learningRate * jnp.sqrt(1 - power2) / (1 - power1)
        m = jax.tree.map(lambda m, g: job.beta1 * m + (1 - job.beta1) * g, m, gradients)
        v = jax.tree.map(lambda v, g: job.beta2 * v + (1 - job.beta2) * g * g, v, gradients)
        weights = jax.tree.map(lambda w, m, v: w - rate * m / (jnp.sqrt(v) + job.epsilon), weights, m, v)
        return (weights, m, v, power1 * job.beta1, power2 * job.beta2, key), loss

    def probabilities(self, weights, images):
        outputs = self.forward(weights, images, None, None)
        if self.job.loss == "softmaxCrossEntropy":
            return jax.nn.softmax(outputs)
        return outputs / jnp.sum(outputs, -1, keepdims=True)

    def step(self, iteration, masks):
        self.state, loss = self.train(self.state, self.job.images[iteration], self.job.labels[iteration], masks)
        return loss

    def predict(self, images):
        return self.compiled_predict(self.state[0], images)


serve(Peer)
