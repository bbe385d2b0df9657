import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { syncBuiltinESMExports } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import threads, { type Worker } from "node:worker_threads"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { parquetWriteBuffer } from "hyparquet-writer"
import { openParquet, ParquetTimeLimit } from "../../../stages/pack/parquetThread.ts"
import { openFile } from "../../../storage/openFile.ts"
import { parquet, type ParquetRow } from "../../fixtures/parquet.ts"
import { pack, png } from "./packing.ts"

const scratch = mkdtempSync(join(tmpdir(), "tidemark-parquet-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
const data = join(scratch, "data")
let made = 0

const packed = (fields: object) => Effect.runPromise(pack({ kind: "parquet", ...fields }, data))
const refused = (fields: object) =>
  Effect.runPromise(
    Effect.map(Effect.flip(pack({ kind: "parquet", ...fields }, data)), ({ message }) => message),
  )
const written = (bytes: Uint8Array) => {
  const file = join(scratch, `${made++}.parquet`)
  writeFileSync(file, bytes)
  return file
}
const rows = (...labels: ReadonlyArray<ParquetRow["label"]>) =>
  Promise.all(
    labels.map(async (label, i): Promise<ParquetRow> => ({
      bytes: await png(i + 1),
      path: `${i}.png`,
      label,
    })),
  )
const namesOf = (path = "") =>
  readFileSync(path, "utf8")
    .trim()
    .split("\n")
    .map((line) => String(JSON.parse(line)))

/** Runs an effect that starts a worker thread: answers both. */
const withWorker = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const { Worker } = threads
    const started: Array<Worker> = []
    threads.Worker = class extends Worker {
      constructor(...options: ConstructorParameters<typeof Worker>) {
        super(...options)
        started.push(this)
      }
    }
    syncBuiltinESMExports()
    const opened = yield* effect
    threads.Worker = Worker
    syncBuiltinESMExports()
    return { opened, worker: started[0] }
  })

describe("Parquet files", () => {
  it("are read in the order of files, row groups and rows, with the class names of the metadata in their order", async () => {
    const names = ["zebra", "ant"]
    const [first, second] = [
      written(parquet(await rows(1, 0, 1), { names, rowGroupSize: 2 })),
      written(parquet(await rows(0), { names })),
    ]
    const found = await packed({ train: [first, second] })
    assert.deepStrictEqual(found.classNames, names)
    assert.deepStrictEqual(namesOf(found.packed?.names.path), [
      ...[0, 1, 2].map((row) => `${first}[${row}]`),
      `${second}[0]`,
    ])
    assert.deepStrictEqual([...readFileSync(found.files.trainLabels.path)].slice(-4), [1, 0, 1, 0])
  })

  it("may have names as labels, other columns, bytes without a path, and classes listed in the experiment", async () => {
    const text = await packed({ train: written(parquet(await rows("b", "a"))) })
    assert.deepStrictEqual(text.classNames, ["a", "b"])
    const listed = await packed({ train: written(parquet(await rows(1, 0))), classes: ["x", "y"] })
    assert.deepStrictEqual(listed.classNames, ["x", "y"])
    const other = written(parquet(await rows(1, 0), { image: "img" }))
    assert.strictEqual(
      (await packed({ train: other, columns: { image: "img" } })).packed?.digest,
      listed.packed?.digest,
    )
    const plain = parquetWriteBuffer({
      columnData: [
        { name: "image", data: [await png(1), await png(2)], type: "BYTE_ARRAY" },
        { name: "label", data: new Int32Array([1, 0]), type: "INT32" },
      ],
    })
    const bytes = await packed({ train: written(new Uint8Array(plain)) })
    assert.strictEqual(bytes.packed?.digest, listed.packed?.digest)
  })

  it("with other columns are refused with those that they have", async () => {
    const other = parquetWriteBuffer({
      columnData: [
        { name: "id", data: [1, 2], type: "INT32" },
        { name: "label", data: ["a", "b"], type: "STRING" },
      ],
    })
    const message = await refused({ train: written(new Uint8Array(other)) })
    assert.match(
      message,
      /found the columns id INT32, label UTF8, expected a column image \{bytes, path\} or of bytes, and a column label of whole numbers or text; name the columns with dataset\.columns/,
    )
    const named = await refused({ train: written(parquet(await rows(0, 1))), columns: { label: "fine" } })
    assert.match(named, /found the columns image \{bytes, path\}, label INT64, expected .* column fine/)
  })

  it("compressed in another way are refused with the ways that are read", async () => {
    const lz4 = parquetWriteBuffer({
      codec: "LZ4",
      compressors: { LZ4: (bytes) => bytes },
      columnData: [
        { name: "image", data: [await png(1), await png(2)], type: "BYTE_ARRAY" },
        { name: "label", data: new Int32Array([1, 0]), type: "INT32" },
      ],
    })
    assert.match(
      await refused({ train: written(new Uint8Array(lz4)) }),
      /found compression by LZ4, expected pages compressed by Snappy, gzip, Zstandard or Brotli/,
    )
  })

  it("with rows that lack image or label, or have another label, are refused with each row, or omitted", async () => {
    const good = await rows(0, 1)
    const bad: ReadonlyArray<ParquetRow> = [
      ...good,
      { bytes: null, path: "far/away.png", label: 0 },
      { bytes: await png(7), label: null },
      { bytes: await png(8), label: -1 },
      { bytes: new Uint8Array([1, 2, 3, 4]), label: 1 },
    ]
    const train = written(parquet(bad, { names: ["a", "b"] }))
    const message = await refused({ train })
    assert.match(message, /\[2\]: found the path far\/away\.png, expected the bytes of the image/)
    assert.match(message, /\[3\]: found no label/)
    assert.match(message, /\[4\]: found the label -1, expected 0 to 1 or the name of a class/)
    assert.match(message, /\[5\]: found the bytes 01 02 03 04, expected PNG, JPEG or WebP/)
    const found = await packed({ train, damaged: "exclude" })
    assert.lengthOf(found.packed?.excluded ?? [], 4)
    const clean = await packed({ train: written(parquet(good, { names: ["a", "b"] })) })
    assert.strictEqual(found.files.trainImages.sha256, clean.files.trainImages.sha256)
  })

  it("with other class names in one file, or another number than the experiment says, are refused", async () => {
    const [first, second] = [
      written(parquet(await rows(0, 1), { names: ["a", "b"] })),
      written(parquet(await rows(0, 1), { names: ["b", "a"] })),
    ]
    assert.match(
      await refused({ train: first, test: second }),
      /found the classes b, a, expected those of .*: a, b/,
    )
    assert.match(
      await refused({ train: first, classes: 3 }),
      /found 2 classes, by the names in its files, expected 3/,
    )
  })

  it.each([
    { byte: 13, value: 0, what: "a page without values" },
    { byte: 22, value: 0x81, what: "a page of less than no bytes" },
  ])("with $what, which the reader reads for ever, are refused in time", async ({ byte, value }) => {
    const changed = Uint8Array.from(parquet(await rows(0, 1), { names: ["a", "b"] }))
    changed[byte] = value
    const message = await Effect.runPromise(
      pack({ kind: "parquet", train: written(changed) }, data).pipe(
        Effect.provideService(ParquetTimeLimit, "1500 millis"),
        Effect.flip,
        Effect.map((error) => error.message),
      ),
    )
    assert.match(message, /found a row group that is not read after 1\.5 s, expected a whole Parquet file/)
  })

  it("are refused if the reader ends between two row groups, which does not end the process", async () => {
    const train = written(parquet(await rows(0, 1, 0), { rowGroupSize: 1 }))
    const full = Object.assign(new Error("heap"), { code: "ERR_WORKER_OUT_OF_MEMORY" })
    const ends: ReadonlyArray<readonly [RegExp, (worker: Worker) => unknown]> = [
      [
        /found values of more than 2 GB in a row group, expected a whole/,
        (worker) => worker.emit("error", full),
      ],
      [
        /found a reader that ended with code 1, expected a whole Parquet file/,
        (worker) => worker.terminate(),
      ],
    ]
    for (const [expected, endWorker] of ends) {
      const message = await Effect.runPromise(
        Effect.gen(function* () {
          const file = yield* openFile(train)
          const { opened, worker } = yield* withWorker(
            openParquet(file, "set.parquet", { image: "image", label: "label" }),
          )
          assert.lengthOf(yield* opened.readGroup(0), 1)
          yield* Effect.promise(async () => endWorker(worker))
          return (yield* Effect.flip(opened.readGroup(1))).message
        }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
      )
      assert.match(message, expected)
    }
  })

  it("that are truncated, damaged or missing are refused", async () => {
    const whole = parquet(await rows(0, 1), { names: ["a", "b"] })
    assert.match(await refused({ train: written(whole.subarray(0, 100)) }), /expected a whole Parquet file/)
    assert.match(await refused({ train: written(new Uint8Array()) }), /expected a whole Parquet file/)
    const zeros = Uint8Array.from(whole)
    zeros.fill(0, 4, 60)
    assert.match(await refused({ train: written(zeros) }), /expected a whole Parquet file/)
    assert.match(
      await refused({ train: join(scratch, "gone.parquet") }),
      /found nothing at .*gone\.parquet, expected a Parquet file/,
    )
  })
})
