/** Starts a new run: (experiment) -> its directory, then its report from the current engine. */
import { Effect, Path } from "effect"
import { Engine } from "../engines/Engine.ts"
import type { Experiment } from "../schemas/experiment/Experiment.ts"
import { formatVersion, notAFile, type Overrides, type Parent } from "../schemas/Run.ts"
import { createRun } from "../storage/runDirectory.ts"
import { announce } from "./announce.ts"
import type { PausePoint } from "./CurrentRun.ts"
import { execute } from "./execute.ts"
import { resumeHint } from "./resumeHint.ts"

export interface NewRun<E, R> {
  readonly experiment: Experiment
  /** The fingerprint of the experiment and, for a fork, of its parent. */
  readonly fingerprint: string
  readonly parent?: Parent
  /** The experiment file, and the fingerprint of its experiment without the overrides. */
  readonly file: { readonly path: string; readonly fingerprint: string }
  readonly overrides: Overrides
  readonly runsDir: string
  readonly dataDir: string
  /** Writes what a fork starts from into the folder of the run. */
  readonly prepare: (folder: string) => Effect.Effect<void, E, R>
  /** The command that resumes the run after an interruption, without `pnpm pipeline`. */
  readonly resumeWith: (path: string) => ReadonlyArray<string>
  readonly pauseAt?: PausePoint
  /** The id that was reserved for it. */
  readonly id?: string
}

export const startRun = Effect.fn("startRun")(function* <E, R>(options: NewRun<E, R>) {
  const { experiment, file, fingerprint, id, overrides, parent, pauseAt, prepare, runsDir } = options
  const paths = yield* Path.Path
  const { info } = yield* Engine
  const run = yield* createRun({
    runsDir,
    name: experiment.name,
    fingerprint,
    ...(id === undefined ? {} : { id }),
    prepare,
    describe: (id, createdAt) => ({
      formatVersion,
      id,
      createdAt,
      experiment,
      experimentFile: {
        ...file,
        path: file.path === notAFile ? notAFile : paths.relative(process.cwd(), file.path),
      },
      overrides,
      fingerprint,
      ...(parent === undefined ? {} : { parent }),
      dataDir: paths.resolve(options.dataDir),
      engine: info,
    }),
  })
  yield* Effect.logInfo(announce("Training", experiment, info))
  yield* Effect.logInfo(`run ${paths.join(runsDir, run.identity.id)}`)
  const report = yield* execute({
    run,
    experiment,
    fingerprint,
    extendedTo: null,
    ...(pauseAt === undefined ? {} : { pauseAt }),
  }).pipe(resumeHint(...options.resumeWith(run.path)))
  return { report, path: run.path }
})
