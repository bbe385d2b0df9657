/** The files of a user's dataset are replaced after a run was trained on them: real runs on a small dataset. */
import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import { openTrainedModel } from "../../inspect/trainedModel.ts"
import { ImageMemory } from "../../stages/dataset/images.ts"
import { readRun } from "../../storage/runDirectory.ts"
import { runCommand } from "../fixtures/command.ts"
import { readsOfFiles } from "../fixtures/readsOfFiles.ts"
import { onlyRun } from "../fixtures/runFiles.ts"
import { squares } from "../fixtures/squares.ts"

describe("a run whose data was replaced", () => {
  const { file, folder, remove, scratch, writeSet } = squares()
  const data = join(scratch, "data")
  const runs = folder("runs")
  const resume = (iterations: number) =>
    runCommand("resume", "latest", "--iterations", String(iterations), "--runs-dir", runs)
  const table = Effect.gen(function* () {
    return (yield* openTrainedModel(yield* readRun(onlyRun(runs)), undefined)).table
  }).pipe(Effect.scoped, Effect.provide(Layer.mergeAll(NodeServices.layer, FetchHttpClient.layer)))
  beforeAll(async () => {
    writeFileSync(
      file,
      readFileSync(file, "utf8").replace("loss:", 'normalization: "standardized",\n  loss:'),
    )
    const folders = ["--runs-dir", runs, "--data-dir", data]
    const { code, stderr } = await runCommand("run", file, "--engine", "onnx", ...folders)
    assert.strictEqual(code, 0, stderr)
  })
  afterAll(remove)

  it.live(
    "predicts with the pixel normalization of its training data, also if an older version trained it",
    () =>
      Effect.gen(function* () {
        const trained = yield* table
        // Standardized by the 100 training examples, not by all 120.
        const record = join(onlyRun(runs), "stages", "validate.json")
        const validated = JSON.parse(readFileSync(record, "utf8"))
        const { mean, stddev } = validated.result.standardizedBy
        assert.strictEqual(trained[51], Math.fround((0.2 - mean) / stddev))
        assert.notStrictEqual(mean, validated.result.train.pixelMean)

        writeSet(5)
        assert.deepStrictEqual(yield* table, trained)

        delete validated.result.standardizedBy
        writeFileSync(record, JSON.stringify(validated))
        assert.deepStrictEqual(yield* table, trained)
        const inFiles = Effect.provideService(table, ImageMemory, 0)
        const { exit, files } = yield* readsOfFiles(inFiles)
        assert.deepStrictEqual(yield* exit, trained)
        const failing = yield* readsOfFiles(inFiles, files.length)
        assert.strictEqual((yield* Effect.flip(failing.exit))._tag, "StorageFailed")
        const fetched = join(onlyRun(runs), "stages", "fetch.json")
        const text = readFileSync(fetched, "utf8")
        writeFileSync(fetched, "{}")
        assert.strictEqual((yield* Effect.flip(table))._tag, "DatasetNotRecorded")
        writeFileSync(fetched, text)

        rmSync(join(data, "own"), { recursive: true })
        const gone = yield* Effect.flip(table)
        assert.strictEqual(gone._tag, "DataNotAvailable")
        assert.match(gone.message, /^cannot get trainImages .* or start a new run$/)
      }),
  )

  it("is not resumed on other files when its own are gone from the cache; the error says what to do", async () => {
    writeSet(2)
    rmSync(join(data, "own"), { recursive: true, force: true })
    const refused = await resume(75)
    assert.strictEqual(refused.code, 65, refused.stderr)
    assert.match(
      refused.stderr,
      /^error: cannot get trainImages of squares: \S+train-images: found 1936 bytes of SHA-256 \w{64}, expected SHA-256 \w{64}; .*put it back at \S+train-images, or start a new run$/m,
    )
  })

  it("is not resumed on other files when the record of its own is lost", async () => {
    const fetched = join(onlyRun(runs), "stages", "fetch.json")
    const text = readFileSync(fetched, "utf8")
    for (const lose of [() => writeFileSync(fetched, "{}"), () => rmSync(fetched)]) {
      lose()
      const refused = await resume(75)
      assert.strictEqual(refused.code, 65, refused.stderr)
      assert.match(refused.stderr, /^error: cannot resume \S+: found no readable stages\/fetch\.json/m)
    }
    writeFileSync(fetched, text)
  })

  it("is resumed once its files are back", async () => {
    writeSet(1)
    const { code, stderr } = await resume(75)
    assert.strictEqual(code, 0, stderr)
  })
})
