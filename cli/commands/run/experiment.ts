/** Trains one experiment in a new run: (options) -> its report on standard output. */
import { Effect, flow, Option } from "effect"
import { runArgument } from "../../../format/runArgument.ts"
import { experimentOf, type LoadedFile } from "../../../pipeline/experimentFile/load.ts"
import { StopSignal } from "../../../pipeline/StopSignal.ts"
import { prepareFork } from "../../../pipeline/lineage/fork.ts"
import { fingerprint } from "../../../schemas/experiment/fingerprint.ts"
import type { Target } from "../../../operations/trainTo.ts"
import { reserveRunId } from "../../../storage/reserveRunId.ts"
import { findRun } from "../../../storage/runDirectory.ts"
import type { ObjectStore } from "../../../storage/store/ObjectStore.ts"
import { tryWriteReportPage } from "../../../views/report/tryWriteReportPage.ts"
import { FlagRefused } from "../../FlagRefused.ts"
import { openQueueIfGiven, pullIfStored } from "../../queueFlag.ts"
import { type Options, overridesOf } from "./options.ts"

type Parts = Pick<Target, "experiment" | "file" | "overrides">

/** Begins a fork that workers train. With a store, its parent is copied from there first, as it is there now. */
const forkInQueue = Effect.fnUntraced(function* (
  parts: Parts,
  from: string,
  store: ObjectStore | undefined,
  options: Options,
) {
  const { dataDir, runsDir } = options
  const { beginFork } = yield* Effect.promise(() => import("../../../operations/queue/beginFork.ts"))
  const { queuedTarget } = yield* Effect.promise(() => import("../../../operations/resume/queuedTarget.ts"))
  yield* pullIfStored(options.store, runsDir, from)
  const parent = yield* findRun(runsDir, from)
  return queuedTarget(yield* beginFork(parent, { ...parts, runsDir, dataDir }, store))
})

/** Lets a worker of a queue train it. The run has its id before a worker creates it. */
const runInQueue = Effect.fnUntraced(
  function* (parts: Parts, options: Options) {
    const opened = yield* openQueueIfGiven(options)
    if (opened === undefined) return
    const { experiment } = parts
    const { trainQueued } = yield* Effect.promise(() => import("./queued.ts"))
    if (Option.isSome(options.from)) {
      const fork = yield* forkInQueue(parts, options.from.value, opened.store, options)
      return yield* trainQueued(opened.queue, fork, options.engine, options)
    }
    const ownFingerprint = fingerprint(experiment)
    const run = yield* reserveRunId(options.runsDir, experiment.name, ownFingerprint)
    const target = { ...parts, fingerprint: ownFingerprint, pauseAt: undefined, run }
    yield* trainQueued(opened.queue, target, options.engine, options)
  },
  flow(Effect.scoped, Effect.provide(StopSignal.layer)),
)

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
  const { engineFor } = yield* Effect.promise(() => import("../../../pipeline/engineChoice/engineFor.ts"))
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
      engineFor(experiment, options.engine, { threads: Option.getOrUndefined(options.threads) }),
      StopSignal.layer,
    ]),
  )
  // The page takes a third of a second, and nobody needs to wait for it to read the result.
  const { printReport } = yield* Effect.promise(() => import("../../render/printReport.ts"))
  yield* printReport(report, folder, options.json)
  yield* tryWriteReportPage(folder)
})
