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
import { isInnerPath } from "../../schemas/RunHead.ts"
import { version } from "../../schemas/version.ts"
import { addressOf, sourcesOf } from "../../stages/fetch/address.ts"
import { codeFolder } from "../../storage/codeFiles.ts"
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
}

const codeOf = Effect.fnUntraced(function* ({ experiment }: Target, what: string) {
  const code: Record<string, string> = {}
  for (const [path, digest] of Object.entries(experiment.code?.files ?? {})) {
    if (!isInnerPath(`${codeFolder}/${path}`)) {
      const problem = `its own code ${path} has a name that not every machine can have; rename it: expected at most 490 characters, no folder or file that begins with ".", and none of \\ : * ? " < > |`
      return yield* new NotForQueue({ what, problem })
    }
    const text = textOf(digest)
    if (text === undefined) {
      return yield* new NotForQueue({ what, problem: `the text of its own code ${path} is not known` })
    }
    code[digest] = text
  }
  return code
})

const jobIdOf = (identity: ReadonlyArray<unknown>): string =>
  createHash("sha256").update(canonical(identity)).digest("hex").slice(0, 32)

/** The id of the job that trains a run: whatever its experiment file says by now, a run is queued once. */
export const jobIdOfRun = (run: string): string => jobIdOf([run])

export const makeJob = Effect.fn("makeJob")(function* (target: Target, details: JobDetails) {
  const { experiment, file, fingerprint, overrides, parent, pauseAt = null, run } = target
  const { engine, what } = details
  const paths = yield* Path.Path
  for (const { at, source } of sourcesOf(experiment.dataset)) {
    if (addressOf(source) === source.source) continue
    const problem = `${at} has a password, and a queue holds none; download the file first, and name its path`
    return yield* new NotForQueue({ what, problem })
  }
  return {
    formatVersion: run === undefined ? 1 : 2,
    id: run === undefined ? jobIdOf([fingerprint, pauseAt, []]) : jobIdOfRun(run),
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
    otherRuns: [],
    ...(run === undefined ? {} : { run }),
    ...(parent === undefined ? {} : { parent }),
    tidemark: version,
  } satisfies QueuedJob as QueuedJob
})
