/**
 * A command that another program started and reads: (environment) -> a pipe for events, and a display that writes
 * them.
 *
 * It is used if `TIDEMARK_EVENTS_FD` names a pipe (`schemas/ProcessEvent.ts`). Writing never blocks training and
 * never ends it: nobody may read, and the pipe may break.
 */
import { fstatSync } from "node:fs"
import { Socket } from "node:net"
import { Cause, Effect, Exit, Layer } from "effect"
import { elapsedMs } from "../format/elapsed.ts"
import { Display } from "../pipeline/Display.ts"
import { commandExitCode, printFailure } from "./failure.ts"
import { encodeEvent, eventsVariable, type ProcessEvent } from "../schemas/ProcessEvent.ts"

export type SendEvent = (event: ProcessEvent) => void

/** Progress is sent ten times a second at most: as often as a bar is drawn. */
const intervalMs = 100
/** Progress is dropped if the reader is this far behind. */
const bufferedBytes = 65_536

const isPipe = (fd: number) => {
  try {
    const stat = fstatSync(fd)
    return stat.isFIFO() || stat.isSocket()
  } catch {
    return false
  }
}

/**
 * Undefined if no program reads events. The variable is removed, because processes that this one starts have no such
 * pipe.
 */
export const openEvents = (environment: NodeJS.ProcessEnv): SendEvent | undefined => {
  const fd = Number(environment[eventsVariable])
  delete environment[eventsVariable]
  if (!Number.isInteger(fd) || fd < 3 || !isPipe(fd)) return undefined
  const pipe = new Socket({ fd, readable: false, writable: true })
  // The reader is gone: the run and its log continue.
  pipe.on("error", () => {})
  return (event) => {
    if (!pipe.writable || (event.event === "progress" && pipe.writableLength > bufferedBytes)) return
    pipe.write(`${encodeEvent(event)}\n`)
  }
}

export const layerEventDisplay = (send: SendEvent) =>
  Layer.sync(Display, () => {
    let sentAt = Number.NEGATIVE_INFINITY
    let sentIteration = Number.POSITIVE_INFINITY
    return Display.of({
      line: (stage, text, level = "info") => send({ event: "log", level, stage, text }),
      progress: ({ batchSize, iteration, loss, total }) =>
        Effect.map(elapsedMs, (now) => {
          const isFirst = iteration <= sentIteration
          if (!isFirst && iteration < total && now - sentAt < intervalMs) return
          sentAt = now
          sentIteration = iteration
          const finiteLoss = Number.isFinite(loss) ? loss : null
          send({ event: "progress", iteration, total, batchSize, loss: finiteLoss })
        }),
      clear: () => {},
    })
  })

/** Sends why a command failed, in the place of a line on standard error. A bug is printed as well, with its trace. */
export const sendFailure = (send: SendEvent) => (cause: Cause.Cause<unknown>) =>
  Effect.suspend(() => {
    if (Cause.hasInterruptsOnly(cause)) return Effect.void
    const error = Cause.squash(cause)
    const isExpected = Cause.hasFails(cause) && error instanceof Error
    const message = error instanceof Error ? error.message : String(error)
    send({
      event: "error",
      message: isExpected ? message : `a bug in tidemark: ${message}`,
      tag: isExpected && "_tag" in error && typeof error._tag === "string" ? error._tag : null,
      exitCode: commandExitCode(Exit.failCause(cause)),
    })
    return isExpected ? Effect.void : printFailure(cause)
  })
