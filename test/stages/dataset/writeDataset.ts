/** Datasets in hand-built IDX files. */
import { createHash } from "node:crypto"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Effect, FileSystem } from "effect"
import {
  type FetchedDataset,
  type FileName,
  fileNames,
  type Layout,
} from "../../../schemas/experiment/Dataset.ts"
import { encodeIdx, type Idx } from "../../../stages/dataset/idx.ts"
import { isStored } from "../../../stages/dataset/images.ts"
import type { LoadedDataset } from "../../../stages/dataset/load.ts"

/** The images of a dataset that is small enough for the memory. */
export const inMemory = ({ images }: LoadedDataset): Uint8Array => {
  if (isStored(images)) throw new Error("found images in files, expected images in memory")
  return images
}

export const images = (examples: number, pixel: (i: number) => number, dims = [2, 3]): Idx => ({
  type: "uint8",
  dims: [examples, ...dims],
  data: Uint8Array.from({ length: examples * dims.reduce((a, b) => a * b, 1) }, (_, i) => pixel(i)),
})
export const labels = (...values: ReadonlyArray<number>): Idx => ({
  type: "uint8",
  dims: [values.length],
  data: Uint8Array.from(values),
})

/** QMNIST's labels: the class and seven other numbers. */
export const columns = (...classes: ReadonlyArray<number>): Idx => ({
  type: "int32",
  dims: [classes.length, 8],
  data: Int32Array.from(classes.flatMap((label) => [label, 4, 2578, 69, 37, 279_260, 0, -1])),
})

/** Four examples to train and two to test, of 2 × 3 pixels and three classes. */
const good: Record<FileName, Idx | Uint8Array> = {
  trainImages: images(4, (i) => i * 7),
  trainLabels: labels(0, 1, 2, 0),
  testImages: images(2, (i) => 200 + i),
  testLabels: labels(2, 1),
}

export type Changes = Partial<Record<FileName, Idx | Uint8Array>>

/** Writes the files of a dataset into a new folder: the good ones, with changes. */
export const writeDataset = (
  changes: Changes = {},
  options: { readonly layout?: Partial<Layout>; readonly imageShape?: FetchedDataset["imageShape"] } = {},
) =>
  Effect.gen(function* () {
    const folder = yield* (yield* FileSystem.FileSystem).makeTempDirectoryScoped()
    return yield* Effect.promise(async (): Promise<FetchedDataset> => {
      const entries = fileNames.map(async (name) => {
        const idx = { ...good, ...changes }[name]
        const bytes = idx instanceof Uint8Array ? idx : encodeIdx(idx)
        const path = join(folder, name)
        await writeFile(path, bytes)
        const sha256 = createHash("sha256").update(bytes).digest("hex")
        return [name, { path, sizeBytes: bytes.byteLength, sha256, source: `cache (/mine/${name})` }] as const
      })
      return {
        name: "small",
        classes: 3,
        imageShape: options.imageShape ?? [2, 3, 1],
        layout: { transposed: false, firstLabel: 0, labelColumns: 1, ...options.layout },
        files: Object.fromEntries(await Promise.all(entries)) as FetchedDataset["files"],
      }
    })
  })
