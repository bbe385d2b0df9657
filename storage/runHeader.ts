/**
 * The header of a run: (run directory) -> what a listing or a comparison needs, or why it cannot be read.
 *
 * It requires less than `readRun`: the experiment stays JSON, so that runs of an older or newer format can be listed, compared
 * and removed too. Reading a thousand headers takes a fifth of a second.
 */
import { Effect, Path, Schema } from "effect"
import { schemaProblem } from "../format/schemaProblem.ts"
import { AttemptOutcome, Parent, ProcessIdentity, type RunStatus } from "../schemas/Run.ts"
import { statusOf } from "./attempts.ts"
import { listRunNames } from "./runNames.ts"
import { byOrder } from "./runOrder.ts"
import { existsNow, listNow, readStringNow } from "./filesNow.ts"
import { layout, type Run, RunDamaged } from "./runDirectory.ts"

type JsonObject = { readonly [key: string]: Schema.Json }

/** Came out of a JSON parser, so its content is JSON. */
const JsonObject = Schema.declare(
  (value): value is JsonObject => typeof value === "object" && value !== null && !Array.isArray(value),
  { expected: "an object" },
)

const Identity = Schema.Struct({
  formatVersion: Schema.optionalKey(Schema.Int),
  createdAt: Schema.optionalKey(Schema.String),
  orderedAt: Schema.optionalKey(Schema.String),
  experiment: JsonObject,
  parent: Schema.optionalKey(Parent),
  engine: Schema.optionalKey(Schema.Struct({ name: Schema.String })),
})

/** What decides the status and the budget; an attempt of an older format has that much. */
const AttemptGlance = Schema.Struct({
  number: Schema.Int,
  process: ProcessIdentity,
  startedAt: Schema.String,
  outcome: Schema.NullOr(AttemptOutcome),
  iterations: Schema.optionalKey(Schema.NullOr(Schema.Int)),
  resumedFrom: Schema.optionalKey(Schema.NullOr(Schema.Int)),
  engine: Schema.optionalKey(Schema.Struct({ name: Schema.String })),
})
export type AttemptGlance = typeof AttemptGlance.Type

export interface RunHeader {
  readonly path: string
  readonly id: string
  readonly createdAt: string
  /** The time that `byOrder` takes instead of that in the name; undefined for most runs. */
  readonly orderedAt: string | undefined
  /** 0 if run.json has no format version. */
  readonly formatVersion: number
  /** As stored, with the budget its last attempt was extended to. */
  readonly experiment: JsonObject
  readonly name: string
  readonly parent: Parent | null
  readonly engine: string
  readonly attempts: ReadonlyArray<AttemptGlance>
  readonly status: RunStatus
}

const decodeIdentity = Schema.decodeUnknownEffect(Schema.fromJsonString(Identity))
const decodeAttempt = Schema.decodeUnknownEffect(Schema.fromJsonString(AttemptGlance))

const withBudget = (experiment: JsonObject, attempts: ReadonlyArray<AttemptGlance>): JsonObject => {
  const extended = attempts.findLast((attempt) => typeof attempt.iterations === "number")?.iterations
  return typeof extended === "number" ? { ...experiment, budget: { iterations: extended } } : experiment
}

export const readHeader = Effect.fnUntraced(function* (path: string) {
  const paths = yield* Path.Path
  const damaged = (problem: string) => new RunDamaged({ path, problem })
  const text = yield* readStringNow(paths.join(path, layout.identity)).pipe(
    Effect.mapError((error) => damaged(error.message)),
  )
  if (text === undefined) return yield* damaged("it has no run.json")
  const identity = yield* decodeIdentity(text).pipe(
    Effect.mapError((error) => damaged(schemaProblem(layout.identity, error))),
  )
  const id = paths.basename(path)
  const attempts = yield* readAttemptGlances(path)
  return {
    path,
    id,
    createdAt: identity.createdAt ?? id,
    orderedAt: identity.orderedAt,
    formatVersion: identity.formatVersion ?? 0,
    experiment: withBudget(identity.experiment, attempts),
    name: typeof identity.experiment.name === "string" ? identity.experiment.name : "?",
    parent: identity.parent ?? null,
    engine: attempts.at(-1)?.engine?.name ?? identity.engine?.name ?? "?",
    attempts,
    status: yield* statusOf(paths.join(path, layout.attempts), attempts),
  } satisfies RunHeader as RunHeader
})

/** Every readable attempt of a run, in order, even if run.json is damaged. */
export const readAttemptGlances = Effect.fnUntraced(function* (path: string) {
  const paths = yield* Path.Path
  const folder = paths.join(path, layout.attempts)
  const attempts: Array<AttemptGlance> = []
  // Most runs have one attempt: asking for the second is a third of listing the folder.
  const [first, second] = ["0001.json", "0002.json"]
  const single =
    !(yield* existsNow(paths.join(folder, second))) && (yield* existsNow(paths.join(folder, first)))
  const names = single ? [first] : yield* listNow(folder).pipe(Effect.orElseSucceed(() => []))
  for (const name of names.filter((name) => /^\d{4,}\.json$/.test(name))) {
    const text = yield* readStringNow(paths.join(folder, name)).pipe(Effect.option)
    if (text._tag === "None" || text.value === undefined) continue
    const attempt = yield* decodeAttempt(text.value).pipe(Effect.option)
    if (attempt._tag === "Some") attempts.push(attempt.value)
  }
  return attempts
})

/** The header of a run that has been read in full. */
export const headerOf = ({ attempts, identity, path, status }: Run): RunHeader => ({
  path,
  id: identity.id,
  createdAt: identity.createdAt,
  orderedAt: identity.orderedAt,
  formatVersion: identity.formatVersion,
  experiment: withBudget(identity.experiment, attempts),
  name: identity.experiment.name,
  parent: identity.parent ?? null,
  engine: (attempts.at(-1)?.engine ?? identity.engine).name,
  attempts,
  status,
})

/** Headers of the runs at `found`, in that order, and those that cannot be read. */
export const readHeaders = Effect.fn("readHeaders")(function* (found: ReadonlyArray<string>) {
  const runs: Array<RunHeader> = []
  const damaged: Array<RunDamaged> = []
  for (const path of found) {
    yield* readHeader(path).pipe(
      Effect.match({
        onSuccess: (run) => void runs.push(run),
        onFailure: (error) => void damaged.push(error),
      }),
    )
  }
  return { runs, damaged }
})

/** All runs of a folder, oldest first. */
export const listHeaders = Effect.fn("listHeaders")(function* (runsDir: string) {
  const paths = yield* Path.Path
  const names = yield* listRunNames(runsDir)
  const { damaged, runs } = yield* readHeaders(names.map((name) => paths.join(runsDir, name)))
  return { damaged, runs: runs.toSorted(byOrder) }
})
