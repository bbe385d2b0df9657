"""
The recipes cnn-fast, cnn and mlp as a user of Keras writes them: Sequential, compile and fit, with TensorFlow as the backend and
the default of `jit_compile`, which is XLA. `keras_job.py NETWORK ITERATIONS SEED DATA THREADS [graph]` prints its result as JSON;
`graph` turns XLA off.
"""

import json
import math
import os
import sys

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
jit = "auto"
if sys.argv[-1] == "graph":
    jit = False
    sys.argv.pop()

import keras
import tensorflow as tf
from keras import initializers, layers

from mnist import arguments, load


class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    def __init__(self, peak, iterations):
        self.peak, self.iterations = peak, iterations

    def __call__(self, step):
        def half_cosine(start, end, position):
            return end + (start - end) * (1 + keras.ops.cos(math.pi * position)) / 2

        step = keras.ops.cast(step, "float32")
        rise = 0.3 * self.iterations
        up = half_cosine(self.peak / 10, self.peak, step / rise)
        down = half_cosine(self.peak, self.peak / 1000, (step - rise) / max(1, self.iterations - 1 - rise))
        return keras.ops.where(step < rise, up, down)


class Warmup(keras.optimizers.schedules.LearningRateSchedule):
    def __init__(self, value, iterations):
        self.value, self.iterations = value, iterations

    def __call__(self, step):
        return self.value * keras.ops.minimum(1.0, (keras.ops.cast(step, "float32") + 1) / self.iterations)


def cnn_fast():
    options = {"activation": "relu", "kernel_initializer": "he_normal"}
    return keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Conv2D(16, 5, **options), layers.MaxPooling2D(), layers.BatchNormalization(momentum=0.95),
        layers.Conv2D(32, 3, **options), layers.MaxPooling2D(), layers.BatchNormalization(momentum=0.95),
        layers.Conv2D(64, 3, **options), layers.BatchNormalization(momentum=0.95),
        layers.Flatten(), layers.Dense(10),
    ])  # fmt: skip


def cnn():
    def options():
        # An initializer with a seed of its own would give equal weights to layers of one shape.
        return {
            "kernel_initializer": initializers.TruncatedNormal(stddev=0.05),
            "bias_initializer": initializers.Constant(0.1),
        }

    return keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Conv2D(32, 5, padding="same", activation="relu", **options()), layers.MaxPooling2D(),
        layers.Conv2D(64, 5, padding="same", activation="relu", **options()), layers.MaxPooling2D(),
        layers.Flatten(), layers.Dense(1024, activation="relu", **options()), layers.Dense(10, **options()),
    ])  # fmt: skip


def mlp():
    return keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Flatten(), layers.Dense(100, activation="relu"), layers.Dense(100, activation="relu"),
        layers.Dense(60, activation="relu"), layers.Dense(10, activation="sigmoid"),
    ])  # fmt: skip


given = arguments()
tf.config.threading.set_intra_op_parallelism_threads(given.threads)
tf.config.threading.set_inter_op_parallelism_threads(given.threads)
keras.utils.set_random_seed(given.seed)
x, y, x_test, y_test = load(given.data, given.network, given.seed)
x, x_test = x[..., None], x_test[..., None]

if given.network == "mlp":
    y, y_test = keras.utils.to_categorical(y, 10), keras.utils.to_categorical(y_test, 10)
    loss, metric = "mean_squared_error", "categorical_accuracy"
    model, batch_size = mlp(), 1000
    optimizer = keras.optimizers.Adam(Warmup(0.005, 220), epsilon=1e-8)
else:
    loss, metric = keras.losses.SparseCategoricalCrossentropy(from_logits=True), "sparse_categorical_accuracy"
    if given.network == "cnn-fast":
        mean, deviation = x.mean(), x.std()
        x, x_test = (x - mean) / deviation, (x_test - mean) / deviation
        model, batch_size = cnn_fast(), 50
        rate = OneCycle(0.015, given.iterations)
        optimizer = keras.optimizers.AdamW(rate, weight_decay=0.01, beta_2=0.99, epsilon=1e-8)
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    else:
        model, batch_size = cnn(), 100
        rate = keras.optimizers.schedules.ExponentialDecay(0.001, 2500, 0.5, staircase=True)
        optimizer = keras.optimizers.Adam(rate, epsilon=1e-8)

model.compile(optimizer=optimizer, loss=loss, metrics=[metric], jit_compile=jit)
# Keras takes an array for one epoch and then stops, however many steps are asked for.
batches = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x)).repeat().batch(batch_size).prefetch(2)
model.fit(batches, steps_per_epoch=given.iterations, verbose=0)
made = int(optimizer.iterations.numpy())
if made != given.iterations:
    sys.exit(f"found {made} iterations, expected {given.iterations}")
_, accuracy = model.evaluate(x_test, y_test, batch_size=1000, verbose=0)
versions = {"keras": keras.__version__, "tensorflow": tf.__version__}
print(json.dumps({"error": 1 - accuracy, "versions": versions}))
