/**
 * A run that another process is working on: (run directory) -> its status, its end, and a way to stop it.
 *
 * Reading a run never fails: a run that cannot be read counts as absent, with a warning.
 */
import { Effect, type FileSystem, type Path } from "effect"
import type { ProcessIdentity } from "../../schemas/Run.ts"
import { exitCodes } from "../../schemas/exitCodes.ts"
import { processState } from "../../storage/lock/processIdentity.ts"
import { readHeader } from "../../storage/runHeader.ts"
import { type Ended, graceMs } from "../childProcess.ts"
import { sendSignal } from "./sendSignal.ts"
import type { ScheduledProcess } from "./Worker.ts"

type Files = FileSystem.FileSystem | Path.Path

const pollMs = 2000
const stopPollMs = 500

/** The value, or undefined with a warning. */
export const orUndefined = <A, E extends Error, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.catch(effect, (error) => Effect.as(Effect.logWarning(error.message), undefined))

/** Undefined if the run is gone. */
export const readStatus = Effect.fnUntraced(function* (runPath: string) {
  const header = yield* orUndefined(readHeader(runPath))
  if (header === undefined) return undefined
  const last = header.attempts.at(-1)
  // This process cannot wait for one on another machine; `resume` finds out whether that one still holds the run.
  const isElsewhere =
    header.status === "running" && last !== undefined && processState(last.process) !== "alive"
  return {
    status: isElsewhere ? ("interrupted" as const) : header.status,
    reason: last?.outcome?.reason ?? "its process is gone",
    code: last?.outcome?.exitCode,
    process: last?.process,
  }
})

/**
 * Waits for the run to end. A failure has its exit code, as a process of this schedule has; anything else can be
 * resumed.
 */
const awaitEnd = Effect.fnUntraced(function* (name: string, runPath: string) {
  while (true) {
    const run = yield* readStatus(runPath)
    if (run === undefined) return { code: null, reason: `${name} is gone` } satisfies Ended as Ended
    const { code, reason, status } = run
    if (status === "finished") return { code: 0, reason: "" }
    if (status === "interrupted") return { code: null, reason }
    if (status === "failed") return { code: code ?? exitCodes.software, reason }
    yield* Effect.sleep(pollMs)
  }
})

/**
 * Sends SIGTERM, and SIGKILL after a grace period. Start time and boot identify the process, because ids are reused.
 */
const endProcess = Effect.fnUntraced(function* (recorded: ProcessIdentity) {
  const isThere = () => processState(recorded) === "alive"
  if (!isThere()) return
  sendSignal(recorded.pid, "SIGTERM")
  const gone = Effect.sleep(stopPollMs).pipe(Effect.repeat({ while: isThere }))
  const kill = Effect.sleep(graceMs).pipe(
    Effect.andThen(Effect.sync(() => isThere() && sendSignal(recorded.pid, "SIGKILL"))),
    Effect.andThen(gone),
  )
  yield* Effect.raceFirst(gone, kill)
})

const stop = Effect.fnUntraced(function* (runPath: string) {
  const run = yield* readStatus(runPath)
  if (run?.status === "running" && run.process !== undefined) yield* endProcess(run.process)
  // It may have finished first.
  return (yield* readStatus(runPath))?.status === "finished"
    ? { code: 0, reason: "" }
    : { code: exitCodes.interrupted, reason: "interrupted by SIGTERM" }
})

export const followRun = (name: string, runPath: string) =>
  Effect.map(Effect.context<Files>(), (services): ScheduledProcess => ({
    pid: undefined,
    ended: Effect.provideContext(awaitEnd(name, runPath), services),
    stop: Effect.provideContext(stop(runPath), services),
  }))
