/**
 * TensorFlow.js as its users run it, eager: `node withTfjs.ts FOLDER node|javascript`.
 *
 * `node` is the tfjs-node package of the tensorflow engine, without that engine's settings; `javascript` is the CPU backend in
 * plain JavaScript. TensorFlow.js draws its own dropout, except in the checked iterations, whose masks are given.
 */
import * as core from "@tensorflow/tfjs-core"
import { useCpuBackend } from "../../engines/trace/cpuBackend.ts"
import { locate } from "../../engines/tensorflow/locate.ts"
import { importNative } from "../../engines/tensorflow/native.ts"
import { captureStderr } from "../../engines/tensorflow/stderr.ts"
import { layerNames } from "../../schemas/experiment/shapes.ts"
import { rowsOf, serve } from "./contender.ts"
import { loadExperiment, readJob } from "./job.ts"

const [folder, form] = process.argv.slice(2)
const { job, tensor } = await readJob(folder)
const { loss, model } = await loadExperiment(job.experiment)
if (typeof loss !== "string") throw new Error("losses of own code are not supported in this benchmark")
const start = performance.now()

type Tfjs = typeof core
const importTfjs = (): { readonly tf: Tfjs; readonly versions: Record<string, string> } => {
  useCpuBackend()
  if (form === "javascript") return { tf: core, versions: { "@tensorflow/tfjs-core": core.version_core } }
  const [place] = locate()
  if (place === undefined)
    throw new Error(
      "@tensorflow/tfjs-node-gpu is not installed; `pnpm pipeline engine add tensorflow` adds it",
    )
  Object.assign(process.env, { TF_CPP_MIN_LOG_LEVEL: "3" })
  const { value: native } = captureStderr(() => importNative(place.from))
  const tensorflow = native.backend().binding.TF_Version
  return {
    tf: native as unknown as Tfjs,
    versions: { "tfjs-node": native.version["tfjs-node"], tensorflow },
  }
}
const { tf, versions } = importTfjs()

const given = (name: string) => {
  const { data, shape } = tensor(name)
  return tf.tensor(Float32Array.from(data), shape)
}
const names = layerNames(model)
const weights = new Map(
  model.flatMap((layer, i) =>
    layer.kind === "conv2d" || layer.kind === "dense"
      ? ["kernel", "bias"].map((kind) => [`${names[i]}/${kind}`, tf.variable(given(`${names[i]}/${kind}`))])
      : [],
  ) as Array<[string, core.Variable]>,
)
const weight = (name: string) => weights.get(name) as core.Tensor

/** `dropout`: the index of a checked iteration, whose mask is given; "own": TensorFlow.js' dropout; "none": not training. */
const forward = (images: core.Tensor, dropout: number | "own" | "none"): core.Tensor2D => {
  let x = images
  for (const [i, layer] of model.entries()) {
    const name = names[i]
    switch (layer.kind) {
      case "maxPooling2d":
        x = tf.maxPool(
          x as core.Tensor4D,
          [...layer.poolSize],
          [...(layer.strides ?? layer.poolSize)],
          "valid",
        )
        break
      case "flatten":
        x = tf.reshape(x, [x.shape[0], -1])
        break
      case "dropout":
        if (dropout === "own") x = tf.dropout(x, layer.rate)
        else if (dropout !== "none") {
          x = tf.mul(x, tf.reshape(tf.gather(given(`${name}/mask`), dropout), x.shape))
        }
        break
      case "conv2d":
      case "dense": {
        const kernel = weight(`${name}/kernel`)
        const product =
          layer.kind === "conv2d"
            ? tf.conv2d(x as core.Tensor4D, kernel as core.Tensor4D, [...layer.strides], layer.padding)
            : tf.matMul(x, kernel)
        const sum = tf.add(product, weight(`${name}/bias`))
        x =
          layer.activation === "relu" ? tf.relu(sum) : layer.activation === "sigmoid" ? tf.sigmoid(sum) : sum
        break
      }
      default:
        throw new Error(`layers of kind ${layer.kind} are not supported in this benchmark`)
    }
  }
  return x as core.Tensor2D
}

const optimizer = tf.train.adam(job.learningRate, job.beta1, job.beta2, job.epsilon)
/** TensorFlow.js adds epsilon after the bias correction, TensorFlow and we before it: this makes the formulas equal. */
const correctEpsilon = (iteration: number) =>
  Object.assign(optimizer, { epsilon: job.epsilon / Math.sqrt(1 - job.beta2 ** iteration) })
let iteration = 0
const images = tensor("images").data
const labels = tensor("labels").data
const evaluation = tensor("evaluation").data
const imageSize = evaluation.length / 1000

const step = (batchIndex: number, dropout: number | "own"): number => {
  const at = <T>(values: Float32Array, size: number, make: (part: Float32Array) => T) =>
    make(values.subarray(batchIndex * job.batch * size, (batchIndex + 1) * job.batch * size))
  return tf.tidy(() => {
    const x = at(images, imageSize, (part) => tf.tensor4d(part, [job.batch, 28, 28, 1]))
    const y = at(labels, 10, (part) => tf.tensor2d(part, [job.batch, 10]))
    correctEpsilon(++iteration)
    const cost = optimizer.minimize(() => {
      const outputs = forward(x, dropout)
      return tf.losses[loss](y, outputs)
    }, true)
    return (cost as core.Scalar).dataSync()[0]
  })
}

const predict = (part: Float32Array) =>
  tf.tidy(() => {
    const outputs = forward(tf.tensor4d(part, [part.length / imageSize, 28, 28, 1]), "none")
    const probabilities =
      loss === "softmaxCrossEntropy" ? tf.softmax(outputs) : tf.div(outputs, tf.sum(outputs, -1, true))
    return probabilities.dataSync()
  })

const predictions = rowsOf(predict(evaluation.subarray(0, job.checkedImages * imageSize)), 10)
const losses = Array.from({ length: job.checks }, (_, i) => step(i, i))
step(0, "own")

let position = 0
await serve(
  { losses, predictions, prepareMs: performance.now() - start, versions },
  {
    train: async (iterations) => {
      for (let i = 0; i < iterations; i++) step(position++ % job.batches, "own")
    },
    predict: async () => {
      predict(evaluation)
    },
  },
)
