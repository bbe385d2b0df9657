/** A new run, from the making of its directory to its report: (experiment, engine) -> report and folder. */
import { Effect, Path } from "effect"
import type { EngineInfo } from "../schemas/EngineInfo.ts"
import type { Experiment } from "../schemas/Experiment.ts"
import { formatVersion, type Overrides, type Parent } from "../schemas/Run.ts"
import { createRun } from "../storage/runDirectory.ts"
import { leaveReportPage } from "../views/report/tryWriteReportPage.ts"
import { sayHowToGoOn } from "../cli/resumeHint.ts"
import type { Execute } from "./withEngine.ts"

export interface NewRun<E, R> {
  readonly experiment: Experiment
  /** Of the experiment, and of the run it goes on from where there is one. */
  readonly fingerprint: string
  readonly parent?: Parent
  /** Where the experiment was written, and its fingerprint without the overrides. */
  readonly file: { readonly path: string; readonly fingerprint: string }
  readonly overrides: Overrides
  readonly runsDir: string
  readonly dataDir: string
  /** Puts what the run starts with into its folder. */
  readonly prepare: (folder: string) => Effect.Effect<void, E, R>
  /** The words of the command that goes on with it after an interruption, by its folder. */
  readonly goOnWith: (path: string) => ReadonlyArray<string>
}

export const startRun = Effect.fnUntraced(function* <E, R>(
  execute: Execute,
  engine: EngineInfo,
  options: NewRun<E, R>,
) {
  const { experiment, file, fingerprint, overrides, parent, prepare, runsDir } = options
  const paths = yield* Path.Path
  const created = yield* createRun({
    runsDir,
    name: experiment.name,
    fingerprint,
    prepare,
    describe: (id, createdAt) => ({
      formatVersion,
      id,
      createdAt,
      experiment,
      experimentFile: { ...file, path: paths.relative(process.cwd(), file.path) },
      overrides,
      fingerprint,
      ...(parent === undefined ? {} : { parent }),
      dataDir: paths.resolve(options.dataDir),
      engine,
    }),
  })
  yield* Effect.logInfo(`run ${paths.join(runsDir, created.identity.id)}`)
  const report = yield* execute({ run: created, experiment, fingerprint, extendedTo: null }).pipe(
    sayHowToGoOn(...options.goOnWith(created.path)),
  )
  yield* leaveReportPage(created.path)
  return { report, path: created.path }
})
