/** Trains one experiment in a new run: (options) -> its report on standard output. */
import { Effect, Option } from "effect"
import { runArgument } from "../../../format/runArgument.ts"
import { experimentOf, type LoadedFile } from "../../../pipeline/experimentFile/load.ts"
import { StopSignal } from "../../../pipeline/StopSignal.ts"
import { prepareFork } from "../../../pipeline/lineage/fork.ts"
import { fingerprint } from "../../../schemas/experiment/fingerprint.ts"
import type { Target } from "../../../operations/trainTo.ts"
import { reserveRunId } from "../../../storage/reserveRunId.ts"
import { findRun } from "../../../storage/runDirectory.ts"
import { tryWriteReportPage } from "../../../views/report/tryWriteReportPage.ts"
import { FlagRefused } from "../../FlagRefused.ts"
import { openQueueIfGiven } from "../../queueFlag.ts"
import { type Options, overridesOf } from "./options.ts"

/** Lets a worker of a queue train it. The run has its id before a worker creates it. */
const runInQueue = Effect.fnUntraced(function* (
  parts: Pick<Target, "experiment" | "file" | "overrides">,
  options: Options,
) {
  if (Option.isSome(options.from)) {
    const reason =
      "a fork begins on the machine of its command; stop it there, and queue it with `resume RUN --queue`"
    return yield* new FlagRefused({ flag: "--from", reason })
  }
  const queue = yield* openQueueIfGiven(options)
  if (queue === undefined) return
  const { experiment } = parts
  const ownFingerprint = fingerprint(experiment)
  const run = yield* reserveRunId(options.runsDir, experiment.name, ownFingerprint)
  const { trainQueued } = yield* Effect.promise(() => import("./queued.ts"))
  const target = { ...parts, fingerprint: ownFingerprint, pauseAt: undefined, run }
  yield* trainQueued(queue, target, options.engine, options).pipe(Effect.provide(StopSignal.layer))
}, Effect.scoped)

export const runExperiment = Effect.fn("runExperiment")(function* (loaded: LoadedFile, options: Options) {
  for (const flag of ["member", "jobs"] as const) {
    if (options[flag]._tag === "Some") {
      const reason = `${options.file} is an experiment, not an ensemble`
      return yield* new FlagRefused({ flag: `--${flag}`, reason })
    }
  }
  const overrides = overridesOf(options)
  const { experiment, path, written } = yield* experimentOf(loaded, overrides)
  if (Option.isSome(options.queue) || Option.isSome(options.store)) {
    return yield* runInQueue({ experiment, file: { path, fingerprint: written }, overrides }, options)
  }
  const fork = Option.isNone(options.from)
    ? { fingerprint: fingerprint(experiment), prepare: () => Effect.void }
    : yield* prepareFork(yield* findRun(options.runsDir, options.from.value), experiment)

  // Imported already, by `importTraining`.
  const { selectEngine } = yield* Effect.promise(() => import("../../../engines/select.ts"))
  const { startRun } = yield* Effect.promise(() => import("../../../pipeline/startRun.ts"))
  const { report, path: folder } = yield* startRun({
    ...fork,
    experiment,
    file: { path, fingerprint: written },
    overrides,
    runsDir: options.runsDir,
    dataDir: options.dataDir,
    resumeWith: (path) => ["resume", runArgument(path)],
  }).pipe(
    Effect.provide([
      selectEngine(options.engine, { threads: Option.getOrUndefined(options.threads) }),
      StopSignal.layer,
    ]),
  )
  yield* tryWriteReportPage(folder)
  const { printReport } = yield* Effect.promise(() => import("../../render/printReport.ts"))
  yield* printReport(report, folder, options.json)
})
