/**
 * A run with own code of every kind keeps a copy of it; its model predicts and is exported. runs.long.test.ts kills it.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { loadGraphModel } from "@tensorflow/tfjs-converter"
import * as tf from "@tensorflow/tfjs-core"
import { Effect, Result } from "effect"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as ort from "onnxruntime-node"
import sharp from "sharp"
import { predictor } from "../../api/predictor.ts"
import { decodeSafetensors } from "../../storage/safetensors.ts"
import { readPredictions } from "../../storage/predictions.ts"
import { start } from "../fixtures/cli.ts"
import { runCommand } from "../fixtures/command.ts"
import { digitAt } from "../fixtures/mnistTest.ts"
import { onlyRun, resultOf } from "../fixtures/runFiles.ts"
import { runsIn } from "../pipeline/runsIn.ts"

const scratch = mkdtempSync(join(tmpdir(), "tidemark-own-runs-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
const source = join(scratch, "experiments")
mkdirSync(source)
cpSync(fileURLToPath(new URL("../fixtures/ownCode", import.meta.url)), source, { recursive: true })
const { folder, run } = runsIn(scratch, join(source, "experiment.ts"))

let whole: ReturnType<typeof resultOf>
let path: string
beforeAll(async () => {
  const ended = await run("whole")
  assert.strictEqual(ended.code, 0, ended.stderr)
  path = onlyRun(folder("whole"))
  whole = resultOf(path)
}, 60_000)

/** Pixels as the network of the fixture sees them: dark ones are black. */
const prepared = (pixels: Uint8Array) => Float32Array.from(pixels, (pixel) => (pixel < 40 ? 0 : pixel) / 255)

describe("a run with own code", () => {
  it("keeps a copy of its code and measures its metrics on validation and test split", () => {
    for (const name of ["functions.ts", "share.ts"]) {
      assert.strictEqual(
        readFileSync(join(path, "code", name), "utf8"),
        readFileSync(join(source, name), "utf8"),
      )
    }
    const { test, validation } = whole.report
    assert.isAbove(test.metrics.top2, test.accuracy.value)
    for (const row of validation) assert.isAbove(row.metrics.top2, row.accuracy)
    // It monitors top2, so that is what the tested checkpoint is the first best in.
    type Row = { readonly iteration: number; readonly metrics: { readonly top2: number } }
    const best = validation.reduce((best: Row, row: Row) =>
      row.metrics.top2 > best.metrics.top2 ? row : best,
    )
    assert.match(whole.report.checkpoint, new RegExp(`0${best.iteration}\\b`))
    // The built-in metric of the same definition.
    for (const { metrics } of [test, ...validation]) assert.strictEqual(metrics.best, metrics.top2)
  })

  it("shows its metrics and its layers in the terminal and on the page", async () => {
    const { stdout } = await runCommand("show", path)
    assert.match(stdout, /^top2 {11}0\.\d+$/m)
    const page = readFileSync(join(path, "report.html"), "utf8")
    assert.include(page, "top2")
    assert.include(page, "mix of functions.ts, filters 8")
  })

  it("predicts with its own preprocessing, as it tested", async () => {
    const predictions = Result.getOrThrow(
      await Effect.runPromise(readPredictions(path).pipe(Effect.provide(NodeServices.layer))),
    )
    const png = join(scratch, "seven.png")
    const { label, pixels } = digitAt(0)
    await sharp(pixels, { raw: { width: 28, height: 28, channels: 1 } })
      .png()
      .toFile(png)
    const { code, stderr, stdout } = await runCommand("predict", path, png, "--json")
    assert.strictEqual(code, 0, stderr)
    assert.strictEqual(JSON.parse(stdout).predictions[0].probabilities.length, 10)

    const exported = await runCommand("export", path, "--format", "onnx", "--out", join(scratch, "onnx"))
    assert.strictEqual(exported.code, 0, exported.stderr)
    const session = await ort.InferenceSession.create(join(scratch, "onnx/model.onnx"))
    const images = new ort.Tensor("float32", prepared(pixels), [1, 28, 28, 1])
    const { probabilities } = await session.run({ images })
    const tested = predictions.probabilities.subarray(0, 10)
    ;(probabilities.data as Float32Array).forEach((probability, i) =>
      assert.closeTo(probability, tested[i], 1e-5),
    )
    assert.strictEqual(predictions.labels[0], label)
  })

  it("predicts images of the dataset with its own preprocessing", async () => {
    const digits = [0, 1, 2, 3].map((index) => digitAt(index).pixels)
    const { tested, predicted } = await Effect.runPromise(
      Effect.gen(function* () {
        const loaded = yield* predictor(path)
        return {
          predicted: yield* loaded.probabilities(digits),
          tested: Result.getOrThrow(yield* readPredictions(path)),
        }
      }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
    )
    predicted.forEach((probability, i) => assert.closeTo(probability, tested.probabilities[i], 1e-5))
    // Without it, they would be others.
    const session = await ort.InferenceSession.create(join(scratch, "onnx/model.onnx"))
    const images = new ort.Tensor(
      "float32",
      Float32Array.from(digits.flatMap((pixels) => [...pixels].map((pixel) => pixel / 255))),
      [4, 28, 28, 1],
    )
    const { probabilities } = await session.run({ images })
    const differences = [...(probabilities.data as Float32Array)].map((value, i) =>
      Math.abs(value - tested.probabilities[i]),
    )
    assert.isAbove(Math.max(...differences), 1e-3)
  })

  it("is exported to safetensors with its weights, and not to the layers format, which cannot hold it", async () => {
    const exported = await runCommand("export", path, "--format", "safetensors", "--out", join(scratch, "st"))
    assert.strictEqual(exported.code, 0, exported.stderr)
    const { metadata, tensors } = Result.getOrThrow(
      decodeSafetensors(readFileSync(join(scratch, "st/model.safetensors"))),
    )
    assert.includeMembers(
      tensors.map(({ name }) => name),
      ["mix/kernel", "mix/offset"],
    )
    assert.match(metadata.preprocess, /^threshold of functions\.ts, own code/)
    const refused = await runCommand("export", path, "--format", "tfjs", "--out", join(scratch, "tfjs"))
    assert.strictEqual(refused.code, 65)
    assert.match(
      refused.stderr,
      /layer mix is own code, .*; use --format tfjs-graph-model or onnx, which hold its operations/,
    )
  })

  it("is exported to a graph model of TensorFlow.js, which predicts what it tested", async () => {
    const out = join(scratch, "graph")
    const exported = await runCommand("export", path, "--format", "tfjs-graph-model", "--out", out)
    assert.strictEqual(exported.code, 0, exported.stderr)
    const { weightsManifest, ...json } = JSON.parse(readFileSync(join(out, "model.json"), "utf8"))
    const weightData = Uint8Array.from(readFileSync(join(out, weightsManifest[0].paths[0]))).buffer
    const loaded = await loadGraphModel(
      tf.io.fromMemory({ ...json, weightSpecs: weightsManifest[0].weights, weightData }),
    )
    const digits = [0, 1, 2, 3].flatMap((index) => [...prepared(digitAt(index).pixels)])
    const probabilities = (loaded.predict(tf.tensor4d(digits, [4, 28, 28, 1])) as tf.Tensor).dataSync()
    loaded.dispose()
    const tested = Result.getOrThrow(
      await Effect.runPromise(readPredictions(path).pipe(Effect.provide(NodeServices.layer))),
    )
    probabilities.forEach((probability, i) => assert.closeTo(probability, tested.probabilities[i], 1e-5))
  })

  it("is refused when its copy was changed", async () => {
    const share = join(path, "code/share.ts")
    const text = readFileSync(share, "utf8")
    writeFileSync(share, "export const share = 4")
    const { code, stderr } = await start("export", path, "--format", "safetensors").ended
    writeFileSync(share, text)
    assert.strictEqual(code, 65)
    assert.match(stderr, /share\.ts is missing or was changed; restore the folder code\/ of the run/)
  })
})
