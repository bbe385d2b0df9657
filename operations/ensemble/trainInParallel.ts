/**
 * Trains members in parallel, each in a process of its own: (members, number of processes, command line) -> void.
 *
 * Threads of one training wait for each other in every iteration, so two trainings with one thread each are faster
 * than one with two threads. A signal is passed on once to every process, and they stop when this process is killed, so that
 * the same command can resume at once. If a member fails, no other one is started, and the running ones finish.
 */
import { Effect, Schema } from "effect"
import { exitCodes } from "../../schemas/exitCodes.ts"
import { Failure } from "../../schemas/Failure.ts"
import { Interrupted } from "../../schemas/Interrupted.ts"
import { startProcess } from "../childProcess.ts"
import { StopSignal } from "../../pipeline/StopSignal.ts"

/** The process that trained a member failed. */
export class MemberFailed extends Failure<MemberFailed>()("MemberFailed", {
  exitCode: ({ exitCode }) => exitCode,
  fields: {
    /** Counted from 1. */
    member: Schema.Int,
    reason: Schema.String,
    exitCode: Schema.Int,
  },
  message: ({ member, reason }) => `member ${member}: ${reason}`,
}) {}

/** `commandOf` returns the words after `pipeline` that train one member alone; members are counted from 0 here. */
export const trainInParallel = Effect.fn("trainInParallel")(function* (
  members: ReadonlyArray<number>,
  processes: number,
  commandOf: (member: number) => ReadonlyArray<string>,
) {
  const stop = yield* StopSignal
  const failures: Array<MemberFailed> = []

  const train = Effect.fnUntraced(function* (index: number) {
    const member = index + 1
    if (stop.requested() !== undefined || failures.length > 0) return
    const started = yield* startProcess(commandOf(index), {
      source: `member ${member}`,
      endsWithParent: true,
    })
    const stopped = Effect.andThen(stop.awaited, started.stop)
    const { code, reason } = yield* Effect.raceFirst(started.ended, stopped)
    if (code === 0 || stop.requested() !== undefined) return
    // A process that was killed may succeed another time.
    failures.push(new MemberFailed({ member, reason, exitCode: code ?? exitCodes.temporary }))
  })

  yield* Effect.forEach(members, train, { concurrency: processes, discard: true })
  const signal = stop.requested()
  if (signal !== undefined) return yield* new Interrupted({ signal, during: "the training of members" })
  if (failures.length > 0) return yield* failures[0]
})
