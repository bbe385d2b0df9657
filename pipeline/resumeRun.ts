/** Resumes a run from its newest checkpoint: (run, experiment) -> its report from the current engine. */
import { Effect, Path, Schema } from "effect"
import { Engine } from "../engines/Engine.ts"
import { runArgument } from "../format/runArgument.ts"
import type { Experiment } from "../schemas/experiment/Experiment.ts"
import { Failure } from "../schemas/Failure.ts"
import { fingerprint } from "../schemas/experiment/fingerprint.ts"
import { engineOf, type Run } from "../storage/runDirectory.ts"
import { announce } from "./announce.ts"
import { engineChanges } from "./engineChanges.ts"
import { execute } from "./execute.ts"
import { noteChangedCode } from "./noteChangedCode.ts"
import { resumeHint } from "./resumeHint.ts"

/** Another engine, version or code path computes other last bits. */
export class EngineChanged extends Failure<EngineChanged>()("EngineChanged", {
  exitCode: "dataError",
  fields: { changes: Schema.Array(Schema.String) },
  message: ({ changes }) =>
    `cannot resume exactly to the bit: ${changes.join("; ")}; to resume anyway, add --allow-engine-change`,
}) {}

export const resumeRun = Effect.fn("resumeRun")(function* (
  run: Run,
  options: {
    /** The stored experiment, with an extended budget. */
    readonly experiment: Experiment
    /** The new budget, null to keep the stored one. */
    readonly extendedTo: number | null
    readonly allowEngineChange: boolean
  },
) {
  const { allowEngineChange, experiment, extendedTo } = options
  // What no attempt has begun, any engine may begin.
  const changes = run.attempts.length === 0 ? [] : engineChanges(engineOf(run), (yield* Engine).info)
  if (changes.length > 0) {
    if (!allowEngineChange) return yield* new EngineChanged({ changes })
    yield* Effect.logWarning(`from here on, the result is not exact to the bit: ${changes.join("; ")}`)
  }
  const paths = yield* Path.Path
  yield* Effect.logInfo(announce("Resuming", experiment, (yield* Engine).info))
  yield* Effect.logInfo(`run ${paths.relative(process.cwd(), run.path)}`)
  yield* noteChangedCode(run)
  return yield* execute({
    run,
    experiment,
    fingerprint: fingerprint(experiment, run.identity.parent),
    extendedTo,
  }).pipe(resumeHint("resume", runArgument(run.path)))
})
