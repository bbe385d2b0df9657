/** What is refused: jobs that are not what their submitter made, and experiments that no queue may hold. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Logger, Schema } from "effect"
import { FetchHttpClient } from "effect/http"
import { makeJob } from "../../../operations/queue/makeJob.ts"
import { trainJob } from "../../../operations/queue/trainJob.ts"
import { Experiment } from "../../../schemas/experiment/Experiment.ts"
import { fingerprint } from "../../../schemas/experiment/fingerprint.ts"
import type { QueuedJob } from "../../../schemas/QueuedJob.ts"
import { StopSignal } from "../../../pipeline/StopSignal.ts"
import { hideSecrets } from "../../../stages/fetch/address.ts"
import { addText, digestOf } from "../../../storage/codeTexts.ts"
import { recordDisplay } from "../../fixtures/recordDisplay.ts"
import tiny from "../../fixtures/tiny.ts"
import { jobOf } from "./jobs.ts"

const decode = Schema.decodeUnknownSync(Experiment)

/** The message of the refusal; nothing is trained. */
const refusalOf = (job: QueuedJob, tag = "JobDamaged") =>
  Effect.gen(function* () {
    const folder = yield* (yield* FileSystem.FileSystem).makeTempDirectoryScoped()
    const options = { threads: 1, runsDir: `${folder}/runs`, dataDir: folder, onTested: () => Effect.void }
    const error = yield* Effect.flip(trainJob(job, options))
    assert.strictEqual(error._tag, tag)
    assert.isFalse(yield* (yield* FileSystem.FileSystem).exists(options.runsDir))
    return error.message
  }).pipe(
    Effect.scoped,
    Effect.provide([StopSignal.layer, recordDisplay().layer, FetchHttpClient.layer, Logger.layer([])]),
    Effect.provide(NodeServices.layer),
  )

describe("a job", () => {
  const text = "export const loss = () => 0\n"
  const digest = digestOf(text)
  const files = { "own/loss.ts": digest }
  const experiment = decode({ ...tiny, code: { files, packages: {}, folder: "." } })
  const job = jobOf(1, { experiment, fingerprint: fingerprint(experiment) })

  it.live("whose own code has another text than its experiment names is refused", () =>
    Effect.gen(function* () {
      const message = yield* refusalOf({ ...job, code: { [digest]: `${text}// and more\n` } })
      assert.match(
        message,
        /^cannot train .* it has another text of its own code own\/loss\.ts; submit it again$/,
      )
    }),
  )

  it.live("without the text of its own code is refused", () =>
    Effect.gen(function* () {
      const message = yield* refusalOf({ ...job, code: {} })
      assert.match(message, /^cannot train .* it lacks its own code own\/loss\.ts; submit it again$/)
    }),
  )

  it.live("of a fork is not begun anew where its run is not: its weights are those of its parent", () =>
    Effect.gen(function* () {
      const parent = { run: "20261101T000000Z-tiny-00000000", fingerprint: job.fingerprint, iteration: 5 }
      const fork = jobOf(1, {
        parent,
        fingerprint: fingerprint(jobOf(1).experiment, parent),
        run: "20261102T000000Z-tiny-11111111",
      })
      assert.include(yield* refusalOf(fork, "RunNotFound"), "20261102T000000Z-tiny-11111111")
    }),
  )

  it.live("whose experiment was changed is refused", () =>
    Effect.gen(function* () {
      const message = yield* refusalOf({ ...job, experiment: { ...experiment, batchSize: 31 } })
      assert.match(message, /its experiment has the fingerprint/)
    }),
  )
})

describe("an experiment", () => {
  it.live("with own code under a name that no other machine may have is refused", () =>
    Effect.gen(function* () {
      for (const path of ["what?.ts", "own/a|b.ts", ".hidden/loss.ts", `${"a".repeat(500)}.ts`]) {
        const files = { [path]: addText("export const loss = () => 0\n") }
        const experiment = decode({ ...tiny, code: { files, packages: {}, folder: "." } })
        const target = {
          experiment,
          fingerprint: fingerprint(experiment),
          file: { path: "own.ts", fingerprint: "" },
          overrides: {},
          pauseAt: undefined,
        }
        const error = yield* Effect.flip(makeJob(target, { what: "a test", engine: "onnx" }))
        assert.strictEqual(error._tag, "NotForQueue")
        assert.include(error.message, `cannot queue a test: its own code ${path} has a name that not every`)
      }
    }).pipe(Effect.provide(NodeServices.layer)),
  )

  it.live("whose data has a password in its address is refused, and the password is not repeated", () =>
    Effect.gen(function* () {
      const source = { source: "https://me:geheim@data.example/images" }
      const written = decode({
        ...tiny,
        dataset: {
          name: "remote",
          classes: 10,
          imageShape: [28, 28],
          trainImages: source,
          trainLabels: source,
          testImages: source,
          testLabels: source,
        },
      })
      // As an experiment file is loaded.
      const experiment = { ...written, dataset: hideSecrets(written.dataset) }
      const target = {
        experiment,
        fingerprint: fingerprint(experiment),
        file: { path: "remote.ts", fingerprint: "" },
        overrides: {},
        pauseAt: undefined,
      }
      const error = yield* Effect.flip(makeJob(target, { what: "a test", engine: "onnx" }))
      assert.strictEqual(error._tag, "NotForQueue")
      assert.match(error.message, /^cannot queue a test: .* has a password, and a queue holds none/)
      assert.notInclude(error.message, "geheim")
    }).pipe(Effect.provide(NodeServices.layer)),
  )
})
