/**
 * A training as a job for a queue: (experiment, how far) -> QueuedJob, with the texts of its own code. An experiment with a
 * password in the address of its data is refused: a queue holds no secrets.
 */
import { createHash } from "node:crypto"
import { Effect, Path, Schema } from "effect"
import { canonical } from "../../schemas/experiment/fingerprint.ts"
import { Failure } from "../../schemas/Failure.ts"
import type { EngineName } from "../../schemas/EngineInfo.ts"
import type { QueuedJob } from "../../schemas/QueuedJob.ts"
import { notAFile } from "../../schemas/Run.ts"
import { version } from "../../schemas/version.ts"
import { addressOf, sourcesOf } from "../../stages/fetch/address.ts"
import { textOf } from "../../storage/codeTexts.ts"
import type { Target } from "../trainTo.ts"

/** The experiment cannot be handed to another machine. */
export class NotForQueue extends Failure<NotForQueue>()("NotForQueue", {
  exitCode: "dataError",
  fields: { what: Schema.String, problem: Schema.String },
  message: ({ problem, what }) => `cannot queue ${what}: ${problem}`,
}) {}

export interface JobDetails {
  readonly what: string
  readonly engine: EngineName
  /** Runs of the same experiment that are not this job. */
  readonly otherRuns?: ReadonlyArray<string>
}

const codeOf = Effect.fnUntraced(function* ({ experiment }: Target, what: string) {
  const code: Record<string, string> = {}
  for (const [path, digest] of Object.entries(experiment.code?.files ?? {})) {
    const text = textOf(digest)
    if (text === undefined) {
      return yield* new NotForQueue({ what, problem: `the text of its own code ${path} is not known` })
    }
    code[digest] = text
  }
  return code
})

export const makeJob = Effect.fn("makeJob")(function* (target: Target, details: JobDetails) {
  const { experiment, file, fingerprint, overrides, pauseAt = null } = target
  const { engine, otherRuns = [], what } = details
  const paths = yield* Path.Path
  for (const { at, source } of sourcesOf(experiment.dataset)) {
    if (addressOf(source) === source.source) continue
    const problem = `${at} has a password, and a queue holds none; download the file first, and name its path`
    return yield* new NotForQueue({ what, problem })
  }
  const identity = canonical([fingerprint, pauseAt, otherRuns])
  return {
    formatVersion: 1,
    id: createHash("sha256").update(identity).digest("hex").slice(0, 32),
    what,
    experiment,
    fingerprint,
    experimentFile: {
      path: file.path === notAFile ? notAFile : paths.relative(process.cwd(), file.path),
      fingerprint: file.fingerprint,
    },
    overrides,
    pauseAt,
    engine,
    code: yield* codeOf(target, what),
    otherRuns,
    tidemark: version,
  } satisfies QueuedJob as QueuedJob
})
