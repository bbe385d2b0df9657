/**
 * Two machines with one disk, for the tests of locks: a command line in a namespace of process ids of its own (as in another
 * container), with a clock that is off, frozen and woken.
 *
 * A namespace needs the right to make one, a clock that is off Debian's faketime: tests are skipped without them.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { cli, type Ended } from "../fixtures/cli.ts"
import { descendants } from "../fixtures/descendants.ts"

const contained = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
export const canContain = spawnSync(contained[0], [...contained.slice(1), "true"]).status === 0
/** Preloaded, without its command, which keeps a semaphore by process id: those of two containers are in each other's way. */
const clockLibrary = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
export const canShiftClock = existsSync(clockLibrary)

export interface Machine {
  /** Seconds that its clock is ahead of this machine's. */
  readonly clockAhead?: number
}

export interface Working {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
}

/** Starts the command line on another machine. */
export const startOn = ({ clockAhead = 0 }: Machine, ...args: ReadonlyArray<string>): Working => {
  const [command, ...rest] = [...contained, process.execPath, cli, ...args]
  const clock =
    clockAhead === 0
      ? {}
      : {
          LD_PRELOAD: clockLibrary,
          FAKETIME: `${clockAhead < 0 ? "" : "+"}${clockAhead}s`,
          FAKETIME_DONT_FAKE_MONOTONIC: "1",
        }
  const child = spawn(command, rest, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1", ...clock },
  })
  let stdout = ""
  let stderr = ""
  child.stdout.on("data", (data) => (stdout += String(data)))
  child.stderr.on("data", (data) => (stderr += String(data)))
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
  return { child, ended }
}

/** Stops every process of a machine, as a suspended one does, or lets them go on. */
export const signalAll = ({ child }: Working, signal: "SIGSTOP" | "SIGCONT" | "SIGKILL") => {
  if (child.pid === undefined) return
  for (const pid of descendants(child.pid)) process.kill(pid, signal)
}

/** Rows of metrics of a run by iteration and split, and those that are there more than once. */
export const countRows = (run: string) => {
  const text = readFileSync(join(run, "metrics.ndjson"), "utf8")
  const keys = text
    .split("\n")
    .filter(Boolean)
    .map((line) => {
      const { iteration, split } = JSON.parse(line)
      return `${split} ${iteration}`
    })
  return { rows: keys.length, repeated: keys.filter((key, i) => keys.indexOf(key) !== i) }
}

/** Waits until a run of the folder has a checkpoint of at least `iteration`; returns its folder. */
export const untilCheckpoint = async (runsDir: string, iteration: number, { child }: Working) => {
  while (child.exitCode === null) {
    const run = existsSync(runsDir) ? readdirSync(runsDir).find((name) => !name.startsWith(".")) : undefined
    const folder = run === undefined ? undefined : join(runsDir, run, "checkpoints")
    const iterations =
      folder === undefined || !existsSync(folder)
        ? []
        : readdirSync(folder).map((name) => Number(/^iteration-(\d+)\.safetensors$/.exec(name)?.[1] ?? -1))
    if (run !== undefined && Math.max(-1, ...iterations) >= iteration) return join(runsDir, run)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`the process ended before iteration ${iteration}`)
}
