/**
 * Attempts at a run: `attempts/0001.json`, `0002.json` … each written by one process. They are also the lock of the run.
 *
 * The run belongs to the process of the highest attempt while that process lives and has written no outcome. A new attempt
 * creates the next number exclusively, so of two processes that find a run abandoned only one gets it. Attempt files are never
 * deleted, so two take-overs cannot collide.
 *
 * The number is also the fence. A process that seemed dead and wakes up (a suspended machine, a paused container) finds a
 * higher number before its next checkpoint, record or outcome, and ends. What it wrote before that is harmless: it appends only
 * to files of its own attempt, and the files that it replaces have the same bytes from any process.
 */
import { Context, DateTime, Effect, FileSystem, Path, Schema } from "effect"
import { runArgument } from "../format/runArgument.ts"
import { Failure } from "../schemas/Failure.ts"
import { Attempt, type AttemptOutcome, ProcessIdentity, type RunStatus } from "../schemas/Run.ts"
import * as files from "./files.ts"
import { createExclusive } from "./createExclusive.ts"
import { removeTemporaries } from "./temporaries.ts"
import { keepBeating, removeOlderHeartbeats } from "./lock/heartbeat.ts"
import { isAlive, seemsAlive } from "./lock/owner.ts"
import { type StorageFailed } from "./StorageFailed.ts"
import { currentProcess, processState } from "./lock/processIdentity.ts"
import { program } from "../format/program.ts"

/** Another process is working on the run. */
export class RunLocked extends Failure<RunLocked>()("RunLocked", {
  exitCode: "temporary",
  fields: { path: Schema.String, process: ProcessIdentity, since: Schema.String },
  message: ({ path, process, since }) => {
    const { host, pid } = process
    const who = `${path} is in use: process ${pid} on ${host}`
    return processState(process) === "unknown"
      ? `${who} (another machine or container) has worked on it since ${since}; wait for it: once it is gone, this command notices within half a minute`
      : `${who} has worked on it since ${since}; wait for it, or stop it with \`kill ${pid}\``
  },
}) {}

/** Another process has taken the run from this one, which was silent for too long (its machine slept, or was cut off). */
export class AttemptSuperseded extends Failure<AttemptSuperseded>()("AttemptSuperseded", {
  exitCode: "temporary",
  fields: {
    path: Schema.String,
    attempt: Schema.Int,
    /** Null if its record is not whole yet. */
    by: Schema.NullOr(ProcessIdentity),
  },
  message: ({ attempt, by, path }) =>
    `attempt ${attempt} at ${path} stopped: ${by === null ? "another process" : `process ${by.pid} on ${by.host}`} took the run over while this one gave no sign of life; nothing is lost, follow it with \`${program} watch ${runArgument(path)}\``,
}) {}

/** The attempt cannot begin: another machine took the run, or nobody can look whether one did. */
export class AttemptRefused extends Failure<AttemptRefused>()("AttemptRefused", {
  exitCode: "temporary",
  fields: { path: Schema.String, attempt: Schema.Int, reason: Schema.String },
  message: ({ attempt, path, reason }) =>
    `attempt ${attempt} at ${path} did not begin: ${reason}; nothing is lost, a worker tries again later`,
}) {}

/**
 * Claims the number of an attempt where machines look that do not share the folder: (run directory, number, its record). It begins
 * only if that succeeds. Without such machines there is nothing to claim.
 */
export const ClaimAttempt = Context.Reference<
  (path: string, attempt: number, record: string) => Effect.Effect<void, AttemptRefused>
>("tidemark/storage/ClaimAttempt", { defaultValue: () => () => Effect.void })

/** The name of a file of an attempt: (2, "json") -> 0002.json. */
export const attemptName = (number: number, extension: string) =>
  `${String(number).padStart(4, "0")}.${extension}`

/** The name of an attempt's record. */
export const attemptFile = (number: number) => attemptName(number, "json")

const decodeAttempt = Schema.decodeUnknownEffect(Schema.fromJsonString(Attempt))
const encodeAttempt = Schema.encodeSync(Attempt)
const render = (attempt: Attempt) => `${JSON.stringify(encodeAttempt(attempt), null, 2)}\n`

/** Every readable attempt, in order. */
export const readAttempts = Effect.fn("readAttempts")(function* (folder: string) {
  const paths = yield* Path.Path
  const attempts: Array<Attempt> = []
  for (const name of yield* files.list(folder)) {
    if (!/^\d{4,}\.json$/.test(name)) continue
    const text = yield* files.readStringIfExists(paths.join(folder, name))
    if (text === undefined) continue
    // Attempts are written whole: one that cannot be read was damaged from outside, and holds nothing.
    const attempt = yield* decodeAttempt(text).pipe(Effect.option)
    if (attempt._tag === "Some") attempts.push(attempt.value)
  }
  return attempts.sort((a, b) => a.number - b.number)
})

/** Of attempts and of names that are being taken, or were when a process died. */
const highestNumber = (names: ReadonlyArray<string>) =>
  names.reduce(
    (highest, name) => Math.max(highest, Number(/^(\d{4,})\.json(\.reserved)?$/.exec(name)?.[1] ?? 0)),
    0,
  )

/**
 * What the last attempt in the folder says; a process that is gone without an outcome was interrupted. For showing: of a
 * process that cannot be seen from here it is a guess (`lock/owner.ts`).
 */
export const statusOf = Effect.fnUntraced(function* (
  folder: string,
  attempts: ReadonlyArray<Pick<Attempt, "number" | "outcome" | "process">>,
) {
  const paths = yield* Path.Path
  const last = attempts.at(-1)
  if (last === undefined) return "interrupted" as RunStatus
  if (last.outcome !== null) return last.outcome.status
  // One whose signs of life cannot be read is left alone.
  const alive = yield* seemsAlive(paths.join(folder, attemptFile(last.number)), last.process).pipe(
    Effect.orElseSucceed(() => true),
  )
  return alive ? "running" : "interrupted"
})

/** The attempt whose process holds the run, undefined if none does. Watches a process that cannot be seen from here. */
export const holderOf = Effect.fn("holderOf")(function* (runPath: string, folder: string) {
  const paths = yield* Path.Path
  const last = (yield* readAttempts(folder)).at(-1)
  if (last === undefined || last.outcome !== null) return undefined
  const alive = yield* isAlive(
    paths.basename(runPath),
    paths.join(folder, attemptFile(last.number)),
    last.process,
  )
  return alive ? last : undefined
})

/** An attempt of this process: the right to write to the run. */
export interface OwnAttempt {
  readonly number: number
  /** Fails if another process has taken over the run. Runs before any file is replaced. */
  readonly checkOwned: Effect.Effect<void, AttemptSuperseded | StorageFailed>
  /** Records the iteration from which training resumed. */
  readonly resumedFrom: (iteration: number) => Effect.Effect<void, StorageFailed>
  /** Records the outcome and releases the run. */
  readonly end: (outcome: Omit<AttemptOutcome, "endedAt">) => Effect.Effect<void, StorageFailed>
}

/** Takes the run for this process, or says who has it. The heartbeat stops with the scope. */
export const beginAttempt = Effect.fn("beginAttempt")(function* (
  runPath: string,
  folder: string,
  describe: Pick<
    Attempt,
    "engine" | "node" | "tidemark" | "machine" | "gitCommit" | "gitProblem" | "iterations"
  >,
) {
  const fs = yield* FileSystem.FileSystem
  const paths = yield* Path.Path
  yield* files.makeInnerFolder(folder)

  while (true) {
    const number = highestNumber(yield* files.list(folder)) + 1
    const last = yield* holderOf(runPath, folder)
    if (last !== undefined) {
      return yield* new RunLocked({ path: runPath, process: last.process, since: last.startedAt })
    }
    const path = paths.join(folder, attemptFile(number))
    let attempt: Attempt = {
      number,
      process: currentProcess(),
      startedAt: DateTime.formatIso(yield* DateTime.now),
      ...describe,
      resumedFrom: null,
      outcome: null,
    }
    yield* (yield* ClaimAttempt)(runPath, number, render(attempt))
    // Not created: another process was faster; look again at who it is.
    if (!(yield* createExclusive(path, render(attempt)))) continue
    // Created between another process's look and ours, which then saw a name that was only reserved: the higher one counts.
    if (highestNumber(yield* files.list(folder)) > number) continue
    yield* keepBeating(path)
    yield* removeOlderHeartbeats(path)
    yield* removeTemporaries(folder)

    const onDisk = <A, E>(effect: Effect.Effect<A, E, FileSystem.FileSystem | Path.Path>) =>
      effect.pipe(Effect.provideService(FileSystem.FileSystem, fs), Effect.provideService(Path.Path, paths))
    const checkOwned = onDisk(
      Effect.gen(function* () {
        if (highestNumber(yield* files.list(folder)) === number) return
        const by = (yield* readAttempts(folder)).findLast((other) => other.number > number)
        return yield* new AttemptSuperseded({ path: runPath, attempt: number, by: by?.process ?? null })
      }),
    )
    const update = (change: Partial<Attempt>) =>
      Effect.suspend(() => {
        attempt = { ...attempt, ...change }
        return onDisk(files.writeAtomic(path, render(attempt)))
      })
    return {
      number,
      checkOwned,
      resumedFrom: (iteration) => update({ resumedFrom: iteration }),
      end: (outcome) =>
        Effect.flatMap(DateTime.now, (now) =>
          update({ outcome: { ...outcome, endedAt: DateTime.formatIso(now) } }),
        ),
    } satisfies OwnAttempt as OwnAttempt
  }
})
