/** Creates the directory of a new run: (experiment, engine) -> the run, which no attempt has begun yet. */
import { Effect, Path } from "effect"
import type { EngineChoice } from "../schemas/EngineChoice.ts"
import type { EngineInfo } from "../schemas/EngineInfo.ts"
import type { Experiment } from "../schemas/experiment/Experiment.ts"
import { formatVersion, notAFile, type Overrides, type Parent } from "../schemas/Run.ts"
import { createRun } from "../storage/runDirectory.ts"

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
  /** The id that was reserved for it. */
  readonly id?: string
}

export const createNewRun = Effect.fn("createNewRun")(function* <E, R>(
  options: NewRun<E, R>,
  engine: EngineInfo,
  engineChoice?: EngineChoice,
) {
  const { experiment, file, fingerprint, id, overrides, parent, prepare, runsDir } = options
  const paths = yield* Path.Path
  return yield* createRun({
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
      engine,
      ...(engineChoice === undefined ? {} : { engineChoice }),
    }),
  })
})
