/**
 * Experiments that train in no time, under the names of the real ones, and the small datasets that they train on.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { gzipSync } from "node:zlib"
import { type EnsembleInput, type ExperimentInput, layers, type SweepInput } from "../../schemas/index.ts"
import { digitAt } from "../fixtures/mnistTest.ts"
import { root } from "./markdown.ts"

const header = (...numbers: ReadonlyArray<number>) => {
  const bytes = Buffer.alloc(4 * numbers.length)
  numbers.forEach((number, i) => bytes.writeUInt32BE(number, 4 * i))
  return bytes
}

interface Example {
  readonly pixels: Uint8Array
  readonly label: number
}
interface Sort {
  readonly classes: number
  readonly imageShape: readonly [height: number, width: number, channels: number]
}

/** By default 300 examples to train on, 200 to test on: (folder, index -> example) -> four IDX files. */
const writeDataset = (
  folder: string,
  { imageShape: [height, width, channels] }: Sort,
  at: (i: number) => Example,
  { train, test }: { readonly train: number; readonly test: number } = { train: 300, test: 200 },
) => {
  for (const [set, first, examples] of [
    ["train", 0, train],
    ["test", train, test],
  ] as const) {
    const all = Array.from({ length: examples }, (_, i) => at(first + i))
    const sizes = channels === 1 ? [height, width] : [height, width, channels]
    const pixels = all.map((example) => example.pixels)
    const images = Buffer.concat([header(0x801 + sizes.length, examples, ...sizes), ...pixels])
    writeFileSync(join(folder, `${set}-images`), images)
    const labels = Uint8Array.from(all, ({ label }) => label)
    writeFileSync(join(folder, `${set}-labels`), Buffer.concat([header(0x801, examples), labels]))
  }
}

const digits: Sort = { classes: 10, imageShape: [28, 28, 1] }

/** Images of any shape: of class k, pixels around k. */
const madeUp =
  ({ classes, imageShape }: Sort) =>
  (i: number): Example => {
    const label = i % classes
    const length = imageShape.reduce((a, b) => a * b)
    return {
      label,
      pixels: Uint8Array.from({ length }, (_, k) => (label * 20 + ((k * 37 + i * 11) % 90)) % 256),
    }
  }

export const writeImages = (folder: string, sort: Sort) => writeDataset(folder, sort, madeUp(sort))

/** The files that `experiments/own-dataset.ts` names, within its bounds. */
export const writeOwnData = (folder: string) => {
  mkdirSync(folder)
  const sort: Sort = { classes: 4, imageShape: [32, 32, 3] }
  writeDataset(folder, sort, madeUp(sort), { train: 1000, test: 100 })
  for (const [name, kept] of [
    ["images", "images-idx4-ubyte.gz"],
    ["labels", "labels-idx1-ubyte.gz"],
  ]) {
    for (const set of ["train", "test"]) {
      const file = join(folder, `${set}-${name}`)
      writeFileSync(join(folder, `${set}-${kept}`), gzipSync(readFileSync(file), { level: 1 }))
      rmSync(file)
    }
  }
}

/** A module that exports what `path` exports, on a small dataset. */
export const standIn = (path: string, data: Sort & { readonly folder: string }) =>
  `import real from ${JSON.stringify(pathToFileURL(path).href)}
const file = (name) => ({ source: ${JSON.stringify(data.folder)} + "/" + name })
const small = (experiment) => ({
  ...experiment,
  dataset: {
    name: "small", classes: ${data.classes}, imageShape: ${JSON.stringify(data.imageShape)},
    trainImages: file("train-images"), trainLabels: file("train-labels"),
    testImages: file("test-images"), testLabels: file("test-labels"),
  },
  split: { kind: "standard", validation: 50 },
  batchSize: 20,
})
export default "members" in real ? { ...real, members: real.members.map(small) } : small(real)
`

/** An experiment on the small dataset, with one layer. */
const small = (experiment: ExperimentInput, folder: string): ExperimentInput => {
  const file = (name: string) => ({ source: join(folder, name) })
  return {
    ...experiment,
    dataset: {
      name: "small",
      ...digits,
      trainImages: file("train-images"),
      trainLabels: file("train-labels"),
      testImages: file("test-images"),
      testLabels: file("test-labels"),
    },
    split: { kind: "standard", validation: 50 },
    model: [
      layers.flatten(),
      layers.dense({
        units: 10,
        activation: experiment.loss === "meanSquaredError" ? "sigmoid" : "linear",
      }),
    ],
    batchSize: 20,
  }
}

/** The one of the first command, which is small, is always the real one. */
const alwaysReal = "cnn-fast.ts"
/** An iteration of its wide filters takes half a second: it is never the real one. */
const neverReal = "ensemble.ts"

/**
 * Stand-ins for the checkout's experiments, on real digits: (project folder) -> experiments/ and its data. They are plain
 * values: importing the functions for experiment files takes a quarter of a second in every command.
 */
export const writeStandIns = async (project: string, experiments: "real" | "stand-ins") => {
  const folder = join(project, "small-digits")
  mkdirSync(folder)
  writeDataset(folder, digits, digitAt)
  const names = readdirSync(join(root, "experiments")).filter((name) => name.endsWith(".ts"))
  for (const name of experiments === "real" ? [neverReal] : names.filter((name) => name !== alwaysReal)) {
    const module: { readonly default: ExperimentInput | EnsembleInput | SweepInput } = await import(
      pathToFileURL(join(root, "experiments", name)).href
    )
    const value = module.default
    // The paths of its space would not exist in a small network.
    if ("space" in value) continue
    const standIn =
      "members" in value
        ? { ...value, members: value.members.map((member) => small(member, folder)) }
        : small(value, folder)
    writeFileSync(join(project, "experiments", name), `export default ${JSON.stringify(standIn)}\n`)
  }
}
