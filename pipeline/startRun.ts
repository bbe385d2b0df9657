/** Starts a new run: (experiment) -> its directory, then its report from the current engine. */
import { Effect, Path } from "effect"
import { Engine } from "../engines/Engine.ts"
import { describeChoice } from "../format/describeChoice.ts"
import { engineChoiceOf } from "../schemas/EngineInfo.ts"
import { announce } from "./announce.ts"
import type { PausePoint } from "./CurrentRun.ts"
import { ChosenEngine } from "./engineChoice/engineFor.ts"
import { execute } from "./execute.ts"
import { createNewRun, type NewRun } from "./newRun.ts"
import { resumeHint } from "./resumeHint.ts"

export interface StartedRun<E, R> extends NewRun<E, R> {
  /** The command that resumes the run after an interruption, without `pnpm pipeline`. */
  readonly resumeWith: (path: string) => ReadonlyArray<string>
  readonly pauseAt?: PausePoint
}

export const startRun = Effect.fn("startRun")(function* <E, R>(options: StartedRun<E, R>) {
  const { experiment, fingerprint, pauseAt, runsDir } = options
  const paths = yield* Path.Path
  const { info } = yield* Engine
  const chosen = yield* ChosenEngine
  // An engine that was chosen is not taken if it does not work, or if a GPU is faster.
  const engineChoice = chosen?.engine === engineChoiceOf(info) ? chosen : undefined
  const run = yield* createNewRun(options, info, engineChoice)
  yield* Effect.logInfo(announce("Training", experiment, info))
  if (engineChoice !== undefined) yield* Effect.logInfo(`engine ${describeChoice(engineChoice)}`)
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
