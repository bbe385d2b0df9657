"""
TensorFlow: the whole step is one tf.function with the fused Adam operation; as it is, or compiled by XLA.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tensorflow as tf

from contender import serve

activations = {"linear": lambda x: x, "relu": tf.nn.relu, "sigmoid": tf.sigmoid}


class Peer:
    versions = {"tensorflow": tf.__version__, "oneDNN": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "as shipped")}

    def __init__(self, job, form):
        tf.config.threading.set_intra_op_parallelism_threads(job.threads)
        tf.config.threading.set_inter_op_parallelism_threads(job.threads)
        self.job = job
        self.weights = {name: tf.Variable(values) for name, values in job.weights.items()}
        self.slots = {
            name: (tf.Variable(tf.zeros_like(values)), tf.Variable(tf.zeros_like(values)))
            for name, values in self.weights.items()
        }
        self.powers = tf.Variable(job.beta1), tf.Variable(job.beta2)
        compiled = {"jit_compile": form == "xla"}
        image, labels = tf.TensorSpec(job.images.shape[1:]), tf.TensorSpec(job.labels.shape[1:])
        masks = {name: tf.TensorSpec(job.tensors[f"{name}/mask"].shape[1:]) for name in job.dropoutLayers}
        self.train = tf.function(lambda x, y: self.update(x, y, None), input_signature=[image, labels], **compiled)
        self.check = tf.function(self.update, input_signature=[image, labels, masks], **compiled)
        self.compiled_predict = tf.function(self.probabilities, reduce_retracing=False, **compiled)

    def forward(self, x, masks, training):
        for layer in self.job.layers:
            kind, name = layer["kind"], layer["name"]
            if kind == "maxPooling2d":
                x = tf.nn.max_pool2d(x, layer["poolSize"], layer["strides"], "VALID")
            elif kind == "flatten":
                x = tf.reshape(x, [x.shape[0], -1])
            elif kind == "dropout":
                x = x if not training else tf.nn.dropout(x, layer["rate"]) if masks is None else x * masks[name]
            else:
                kernel, bias = self.weights[f"{name}/kernel"], self.weights[f"{name}/bias"]
                if kind == "conv2d":
                    x = tf.nn.conv2d(x, kernel, layer["strides"], layer["padding"].upper())
                else:
                    x = tf.matmul(x, kernel)
                x = activations[layer["activation"]](tf.nn.bias_add(x, bias))
        return x

    def update(self, images, labels, masks):
        with tf.GradientTape() as tape:
            outputs = self.forward(images, masks, True)
            if self.job.loss == "softmaxCrossEntropy":
                loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels, outputs))
            else:
                loss = tf.reduce_mean(tf.square(outputs - labels))
        gradients = tape.gradient(loss, self.weights)
        for name, weight in self.weights.items():
            m, v = self.slots[name]
            tf.raw_ops.ResourceApplyAdam(
                var=weight.handle,
                m=m.handle,
                v=v.handle,
                beta1_power=self.powers[0],
                beta2_power=self.powers[1],
                lr=self.job.learningRate,
                beta1=self.job.beta1,
                beta2=self.job.beta2,
                epsilon=self.job.epsilon,
                grad=gradients[name],
            )
        for power, beta in zip(self.powers, (self.job.beta1, self.job.beta2)):
            power.assign(power * beta)
        return loss

    def probabilities(self, images):
        outputs = self.forward(images, None, False)
        if self.job.loss == "softmaxCrossEntropy":
            return tf.nn.softmax(outputs)
        return outputs / tf.reduce_sum(outputs, -1, keepdims=True)

    def step(self, iteration, masks):
        batch = self.job.images[iteration], self.job.labels[iteration]
        return (self.train(*batch) if masks is None else self.check(*batch, masks)).numpy()

    def predict(self, images):
        return self.compiled_predict(tf.constant(images)).numpy()


serve(Peer)
