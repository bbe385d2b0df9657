/** Predictions on photographs and exports to other runtimes, with a small network trained for a few seconds. */
import { spawn } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, beforeAll, describe, it, vi } from "@effect/vitest"
import * as tf from "@tensorflow/tfjs-core"
import { loadLayersModel } from "@tensorflow/tfjs-layers"
import { Effect, Layer, Result } from "effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as ort from "onnxruntime-node"
import sharp from "sharp"
import { makePredictor } from "../../inspect/predictor.ts"
import { measureLatency } from "../../operations/champion/modelOnEngine.ts"
import { openTrainedModel } from "../../inspect/trainedModel.ts"
import { decodeSafetensors } from "../../storage/safetensors.ts"
import { readRun } from "../../storage/runDirectory.ts"
import { runCommand } from "../fixtures/command.ts"
import { gpuEngineInfo } from "../fixtures/engineInfo.ts"
import { digitAt } from "../fixtures/mnistTest.ts"
import { paperScene, photograph } from "../fixtures/photograph.ts"
import { onlyRun } from "../fixtures/runFiles.ts"

const scratch = mkdtempSync(join(tmpdir(), "tidemark-predict-"))
const runs = join(scratch, "runs")
let run: string
beforeAll(async () => {
  const { code, stderr } = await runCommand(
    "run",
    "test/fixtures/tiny.ts",
    "--iterations=300",
    "--engine=onnx",
    `--runs-dir=${runs}`,
    `--data-dir=${join(scratch, "data")}`,
  )
  assert.strictEqual(code, 0, stderr)
  run = onlyRun(runs)
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const services = Layer.mergeAll(NodeServices.layer, FetchHttpClient.layer)
const predictor = Effect.gen(function* () {
  return yield* makePredictor([yield* readRun(run)], {
    checkpoint: undefined,
    engine: undefined,
    combination: "mean",
  })
})

const write = (name: string, bytes: Uint8Array | string) => {
  const path = join(scratch, name)
  writeFileSync(path, bytes)
  return path
}
const pngOf = (digit: Uint8Array) =>
  sharp(digit, { raw: { width: 28, height: 28, channels: 1 } })
    .png()
    .toBuffer()

describe("predict", () => {
  it("prints labels and probabilities, lists unreadable images, and sets the exit code", async () => {
    const folder = join(scratch, "images")
    mkdirSync(folder)
    writeFileSync(join(folder, "a.png"), await pngOf(digitAt(0).pixels))
    writeFileSync(join(folder, "b.jpg"), await photograph(digitAt(1).pixels, paperScene, 1))
    writeFileSync(join(folder, "notes.txt"), "not an image")
    const blank = await sharp({ create: { width: 90, height: 60, channels: 3, background: "#eee" } })
      .webp()
      .toBuffer()
    const { code, stderr, stdout } = await runCommand(
      "predict",
      run,
      folder,
      write("blank.webp", blank),
      write("text.png", "text"),
      "missing.png",
      "--json",
      "--show",
    )
    assert.strictEqual(code, 65, stderr)
    const { classes, predictions, problems } = JSON.parse(stdout)
    assert.deepStrictEqual(
      predictions.map(({ image, label }: { image: string; label: number }) => [image, label]),
      [
        [join(folder, "a.png"), 7],
        [join(folder, "b.jpg"), 2],
      ],
    )
    assert.lengthOf(classes, 10)
    for (const { class: name, doubts, probabilities, top } of predictions) {
      assert.lengthOf(top, 3)
      assert.strictEqual(top[0].class, name)
      assert.deepStrictEqual(
        top.map(({ probability }: { probability: number }) => probability),
        probabilities.toSorted((a: number, b: number) => b - a).slice(0, 3),
      )
      assert.deepStrictEqual(doubts, [])
      assert.closeTo(
        probabilities.reduce((a: number, b: number) => a + b, 0),
        1,
        1e-5,
      )
    }
    assert.deepStrictEqual(
      problems.map(({ error }: { error: string }) => error),
      ["NoMarkFound", "ImageFormatUnsupported", "ImageNotFound"],
    )
    assert.match(stderr, /^error: cannot predict 3 of 5 images:$/m)
    assert.match(stderr, /centred by its centre of mass in 28×28, as in mnist/)
    assert.match(stderr, /▀/)
    assert.notMatch(stderr, /^ {4}at /m)

    const missing = await runCommand("predict", run, "missing.png")
    assert.strictEqual(missing.code, 66)
    assert.match(missing.stderr, /^error: cannot read missing\.png: found no such file/m)
  })

  it("skips and counts the hidden files of a folder, and refuses absurd shapes from the header", async () => {
    const folder = join(scratch, "stick")
    mkdirSync(join(folder, "__MACOSX"), { recursive: true })
    const digit = await pngOf(digitAt(0).pixels)
    writeFileSync(join(folder, "3.png"), digit)
    for (const hidden of ["._3.png", "__MACOSX/._3.png", "__MACOSX/._4.png"]) {
      writeFileSync(join(folder, hidden), "Mac OS X resource fork")
    }
    const one = await runCommand("predict", run, folder)
    assert.strictEqual(one.code, 0, one.stderr)
    assert.match(one.stderr, /skipped 1 hidden file$/m)
    const all = await runCommand("predict", run, folder, join(folder, "__MACOSX"), "--json")
    assert.strictEqual(all.code, 0, all.stderr)
    const { hiddenFiles, predictions, problems } = JSON.parse(all.stdout)
    assert.deepStrictEqual([hiddenFiles, predictions.length, problems.length], [3, 1, 0])
    const none = await runCommand("predict", run, join(folder, "__MACOSX"))
    assert.strictEqual(none.code, 66)
    assert.match(none.stderr, /found only hidden files, which are skipped/)
    // A file that is named is not skipped.
    const named = await runCommand("predict", run, join(folder, "._3.png"))
    assert.strictEqual(named.code, 65)

    const column = new DataView(Uint8Array.from(digit).buffer)
    column.setUint32(16, 1)
    column.setUint32(20, 64_000_000)
    const tall = await runCommand("predict", run, write("tall.png", new Uint8Array(column.buffer)))
    assert.strictEqual(tall.code, 65)
    assert.match(tall.stderr, /found 1 × 64000000 pixels, expected .* at most 100 times as long/)
  })

  it("prints one row per image, with the three most probable classes", async () => {
    const { code, stdout } = await runCommand("predict", run, write("0.png", await pngOf(digitAt(0).pixels)))
    assert.strictEqual(code, 0)
    const [head, row] = stdout.split("\n")
    assert.match(head, /^image +label +probability +second +third +doubts$/)
    assert.match(row, /0\.png +7 +\d+\.\d % +\d +\d+\.\d % +\d +\d+\.\d %$/)
  })

  it("reads standard input, and averages runs", async () => {
    const cli = fileURLToPath(new URL("../../cli/start.mjs", import.meta.url))
    const child = spawn(process.execPath, [cli, "predict", `${run},${run}`, "-"])
    child.stdin.end(await pngOf(digitAt(0).pixels))
    let stdout = ""
    child.stdout.on("data", (data) => (stdout += String(data)))
    const code = await new Promise((resolve) => child.on("close", resolve))
    assert.strictEqual(code, 0)
    assert.match(stdout, /^standard input +7 /m)
  })

  it("and the gate use the engine of the newest attempt, and --device cpu takes a GPU's run to the processor", async () => {
    vi.stubEnv("VK_DRIVER_FILES", "/nonexistent/icd.json")
    const copy = join(scratch, "moved")
    cpSync(run, copy, { recursive: true })
    const onGpu = (file: string) => {
      const record = JSON.parse(readFileSync(join(copy, file), "utf8"))
      writeFileSync(join(copy, file), JSON.stringify({ ...record, engine: gpuEngineInfo }))
    }
    const digit = write("moved.png", await pngOf(digitAt(0).pixels))
    // Begun on a GPU, resumed on the processor.
    onGpu("run.json")
    const resumed = await runCommand("predict", copy, digit)
    assert.strictEqual(resumed.code, 0, resumed.stderr)
    const latency = Effect.gen(function* () {
      return yield* measureLatency(yield* readRun(copy), undefined)
    }).pipe(Effect.provide(services))
    assert.isAbove(await Effect.runPromise(latency), 0)

    onGpu("attempts/0001.json")
    const refused = await runCommand("predict", copy, digit)
    assert.strictEqual(refused.code, 69)
    assert.match(refused.stderr, /engine onnx with --device gpu is not available/)
    const onProcessor = await runCommand("predict", copy, digit, "--device", "cpu")
    assert.strictEqual(onProcessor.code, 0, onProcessor.stderr)
    assert.strictEqual(onProcessor.stdout, resumed.stdout)
    const anywhere = await runCommand("predict", copy, digit, "--device", "auto")
    assert.strictEqual(anywhere.code, 0, anywhere.stderr)
    assert.strictEqual(anywhere.stdout, resumed.stdout)
    vi.unstubAllEnvs()
  })

  it("lists the existing checkpoints if --checkpoint names none", async () => {
    const { code, stderr } = await runCommand("predict", run, "x.png", "--checkpoint", "7")
    assert.strictEqual(code, 66)
    assert.match(stderr, /cannot load checkpoint 7 of .*: found .*300; choose one of them/)
  })
})

describe("export", () => {
  const count = 10_000
  const digits = Array.from({ length: count }, (_, i) => digitAt(i).pixels)
  const input = new Float32Array(count * 784)
  digits.forEach((pixels, i) => input.set(pixels, i * 784))
  for (let i = 0; i < input.length; i++) input[i] /= 255

  const ours = Effect.gen(function* () {
    return yield* (yield* predictor).probabilities(digits)
  }).pipe(Effect.scoped, Effect.provide(services))

  const exported = async (format: string) => {
    const out = join(scratch, format)
    const { code, stderr, stdout } = await runCommand("export", run, "--format", format, "--out", out)
    assert.strictEqual(code, 0, stderr)
    for (const line of stdout.trim().split("\n")) assert.match(line, /  [1-9][\d.]* (B|kB|MB)$/)
    return out
  }
  const assertEqual = (actual: ArrayLike<number>, expected: Float32Array) => {
    assert.strictEqual(actual.length, expected.length)
    let most = 0
    for (let i = 0; i < actual.length; i++) most = Math.max(most, Math.abs(actual[i] - expected[i]))
    assert.isBelow(most, 1e-5)
  }

  it("onnx: gives the same probabilities with standard operators, for any batch size", async () => {
    const folder = await exported("onnx")
    const bytes = readFileSync(join(folder, "model.onnx"))
    assert.notInclude(bytes.toString("latin1"), "com.microsoft")
    const session = await ort.InferenceSession.create(bytes)
    const outputs: Array<number> = []
    for (const [from, until] of [
      [0, 1],
      [1, 4096],
      [4096, count],
    ]) {
      const images = new ort.Tensor("float32", input.slice(from * 784, until * 784), [
        until - from,
        28,
        28,
        1,
      ])
      outputs.push(...((await session.run({ images })).probabilities.data as Float32Array))
    }
    assertEqual(outputs, await Effect.runPromise(ours))
    await session.release()
  })

  it("tfjs: loads with loadLayersModel from a web server, and describes its preprocessing", async () => {
    const folder = await exported("tfjs")
    const server = createServer(({ url }, response) => response.end(readFileSync(join(folder, url ?? ""))))
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    const { port } = server.address() as AddressInfo
    const model = await loadLayersModel(`http://127.0.0.1:${port}/model.json`)
    server.close()
    // Plain JavaScript takes 8 s for all.
    const some = 1500
    const images = tf.tensor4d(input.slice(0, some * 784), [some, 28, 28, 1])
    const outputs = model.predict(images, { batchSize: 500 }) as tf.Tensor
    assertEqual(await outputs.data(), (await Effect.runPromise(ours)).slice(0, some * 10))
    const { userDefinedMetadata } = JSON.parse(readFileSync(join(folder, "model.json"), "utf8"))
    assert.strictEqual(userDefinedMetadata.normalization.offset, 0)
    assert.closeTo(userDefinedMetadata.normalization.scale, 1 / 255, 1e-9)
    assert.deepStrictEqual(userDefinedMetadata.inputShape, [28, 28, 1])
  })

  it.effect("safetensors: holds the weights of the tested checkpoint, without optimizer state", () =>
    Effect.gen(function* () {
      const folder = yield* Effect.promise(() => exported("safetensors"))
      const { metadata, tensors } = Result.getOrThrow(
        decodeSafetensors(readFileSync(join(folder, "model.safetensors"))),
      )
      const { checkpoint, network } = yield* openTrainedModel(yield* readRun(run), undefined)
      assert.lengthOf(tensors, network.layersModel.weights.length)
      for (const { data, name, shape } of tensors) {
        // The run averages its weights: the averages are what predicts.
        const stored = checkpoint.state.find((tensor) => tensor.name === `average/${name}`)
        assert.deepStrictEqual([data, shape], [stored?.data, stored?.shape])
      }
      assert.strictEqual(JSON.parse(metadata.layers)[0].kind, "conv2d")
      assert.include(metadata.normalization, '"kind":"unit"')
    }).pipe(Effect.scoped, Effect.provide(services)),
  )

  it("writes the same bytes again, and never replaces another file", async () => {
    const first = await runCommand("export", run, "--format", "safetensors", "--json")
    assert.strictEqual(first.code, 0, first.stderr)
    assert.isTrue(JSON.parse(first.stdout).written)
    const again = await runCommand("export", run, "--format", "safetensors", "--json")
    assert.isFalse(JSON.parse(again.stdout).written)

    const folder = join(scratch, "mine")
    mkdirSync(folder)
    writeFileSync(join(folder, "model.onnx"), "mine")
    const taken = await runCommand("export", run, "--format", "onnx", "--out", folder)
    assert.strictEqual(taken.code, 73)
    assert.match(taken.stderr, /cannot export to .*: found another model\.onnx/)
    assert.strictEqual(readFileSync(join(folder, "model.onnx"), "utf8"), "mine")
    assert.deepStrictEqual(
      readdirSync(scratch).filter((name) => name.endsWith(".tmp")),
      [],
    )
  })
})
