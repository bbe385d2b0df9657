/**
 * What somebody who knows Keras or PyTorch writes first and this project has in another place: (place, value) -> what to write
 * instead, undefined for anything else.
 */
import { normalized } from "../../format/suggest.ts"

/** Fields at the top of an experiment. */
const topFields: Readonly<Record<string, (value: unknown) => string>> = {
  epochs: (value) => `write budget: { epochs: ${typeof value === "number" ? value : 10} }`,
  iterations: (value) => `write budget: { iterations: ${typeof value === "number" ? value : 1000} }`,
  steps: (value) => `write budget: { iterations: ${typeof value === "number" ? value : 1000} }`,
  metrics: () =>
    "omit it: every report has accuracy, error rate, loss, precision, recall, F1 and the confusion matrix",
  callbacks: () => "omit it: earlyStopping, checkpointEvery and optimizer.learningRate are what it is for",
  learningrate: () => "write it in the optimizer: optimizers.adam({ learningRate: 0.001 })",
  lr: () => "write it in the optimizer: optimizers.adam({ learningRate: 0.001 })",
  validationsplit: () => `write split: { kind: "standard", validation: 5000 }, the number of examples`,
  validationdata: () =>
    `omit it: split: { kind: "standard", validation: 5000 } takes them from the train set`,
  shuffle: () => "omit it: every epoch is shuffled, by the seed of the experiment",
  verbose: () => "omit it: --log-level warn prints less",
  device: () => "omit it: --engine chooses what computes, and doctor lists what there is",
}

/** Fields of layers that follow from the layers before them. */
const layerFields: Readonly<Record<string, string>> = {
  inputshape: "omit it: the shape of the images is that of the dataset",
  inputdim: "omit it: it follows from the layer before",
  inchannels: "omit it: it follows from the layer before",
  infeatures: "omit it: it follows from the layer before",
  numfeatures: "omit it: it follows from the layer before",
}

/** Fields at the top of an experiment that stand for another one. */
export const instead: Readonly<Record<string, string>> = {
  epochs: "budget",
  iterations: "budget",
  steps: "budget",
}

/** Other fields: where they are, and what to write. */
const fieldsIn: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  optimizer: {
    momentum: "write optimizers.momentum({ learningRate: 0.01, momentum: 0.9 })",
    nesterov: "write optimizers.momentum({ learningRate: 0.01, momentum: 0.9, nesterov: true })",
    weightdecay: "write optimizers.adamw({ learningRate: 0.001, weightDecay: 0.01 })",
  },
  dataset: {
    path: "write train and test: the folders or files with the examples",
    imagesize: "write imageShape: [height, width], or [height, width, channels]",
    inputshape: "write imageShape: [height, width], or [height, width, channels]",
    targetsize: "write imageShape: [height, width], or [height, width, channels]",
    numclasses: "write classes: the names of the classes, or their number",
  },
}

const withoutSoftmax = "omit it: the loss softmaxCrossEntropy takes logits and applies softmax itself"

/** Kinds of layers that are written in another way. */
const layerKinds: Readonly<Record<string, string>> = {
  relu: `write layers.activation({ activation: "relu" })`,
  sigmoid: `write layers.activation({ activation: "sigmoid" })`,
  tanh: `write layers.activation({ activation: "tanh" })`,
  gelu: `write layers.activation({ activation: "gelu" })`,
  softmax: withoutSoftmax,
  logsoftmax: withoutSoftmax,
  input: "omit it: the first layer reads the images of the dataset",
  inputlayer: "omit it: the first layer reads the images of the dataset",
}

const activations: Readonly<Record<string, string>> = {
  leakyrelu: "write layers.leakyReLU() after the layer",
  prelu: "write layers.prelu() after the layer",
}

/** How what cannot be left out is written: Keras takes some of it without a name, as in `Dropout(0.5)`. */
const written: Readonly<Record<string, string>> = {
  activation: `layers.activation({ activation: "relu" })`,
  conv2d: "layers.conv2d({ filters: 32, kernelSize: 3 })",
  dense: "layers.dense({ units: 64 })",
  depthwiseConv2d: "layers.depthwiseConv2d({ kernelSize: 3 })",
  dropout: "layers.dropout({ rate: 0.5 })",
  separableConv2d: "layers.separableConv2d({ filters: 32, kernelSize: 3 })",
}

/** The option that Keras takes first, and so without a name. */
const firstOptions: Readonly<Record<string, string>> = {
  activation: "activation",
  averagePooling2d: "poolSize",
  batchNormalization: "momentum",
  conv2d: "filters",
  dense: "units",
  dropout: "rate",
  leakyReLU: "alpha",
  maxPooling2d: "poolSize",
  separableConv2d: "filters",
}

const kindIn = (value: unknown): string | undefined => {
  const kind: unknown = typeof value === "object" && value !== null ? Reflect.get(value, "kind") : undefined
  return typeof kind === "string" ? kind : undefined
}

/** What was written without a name. `owner`: the layer, optimizer or other object that it belongs to. */
export const adviceForUnnamed = (keys: ReadonlyArray<PropertyKey>, owner: unknown): string => {
  const kind = kindIn(owner) ?? "…"
  const value: unknown =
    typeof owner === "object" && owner !== null ? Reflect.get(owner, "unnamed") : undefined
  const shown = typeof value === "number" || typeof value === "string" ? JSON.stringify(value) : "…"
  if (keys[0] === "optimizer" && keys.length === 2)
    return `write optimizers.${kind}({ learningRate: ${shown} })`
  if (keys[0] !== "model" || keys.length !== 3) return "write options with their names, such as { value: 1 }"
  const option = Object.hasOwn(firstOptions, kind) ? firstOptions[kind] : undefined
  return option === undefined
    ? `write layers.${kind}({ … }) with the names of the options`
    : `write layers.${kind}({ ${option}: ${shown} })`
}

const optimizerKinds = ["adam", "adamw", "sgd", "momentum", "rmsprop"]

const entryOf = <A>(table: Readonly<Record<string, A>>, word: string): A | undefined =>
  Object.hasOwn(table, normalized(word)) ? table[normalized(word)] : undefined

/** An unknown field. `keys`: its place. */
export const adviceForField = (keys: ReadonlyArray<PropertyKey>, value: unknown): string | undefined => {
  const field = String(keys.at(-1))
  if (keys.length === 1) return entryOf(topFields, field)?.(value)
  if (keys[0] === "model" && keys.length === 3) return entryOf(layerFields, field)
  const place = String(keys[0])
  return keys.length === 2 && Object.hasOwn(fieldsIn, place) ? entryOf(fieldsIn[place], field) : undefined
}

/** A field that is missing, or undefined. `owner`: the layer or optimizer that it belongs to. */
export const adviceForMissing = (keys: ReadonlyArray<PropertyKey>, owner: unknown): string | undefined => {
  const kind = kindIn(owner)
  if (kind === undefined || keys.at(-1) === "kind") return undefined
  const isOptimizer = keys[0] === "optimizer" && keys[1] === "learningRate" && optimizerKinds.includes(kind)
  if (isOptimizer) return `write optimizers.${kind}({ learningRate: 0.001 })`
  return keys[0] === "model" && Object.hasOwn(written, kind) ? `write ${written[kind]}` : undefined
}

/** Softmax belongs to the loss. Mean squared error is of sigmoids. */
const adviceForActivation = (value: string, loss: unknown) => {
  if (normalized(value) !== "softmax") return entryOf(activations, value)
  return loss === "meanSquaredError"
    ? `write activation: "sigmoid", or omit it and write loss: "softmaxCrossEntropy"`
    : withoutSoftmax
}

/** A value that its schema does not accept. `loss`: that of the experiment. */
export const adviceForValue = (
  keys: ReadonlyArray<PropertyKey>,
  value: unknown,
  loss?: unknown,
): string | undefined => {
  const field = keys.at(-1)
  if (keys.length === 1 && field === "metrics" && Array.isArray(value)) return topFields.metrics(value)
  if (typeof value !== "string") return undefined
  if (field === "activation") return adviceForActivation(value, loss)
  if (field === "kind" && keys[0] === "model") return entryOf(layerKinds, value)
  if (field === "optimizer") {
    const kind = optimizerKinds.includes(normalized(value)) ? normalized(value) : "adam"
    return `write optimizer: optimizers.${kind}({ learningRate: 0.001 })`
  }
  if (field === "loss" && /^binary/i.test(value))
    return `write "sigmoidCrossEntropy", or "softmaxCrossEntropy", with one output for each class`
  if (field === "dataset" && /^cifar/i.test(value))
    return "write datasets.cifar({ … }); docs/data.md describes it"
  if (field === "dataset" && /[./]/.test(value)) return "docs/data.md describes a dataset of your own files"
  return undefined
}
