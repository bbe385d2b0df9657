/**
 * The command line as a process of its own: (arguments) -> how it ended, what it printed, and a way to stop it.
 *
 * It is put into a process group of its own, so that Ctrl-C in a terminal reaches the schedule alone, which then asks the
 * process once: a second signal would end it without a checkpoint. What it says goes on to standard error.
 */
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { stripVTControlCharacters } from "node:util"
import { Deferred, Effect } from "effect"
import type { Ended } from "./Worker.ts"

const cli = fileURLToPath(new URL("../cli.ts", import.meta.url))
/** From SIGTERM until SIGKILL: a checkpoint of a large network takes seconds. */
export const graceMs = 120_000

export const startProcess = Effect.fnUntraced(function* (args: ReadonlyArray<string>) {
  const over = yield* Deferred.make<Ended>()
  const child = spawn(process.execPath, [cli, ...args], { detached: true, stdio: ["ignore", "pipe", "pipe"] })
  let printed = ""
  let reason = ""
  child.stdout.on("data", (data) => (printed += String(data)))
  createInterface({ input: child.stderr }).on("line", (line) => {
    // Coloured into the pipe too, where the environment forces colours.
    const said = /^error: (.*)/.exec(stripVTControlCharacters(line))?.[1]
    if (said !== undefined) reason = said
    process.stderr.write(`${line}\n`)
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
