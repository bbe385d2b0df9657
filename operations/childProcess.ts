/**
 * The command line as a process of its own: (arguments) -> how it ended, what it printed, and a way to stop it.
 *
 * It is put into a process group of its own, so that Ctrl-C in a terminal reaches the one that started it alone, which then asks
 * the process once: a second signal would end it without a checkpoint. What it says goes on to standard error, unless told otherwise.
 */
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { stripVTControlCharacters } from "node:util"
import { Deferred, Effect } from "effect"

export interface Ended {
  /** Null where a signal ended it. */
  readonly code: number | null
  /** What it said was wrong, in a line. */
  readonly reason: string
}

const cli = fileURLToPath(new URL("../cli/main.ts", import.meta.url))
/** From SIGTERM until SIGKILL: a checkpoint of a large network takes seconds. */
export const graceMs = 120_000

/** TensorFlow's own, which a pipe between processes of Node.js (a socket) does not keep out. */
const greeting = /^(WARNING: All log messages before absl::|I\d{4} .* oneDNN custom operations are on)/

const passOn = (line: string) => {
  process.stderr.write(`${line}\n`)
}

export const startProcess = Effect.fnUntraced(function* (
  args: ReadonlyArray<string>,
  /** Takes each line that it says. */
  say: (line: string) => void = passOn,
) {
  const over = yield* Deferred.make<Ended>()
  const child = spawn(process.execPath, [cli, ...args], { detached: true, stdio: ["ignore", "pipe", "pipe"] })
  let printed = ""
  let reason = ""
  child.stdout.on("data", (data) => (printed += String(data)))
  createInterface({ input: child.stderr }).on("line", (line) => {
    // Coloured into the pipe too, where the environment forces colours.
    const said = /^error: (.*)/.exec(stripVTControlCharacters(line))?.[1]
    if (said !== undefined) reason = said
    if (!greeting.test(line)) say(line)
  })
  const end = (code: number | null, otherwise: string) =>
    Deferred.doneUnsafe(over, Effect.succeed({ code, reason: reason || otherwise }))
  child.on("error", (error) => end(null, `its process could not be started: ${error.message}`))
  child.on("close", (code, signal) =>
    end(code, code === null ? `its process was ended by ${signal}` : `its process ended with ${code}`),
  )
  const ended = Deferred.await(over)
  const stop = Effect.suspend(() => {
    child.kill("SIGTERM")
    const insist = Effect.sleep(graceMs).pipe(
      Effect.andThen(Effect.suspend(() => (child.kill("SIGKILL"), ended))),
    )
    return Effect.raceFirst(ended, insist)
  })
  return { pid: child.pid, ended, stop, printed: () => printed }
})
