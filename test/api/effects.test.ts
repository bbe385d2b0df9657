/** The API for programs, as Effects: the same runs as those of the command line, silently, stopped by an interruption. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, Fiber, Latch, References, Stream } from "effect"
import { compare, listRuns, predictor, readRun, resume, run, runEvents, type RunEvent } from "tidemark/run"
import type { ExperimentInput } from "tidemark/run"
import { runCommand } from "../fixtures/command.ts"
import { onlyRun, reached, resultOf } from "../fixtures/runFiles.ts"
import { smallMnist } from "../fixtures/smallMnist.ts"

let scratch: string
let experiment: ExperimentInput
const folders = (name: string) => ({ runsDir: join(scratch, name), dataDir: join(scratch, "data") })
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "tidemark-api-"))
  experiment = smallMnist(join(scratch, "small-mnist"))
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const settings = { engine: "onnx", threads: 1, iterations: 60 } as const

describe("run", () => {
  it.live("writes the same bytes as the command line, and prints nothing", () =>
    Effect.gen(function* () {
      const printed: Array<string> = []
      const { stderr, stdout } = process
      const write = { stdout: stdout.write, stderr: stderr.write }
      stdout.write = stderr.write = (text: string | Uint8Array) => printed.push(String(text)) > 0
      const result = yield* run({ experiment, ...settings, ...folders("api") }).pipe(
        Effect.ensuring(Effect.sync(() => void Object.assign(stdout, { write: write.stdout }))),
        Effect.ensuring(Effect.sync(() => void Object.assign(stderr, { write: write.stderr }))),
      )
      assert.deepStrictEqual(printed, [])
      assert.strictEqual(result.iterations, 60)
      assert.strictEqual(result.test.examples, 1000)
      assert.isTrue(existsSync(join(result.path, "report.html")))

      const file = join(scratch, "experiment.ts")
      writeFileSync(file, `export default ${JSON.stringify(experiment)}\n`)
      const { dataDir, runsDir } = folders("command")
      const command = yield* Effect.promise(() =>
        runCommand(
          "run",
          file,
          "--iterations",
          "60",
          "--engine",
          "onnx",
          "--threads",
          "1",
          "--runs-dir",
          runsDir,
          "--data-dir",
          dataDir,
        ),
      )
      assert.strictEqual(command.code, 0, command.stderr)
      assert.deepStrictEqual(resultOf(result.path), resultOf(onlyRun(runsDir)))
    }),
  )

  it.live("takes the path of an experiment file too", () =>
    Effect.gen(function* () {
      const file = join(scratch, "by-path.ts")
      writeFileSync(file, `export default ${JSON.stringify({ ...experiment, name: "by-path" })}\n`)
      const { id } = yield* run({ experiment: file, ...settings, iterations: 5, ...folders("by-path") })
      assert.match(id, /by-path/)
    }),
  )

  it.live("gives its events as a stream that ends with the result", () =>
    Effect.gen(function* () {
      const events: ReadonlyArray<RunEvent> = yield* Stream.runCollect(
        runEvents({ experiment, ...settings, ...folders("events") }),
      )
      const iterations = events.flatMap((event) => (event.kind === "progress" ? [event.iteration] : []))
      assert.deepStrictEqual(
        iterations,
        iterations.toSorted((a, b) => a - b),
      )
      assert.strictEqual(iterations.at(-1), 60)
      assert.isTrue(events.some((event) => event.kind === "log" && event.stage === "validate"))
      assert.strictEqual(events.at(-1)?.kind, "finished")
      assert.strictEqual(events.filter(({ kind }) => kind === "finished").length, 1)
    }),
  )

  it.live("saves a checkpoint when it is interrupted, and resume ends with the same bytes", () =>
    Effect.gen(function* () {
      const training = yield* Latch.make()
      const budget = { ...settings, iterations: 600 }
      const fiber = yield* runEvents({ experiment, ...budget, ...folders("interrupted") }).pipe(
        Stream.runForEach(({ kind }) => (kind === "progress" ? training.open : Effect.void)),
        Effect.forkChild,
      )
      yield* training.await
      yield* Fiber.interrupt(fiber)
      const { path, status } = yield* readRun("latest", folders("interrupted"))
      assert.strictEqual(status, "interrupted")
      assert.isAtLeast(reached(path), 1)
      const resumed = yield* resume("latest", folders("interrupted"))
      const alone = yield* run({ experiment, ...budget, ...folders("alone") })
      assert.deepStrictEqual(resultOf(resumed.path), resultOf(alone.path))
    }),
  )

  it.live("fails with what was wrong, as text and as fields", () =>
    Effect.gen(function* () {
      const wrong = yield* run({ experiment: { ...experiment, batchSize: 0 }, ...folders("wrong") }).pipe(
        Effect.flip,
      )
      assert.strictEqual(wrong._tag, "TidemarkError")
      assert.strictEqual(wrong.kind, "dataError")
      assert.strictEqual(wrong.reason, "ExperimentInvalid")
      assert.match(wrong.message, /batchSize: found 0/)
      assert.deepInclude(wrong.details, { path: "(given by code)" })
      assert.isFalse(existsSync(folders("wrong").runsDir))

      const missing = yield* run({ experiment: join(scratch, "no.ts") }).pipe(Effect.flip)
      assert.strictEqual(missing.kind, "noInput")
      const unknown = yield* resume("2099", folders("api")).pipe(Effect.flip)
      assert.deepStrictEqual([unknown.kind, unknown.reason], ["noInput", "RunNotFound"])
    }),
  )
})

describe("run with an experiment as a value", () => {
  it.live("sends the password of an address, which a run does not store", () =>
    Effect.gen(function* () {
      const seen: Array<string | undefined> = []
      const server = createServer(({ headers }, response) => {
        seen.push(headers.authorization)
        response.writeHead(404).end()
      })
      yield* Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void)))
      const { port } = server.address() as AddressInfo
      const source = `http://ana:s3cret@127.0.0.1:${port}/images`
      const { dataset } = experiment
      assert.isObject(dataset)
      const own = { ...(dataset as object), trainImages: { source } } as ExperimentInput["dataset"]
      const options = { ...settings, iterations: 5, ...folders("secret") }
      const failed = yield* run({ experiment: { ...experiment, dataset: own }, ...options }).pipe(
        Effect.flip,
        Effect.ensuring(Effect.sync(() => server.close())),
      )
      assert.strictEqual(failed.kind, "unavailable")
      assert.notInclude(failed.message, "s3cret")
      assert.isNotEmpty(seen)
      for (const header of seen) assert.strictEqual(header, `Basic ${btoa("ana:s3cret")}`)
      const stored = readFileSync(join(onlyRun(folders("secret").runsDir), "run.json"), "utf8")
      assert.notInclude(stored, "s3cret")
    }),
  )

  it.live("refuses numbers out of their range before anything is written", () =>
    Effect.gen(function* () {
      for (const wrong of [
        { iterations: 0 },
        { iterations: 1.5 },
        { seed: 0.5 },
        { threads: 0 },
        { threads: 5000 },
      ]) {
        const refused = yield* run({ experiment, ...folders("refused"), ...wrong }).pipe(Effect.flip)
        assert.deepStrictEqual([refused.kind, refused.reason], ["usage", "OptionsRefused"])
        assert.match(
          refused.message,
          new RegExp(`${Object.keys(wrong)[0]}: found ${Object.values(wrong)[0]}, `),
        )
      }
      assert.isFalse(existsSync(folders("refused").runsDir))
    }),
  )

  it.live("gives log lines from the level of its caller on", () =>
    Effect.gen(function* () {
      const events = yield* Stream.runCollect(
        runEvents({ experiment, ...settings, iterations: 5, ...folders("level") }),
      ).pipe(Effect.provideService(References.MinimumLogLevel, "Warn"))
      assert.isFalse(events.some((event) => event.kind === "log" && event.level === "info"))
      assert.strictEqual(events.at(-1)?.kind, "finished")
    }),
  )
})

describe("reading", () => {
  it.live("lists, reads and compares runs, and predicts with one", () =>
    Effect.gen(function* () {
      const options = folders("seeds")
      for (const seed of [1, 2]) yield* run({ experiment, ...settings, seed, ...options })
      const runs = yield* listRuns(options)
      assert.deepStrictEqual(
        runs.map(({ iteration, seed, status }) => ({ iteration, seed, status })),
        [1, 2].map((seed) => ({ iteration: 60, seed, status: "finished" as const })),
      )
      const { config, metrics, test } = yield* readRun(runs[0].id, options)
      assert.strictEqual(config.batchSize, 30)
      assert.strictEqual(test?.error.value, runs[0].testError)
      assert.isTrue(metrics.some(({ iteration, split }) => split === "validation" && iteration === 60))

      const { groups, tests } = yield* compare(
        runs.map(({ id }) => id),
        options,
      )
      assert.deepStrictEqual(
        groups.flatMap(({ seeds }) => seeds),
        [1, 2],
      )
      for (const { p } of tests) assert.isTrue(p >= 0 && p <= 1)

      yield* Effect.scoped(
        Effect.gen(function* () {
          const { classes, imageShape, predict, probabilities } = yield* predictor("latest", options)
          assert.deepStrictEqual(imageShape, [28, 28, 1])
          const rows = yield* probabilities([new Uint8Array(784), new Uint8Array(784).fill(255)])
          assert.strictEqual(rows.length, 2 * classes.length)
          assert.closeTo(
            rows.subarray(0, 10).reduce((a, b) => a + b),
            1,
            1e-5,
          )
          const [refused] = yield* Stream.runCollect(predict(join(scratch, "experiment.ts"))).pipe(
            Effect.catch((error) => Effect.succeed([{ problem: error.message }])),
          )
          assert.isTrue("problem" in refused)
        }),
      )
    }),
  )
})
