/**
 * Members trained beside each other, each by a process of its own: (their places, how many at a time, command line) -> void.
 *
 * Threads wait for each other in every iteration: two trainings on a thread each get more done than one on two threads. A
 * signal is passed on to all that run, once. Where one fails no other is begun, and those that run come to their end.
 */
import { Effect, Schema } from "effect"
import { exitCodes } from "../../schemas/exitCodes.ts"
import { Failure } from "../../schemas/Failure.ts"
import { Interrupted } from "../../schemas/Interrupted.ts"
import { startProcess } from "../childProcess.ts"
import { StopSignal } from "../../pipeline/StopSignal.ts"

/** The process that trained a member ended badly. */
export class MemberFailed extends Failure<MemberFailed>()("MemberFailed", {
  exitCode: ({ exitCode }) => exitCode,
  fields: {
    /** From 1. */
    member: Schema.Int,
    reason: Schema.String,
    exitCode: Schema.Int,
  },
  message: ({ member, reason }) => `member ${member}: ${reason}`,
}) {}

/** `commandOf` a place from 0: the words after `pipeline` that train this member alone. */
export const trainBeside = Effect.fn("trainBeside")(function* (
  places: ReadonlyArray<number>,
  atOnce: number,
  commandOf: (place: number) => ReadonlyArray<string>,
) {
  const stop = yield* StopSignal
  const failures: Array<MemberFailed> = []

  const train = Effect.fnUntraced(function* (place: number) {
    const member = place + 1
    if (stop.requested() !== undefined || failures.length > 0) return
    const working = yield* startProcess(commandOf(place), `member ${member}`)
    const stopped = Effect.andThen(stop.awaited, working.stop)
    const { code, reason } = yield* Effect.raceFirst(working.ended, stopped)
    if (code === 0 || stop.requested() !== undefined) return
    // A process that was killed may live another time.
    failures.push(new MemberFailed({ member, reason, exitCode: code ?? exitCodes.temporary }))
  })

  yield* Effect.forEach(places, train, { concurrency: atOnce, discard: true })
  const signal = stop.requested()
  if (signal !== undefined) return yield* new Interrupted({ signal, during: "the training of members" })
  if (failures.length > 0) return yield* failures[0]
}, Effect.provide(StopSignal.layer))
