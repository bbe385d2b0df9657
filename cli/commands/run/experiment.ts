/** Trains one experiment in a new run: (options) -> its report on standard output. */
import { Effect, Option } from "effect"
import { runArgument } from "../../../format/runArgument.ts"
import { experimentOf, type LoadedFile } from "../../../pipeline/experimentFile/load.ts"
import { StopSignal } from "../../../pipeline/StopSignal.ts"
import { prepareFork } from "../../../pipeline/lineage/fork.ts"
import { fingerprint } from "../../../schemas/experiment/fingerprint.ts"
import { findRun } from "../../../storage/runDirectory.ts"
import { tryWriteReportPage } from "../../../views/report/tryWriteReportPage.ts"
import { FlagRefused } from "../../FlagRefused.ts"
import { type Options, overridesOf } from "./options.ts"

export const runExperiment = Effect.fn("runExperiment")(function* (loaded: LoadedFile, options: Options) {
  for (const flag of ["member", "jobs", "queue"] as const) {
    if (options[flag]._tag === "Some") {
      const reason = `${options.file} is an experiment, not an ensemble`
      return yield* new FlagRefused({ flag: `--${flag}`, reason })
    }
  }
  const overrides = overridesOf(options)
  const { experiment, path, written } = yield* experimentOf(loaded, overrides)
  const fork = Option.isNone(options.from)
    ? { fingerprint: fingerprint(experiment), prepare: () => Effect.void }
    : yield* prepareFork(yield* findRun(options.runsDir, options.from.value), experiment)

  // Engines and stages take most of the start-up time: they are loaded once the experiment is valid.
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
