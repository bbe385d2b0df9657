/**
 * The directory of a run, readable with `ls` and `cat`:
 *
 *   run.json        the identity of the run: decoded experiment, fingerprint, overrides, engine (written once)
 *   code/           a copy of the experiment's own code, if it has any
 *   attempts/       one file for each attempt: process, versions, outcome; also the lock
 *   stages/         one record for each finished stage
 *   checkpoints/    iteration-00001000.safetensors …
 *   metrics/        0001.ndjson, rows of the attempt that trains; metrics.ndjson when training has ended
 *   log/            0001.ndjson …, the log of each attempt
 *   metrics.ndjson, predictions.safetensors, report.json, report.html
 *   events.out.tfevents.1795312800.tidemark.0001, TensorBoard's (`tensorboard/eventLog.ts`)
 *
 * A run directory appears whole: it is created under a temporary name and renamed when run.json is in it.
 */
import { randomInt } from "node:crypto"
import { hostname } from "node:os"
import { matchesGlob, sep } from "node:path"
import { DateTime, Effect, Path, Schema } from "effect"
import { schemaProblem } from "../format/schemaProblem.ts"
import type { EngineInfo } from "../schemas/EngineInfo.ts"
import type { Experiment } from "../schemas/experiment/Experiment.ts"
import { Failure } from "../schemas/Failure.ts"
import { fingerprint } from "../schemas/experiment/fingerprint.ts"
import { type Attempt, RunIdentity, type RunStatus } from "../schemas/Run.ts"
import { readAttempts, statusOf } from "./attempts.ts"
import { resolveChampion } from "./champions.ts"
import { readCode, writeCode } from "./codeFiles.ts"
import * as files from "./files.ts"
import { isFileNow } from "./filesNow.ts"
import { identityFile, listRunNames, newestRun, nextOrder, reservationOf, runName } from "./runNames.ts"
import { alternatives } from "../format/alternatives.ts"
import { program } from "../format/program.ts"
import { suggest } from "../format/suggest.ts"

/** The names of files and folders in a run directory. */
export const layout = {
  identity: identityFile,
  attempts: "attempts",
  stages: "stages",
  checkpoints: "checkpoints",
  /** Of a run that is not training; while it trains, its newest attempt's in `attemptMetrics`. */
  metrics: "metrics.ndjson",
  attemptMetrics: "metrics",
  /** One file an attempt. */
  log: "log",
  /** The log of all attempts, of older versions. */
  sharedLog: "log.ndjson",
  predictions: "predictions.safetensors",
  report: "report.json",
  page: "report.html",
} as const

/** A run as it is on disk. */
export interface Run {
  readonly path: string
  readonly identity: RunIdentity
  readonly attempts: ReadonlyArray<Attempt>
  readonly status: RunStatus
  /** Of its experiment with each budget that it had: what its checkpoints may have been trained for. */
  readonly fingerprints: ReadonlySet<string>
}

/** The engine of the newest attempt: a resumed run may have another one than it began with. */
export const engineOf = ({ attempts, identity }: Pick<Run, "attempts" | "identity">): EngineInfo =>
  (attempts.at(-1) ?? identity).engine

/** The experiment as stored, with the budget its last attempt was extended to. */
export const effectiveExperiment = ({ attempts, identity }: Run): Experiment => {
  const extended = attempts.findLast((attempt) => attempt.iterations !== null)?.iterations
  return typeof extended === "number"
    ? { ...identity.experiment, budget: { iterations: extended } }
    : identity.experiment
}

/** Of several runs that a name could mean, a message has the newest. */
const mostCandidates = 4

export class RunNotFound extends Failure<RunNotFound>()("RunNotFound", {
  exitCode: "noInput",
  fields: {
    run: Schema.String,
    runsDir: Schema.String,
    candidates: Schema.Array(Schema.String),
    /** Of the newest candidates. */
    states: Schema.optionalKey(Schema.Array(Schema.String)),
    /** What resembles the name, if nothing has it. */
    meant: Schema.optionalKey(Schema.Array(Schema.String)),
  },
  message: ({ candidates, meant = [], run, runsDir, states = [] }) => {
    if (candidates.length > 1) {
      const newest = candidates.slice(-mostCandidates)
      const shown = newest
        .map((name, i) => (states[i] === undefined ? name : `${name} (${states[i]})`))
        .toReversed()
      const more = candidates.length - shown.length
      const others = more === 0 ? "" : `, or ${more} older ${more === 1 ? "one" : "ones"}`
      return `run ${run} could be ${shown.join(" or ")}${others}; give more of its name`
    }
    // There is a newest run if there is any.
    if (run === "latest") {
      return `no runs in ${runsDir}; start one with \`${program} run experiments/cnn-fast.ts\``
    }
    const advice =
      meant.length > 0 ? `did you mean ${alternatives(meant)}?` : `\`${program} list\` shows what is there`
    return `no run ${run === "" ? "of an empty name" : run} in ${runsDir}; ${advice}`
  },
}) {}

/** run.json is missing, torn, of another format, or not ours. */
export class RunDamaged extends Failure<RunDamaged>()("RunDamaged", {
  exitCode: "dataError",
  fields: { path: Schema.String, problem: Schema.String },
  message: ({ path, problem }) =>
    `${path} is not a run this version can read: ${problem}; the other files in it are untouched`,
}) {}

const decodeIdentity = Schema.decodeUnknownEffect(Schema.fromJsonString(RunIdentity), { errors: "all" })
const encodeIdentity = Schema.encodeUnknownSync(RunIdentity)

/** The name of a run in creation. It has the process and the machine, so that leftovers of a crash are recognized. */
const unfinishedName = (id: string) =>
  `.${id}@${hostname()}.${process.pid}-${randomInt(2 ** 47)}${files.temporarySuffix}`

/** The id that the run was to have belongs to another one by now. */
export class RunIdTaken extends Failure<RunIdTaken>()("RunIdTaken", {
  exitCode: "temporary",
  fields: { path: Schema.String },
  message: ({ path }) => `cannot create ${path}: another process has just created it; resume it`,
}) {}

/** Creates the folder of a new run. If two runs start in the same second, the later one gets a number. */
export const createRun = Effect.fn("createRun")(function* <E, R>(options: {
  readonly runsDir: string
  readonly describe: (id: string, createdAt: string) => RunIdentity
  readonly name: string
  readonly fingerprint: string
  /** The id that was reserved for it (`reserveRunId.ts`); without one, it gets the next that is free. */
  readonly id?: string
  /** Puts what the run starts with into its folder, before the folder has its name. */
  readonly prepare: (folder: string) => Effect.Effect<void, E, R>
}) {
  const { describe, name, prepare, runsDir } = options
  const paths = yield* Path.Path
  yield* files.makeFolder(runsDir)
  const now = yield* DateTime.now
  const createdAt = DateTime.formatIso(now)
  const order = yield* nextOrder(runsDir, now.epochMilliseconds)
  for (let number = 1; ; number++) {
    const id = options.id ?? runName(createdAt, name, options.fingerprint, number)
    const path = paths.join(runsDir, id)
    if (yield* files.exists(path)) {
      if (options.id === undefined) continue
      return yield* new RunIdTaken({ path })
    }
    const isReserved = yield* files.exists(paths.join(runsDir, reservationOf(id)))
    if (isReserved && options.id === undefined) continue
    const identity = { ...describe(id, createdAt), ...order }
    const temporary = paths.join(runsDir, unfinishedName(id))
    const published = yield* Effect.gen(function* () {
      for (const folder of [layout.attempts, layout.stages, layout.checkpoints]) {
        yield* files.makeFolder(paths.join(temporary, folder))
      }
      yield* prepare(temporary)
      yield* writeCode(temporary, identity.experiment.code)
      yield* files.writeAtomic(
        paths.join(temporary, layout.identity),
        `${JSON.stringify(encodeIdentity(identity), null, 2)}\n`,
      )
      return yield* files.publishFolder(temporary, path)
    }).pipe(Effect.onError(() => Effect.ignore(files.remove(temporary))))
    if (published) {
      if (options.id !== undefined) yield* files.remove(paths.join(runsDir, reservationOf(id)))
      return { path, identity }
    }
    yield* files.remove(temporary)
  }
})

/**
 * The fingerprint of the experiment in run.json, as it stands there: defaults that a newer version fills in are not part of what
 * was trained. Weights trained for one experiment must not be read as those of another.
 */
const storedFingerprint = (text: string, { parent }: RunIdentity, extended = {}) =>
  fingerprint({ ...JSON.parse(text).experiment, ...extended }, parent)

export const readRun = Effect.fn("readRun")(function* (path: string) {
  const paths = yield* Path.Path
  const text = yield* files.readStringIfExists(paths.join(path, layout.identity))
  if (text === undefined) return yield* new RunDamaged({ path, problem: "it has no run.json" })
  const identity = yield* decodeIdentity(text).pipe(
    Effect.mapError((error) => new RunDamaged({ path, problem: schemaProblem(layout.identity, error) })),
  )
  const found = storedFingerprint(text, identity)
  if (found !== identity.fingerprint) {
    const problem = `run.json: the experiment has the fingerprint ${found.slice(0, 8)}, expected ${identity.fingerprint.slice(0, 8)}; it was edited after the run was made: restore it, or train a new run`
    return yield* new RunDamaged({ path, problem })
  }
  yield* readCode(path, identity.experiment.code)
  const folder = paths.join(path, layout.attempts)
  const attempts = yield* readAttempts(folder)
  const budgets = attempts.flatMap(({ iterations }) =>
    iterations === null ? [] : [{ budget: { iterations } }],
  )
  const fingerprints = new Set(
    [{}, ...budgets].map((extended) => storedFingerprint(text, identity, extended)),
  )
  return { path, identity, attempts, status: yield* statusOf(folder, attempts), fingerprints } satisfies Run
})

/** What a message says of a run to tell it from others. */
const stateOf = (path: string) =>
  readRun(path).pipe(
    Effect.map(({ status }) => status),
    Effect.orElseSucceed(() => "damaged"),
  )

/** The experiment's fingerprint at the end of a name; a run that is one of several in a second has its number there, too. */
const printOf = (name: string) => /[0-9a-f]{8}(-\d+)?$/.exec(name)?.[0] ?? ""

/** The name of the experiment in the name of a run. */
const experimentOf = (name: string) => name.replace(/^[^-]*-/, "").replace(/-[0-9a-f]{8}(-\d+)?$/, "")

/** Names that a word stands for: an id, the beginning of one, of what follows its time or of its last digits, or a glob. */
export const matchRuns = (names: ReadonlyArray<string>, run: string): ReadonlyArray<string> => {
  // Every name begins with nothing.
  if (run === "") return []
  if (/[*?[{]/.test(run)) return names.filter((name) => matchesGlob(name, run))
  if (names.includes(run)) return [run]
  const begun = names.filter(
    (name) => name.startsWith(run) || name.slice(name.indexOf("-") + 1).startsWith(run),
  )
  return begun.length > 0 ? begun : names.filter((name) => printOf(name).startsWith(run))
}

const isPath = (run: string) => run.includes("/") || run.includes(sep) || run === "." || run === ".."

/** The folders of runs, each given by id, unique prefix, path, glob, `latest` or `champion:NAME`; each once, in the order given. */
export const locateRuns = Effect.fn("locateRuns")(function* (runsDir: string, runs: ReadonlyArray<string>) {
  const paths = yield* Path.Path
  const names = yield* listRunNames(runsDir)
  const found = new Set<string>()
  for (const asked of runs) {
    const run = yield* resolveChampion(runsDir, asked)
    if (isPath(run)) {
      const path = paths.resolve(run)
      if (!(yield* files.exists(path)) || (yield* isFileNow(path))) {
        return yield* new RunNotFound({ run, runsDir: paths.dirname(path), candidates: [] })
      }
      found.add(path)
      continue
    }
    const newest = run === "latest" ? yield* newestRun(runsDir, names) : undefined
    const candidates = newest === undefined ? matchRuns(names, run) : [newest.id]
    const several = /[*?[{]/.test(run)
    if (candidates.length === 0 || (candidates.length > 1 && !several)) {
      const states = yield* Effect.forEach(candidates.slice(-mostCandidates), (name) =>
        stateOf(paths.join(runsDir, name)),
      )
      const known = names.length === 0 ? [] : ["latest", ...new Set(names.map(experimentOf)), ...names]
      const meant = suggest(run, known).slice(0, 3)
      return yield* new RunNotFound({ run, runsDir, candidates, states, meant })
    }
    for (const name of candidates) found.add(paths.resolve(runsDir, name))
  }
  return [...found]
})

/** Finds one run, given in any of those ways. */
export const findRun = Effect.fn("findRun")(function* (runsDir: string, run: string) {
  const paths = yield* Path.Path
  const located = yield* locateRuns(runsDir, [run])
  if (located.length === 1)
    return yield* readRun(isPath(run) ? located[0] : paths.join(runsDir, paths.basename(located[0])))
  return yield* new RunNotFound({ run, runsDir, candidates: located.map((path) => paths.basename(path)) })
})
