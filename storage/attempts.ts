/**
 * Attempts at a run: `attempts/0001.json`, `0002.json` … each written by one process, and the lock of the run.
 *
 * The run belongs to the process of the highest attempt while that process lives and has written no outcome. A new
 * attempt is made by creating the next number exclusively, so of two processes that find a run abandoned one gets it;
 * files are never deleted, so no take-over can meet another.
 */
import { DateTime, Effect, FileSystem, Path, Schema } from "effect"
import { Failure } from "../schemas/Failure.ts"
import { Attempt, type AttemptOutcome, ProcessIdentity, type RunStatus } from "../schemas/Run.ts"
import * as files from "./files.ts"
import { isAlive, keepTouching } from "./heartbeat.ts"
import { type StorageFailed } from "./StorageFailed.ts"
import { currentProcess, processState } from "./processIdentity.ts"

/** Another process is working on the run. */
export class RunLocked extends Failure<RunLocked>()("RunLocked", {
  exitCode: "temporary",
  fields: { path: Schema.String, process: ProcessIdentity, since: Schema.String },
  message: ({ path, process, since }) => {
    const { host, pid } = process
    const who = `${path} is being worked on by process ${pid} on ${host}`
    return processState(process) === "unknown"
      ? `${who}, another machine or container, since ${since}; wait for it: should it be gone, that is known after a minute without a sign of life`
      : `${who} since ${since}; wait for it, or stop it with \`kill ${pid}\``
  },
}) {}

const fileName = (number: number) => `${String(number).padStart(4, "0")}.json`

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

const highestNumber = (names: ReadonlyArray<string>) =>
  names.reduce((highest, name) => Math.max(highest, Number(/^(\d{4,})\.json$/.exec(name)?.[1] ?? 0)), 0)

/** What the last attempt in the folder says; a process that is gone without an outcome was interrupted. */
export const statusOf = Effect.fnUntraced(function* (
  folder: string,
  attempts: ReadonlyArray<Pick<Attempt, "number" | "outcome" | "process">>,
) {
  const paths = yield* Path.Path
  const last = attempts.at(-1)
  if (last === undefined) return "interrupted" as RunStatus
  if (last.outcome !== null) return last.outcome.status
  // One whose signs of life cannot be read is left alone.
  const alive = yield* isAlive(paths.join(folder, fileName(last.number)), last.process).pipe(
    Effect.orElseSucceed(() => true),
  )
  return alive ? "running" : "interrupted"
})

/** An attempt of this process: the right to write to the run. */
export interface OwnAttempt {
  readonly number: number
  /** Records where training went on from. */
  readonly resumedFrom: (iteration: number) => Effect.Effect<void, StorageFailed>
  /** Records how it ended; gives the run up. */
  readonly end: (outcome: Omit<AttemptOutcome, "endedAt">) => Effect.Effect<void, StorageFailed>
}

/** Takes the run for this process, or says who has it. The heartbeat stops with the scope. */
export const beginAttempt = Effect.fn("beginAttempt")(function* (
  runPath: string,
  folder: string,
  describe: Pick<Attempt, "engine" | "node" | "tidemark" | "machine" | "gitCommit" | "iterations">,
) {
  const fs = yield* FileSystem.FileSystem
  const paths = yield* Path.Path
  yield* files.makeFolder(folder)

  while (true) {
    const number = highestNumber(yield* files.list(folder)) + 1
    const last = (yield* readAttempts(folder)).at(-1)
    if (
      last !== undefined &&
      last.outcome === null &&
      (yield* isAlive(paths.join(folder, fileName(last.number)), last.process))
    ) {
      return yield* new RunLocked({ path: runPath, process: last.process, since: last.startedAt })
    }
    const path = paths.join(folder, fileName(number))
    let attempt: Attempt = {
      number,
      process: currentProcess(),
      startedAt: DateTime.formatIso(yield* DateTime.now),
      ...describe,
      resumedFrom: null,
      outcome: null,
    }
    // Not created: another process was faster; look again at who it is.
    if (!(yield* files.createExclusive(path, render(attempt)))) continue
    yield* files.removeTemporaries(folder)
    yield* keepTouching(path)

    const update = (change: Partial<Attempt>) =>
      Effect.suspend(() => {
        attempt = { ...attempt, ...change }
        return files.writeAtomic(path, render(attempt))
      }).pipe(Effect.provideService(FileSystem.FileSystem, fs), Effect.provideService(Path.Path, paths))
    return {
      number,
      resumedFrom: (iteration) => update({ resumedFrom: iteration }),
      end: (outcome) =>
        Effect.flatMap(DateTime.now, (now) =>
          update({ outcome: { ...outcome, endedAt: DateTime.formatIso(now) } }),
        ),
    } satisfies OwnAttempt as OwnAttempt
  }
})
