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

const optimizerKinds = ["adam", "adamw", "sgd", "momentum", "rmsprop"]

const entryOf = <A>(table: Readonly<Record<string, A>>, word: string): A | undefined =>
  Object.hasOwn(table, normalized(word)) ? table[normalized(word)] : undefined

/** An unknown field. `keys`: its place. */
export const adviceForField = (keys: ReadonlyArray<PropertyKey>, value: unknown): string | undefined => {
  const field = String(keys.at(-1))
  if (keys.length === 1) return entryOf(topFields, field)?.(value)
  if (keys[0] === "model" && keys.length === 3) return entryOf(layerFields, field)
  return undefined
}

/** A field that is missing, or undefined. `owner`: the layer or optimizer that it belongs to. */
export const adviceForMissing = (keys: ReadonlyArray<PropertyKey>, owner: unknown): string | undefined => {
  const kind = typeof owner === "object" && owner !== null ? Reflect.get(owner, "kind") : undefined
  if (typeof kind !== "string" || keys.at(-1) === "kind") return undefined
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
    return `write "softmaxCrossEntropy" with one output for each of the two classes`
  if (field === "dataset" && /[./]/.test(value)) return "docs/data.md describes a dataset of your own files"
  return undefined
}
