/**
 * Which process this is, and whether another one still runs: what makes a lock left by a killed process recognizable.
 *
 * A process id is reused, so it is joined with the process's start time and the machine's boot. On Linux both come from
 * /proc (proc(5): field 22 of stat, in clock ticks since boot); on macOS from `ps` and `sysctl`. Containers of one machine
 * share its boot, but each numbers its own processes: an id can be looked up in its own namespace only (pid_namespaces(7)).
 *
 * The invariant: a process that cannot be looked at from here is `unknown`, never `gone`. A host name proves nothing: two
 * containers or cloned machines may share one.
 */
import { execFileSync } from "node:child_process"
import { readFileSync, readlinkSync } from "node:fs"
import { hostname } from "node:os"
import type { ProcessIdentity } from "../../schemas/Run.ts"

const attempt = <A>(read: () => A): A | undefined => {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** What a system that cannot tell records. Two of them are not equal: nothing is known about either. */
const unknown = "unknown"

/** Output of a system command, in a language that does not depend on the user's. */
const output = (command: string, ...args: ReadonlyArray<string>) =>
  attempt(
    () =>
      execFileSync(command, args, {
        encoding: "utf8",
        env: { ...process.env, LC_ALL: "C", TZ: "UTC" },
        stdio: ["ignore", "pipe", "ignore"],
      }).trim() || undefined,
  )

/** The command in field 2 may hold spaces and parentheses: fields are counted after the last one. */
const startFromProc = (pid: number) =>
  attempt(() => {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
    // A zombie has ended; it only waits to be collected.
    return fields[0] === "Z" ? "ended" : fields[19]
  })

const startOf = (pid: number): string | undefined =>
  process.platform === "linux" ? startFromProc(pid) : output("ps", "-o", "lstart=", "-p", String(pid))

/** One boot of one machine. macOS: the session's UUID, since kern.boottime moves when the clock is set. */
const bootId = (): string =>
  attempt(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()) ??
  (process.platform === "darwin" ? output("sysctl", "-n", "kern.bootsessionuuid") : undefined) ??
  unknown

const pidNamespace = () => attempt(() => readlinkSync("/proc/self/ns/pid"))

/** Whether a process of this machine has that id now. Signal 0 only asks; EPERM means it is somebody else's. */
export const hasProcess = (pid: number) => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM"
  }
}

/** The process that asks. */
export const currentProcess = (): ProcessIdentity => {
  const namespace = pidNamespace()
  return {
    pid: process.pid,
    started: startOf(process.pid) ?? unknown,
    bootId: bootId(),
    ...(namespace === undefined ? {} : { pidNamespace: namespace }),
    host: hostname(),
  }
}

/**
 * Whether a process recorded earlier still runs. `unknown`: it ran on another machine, in another container or before this
 * boot, or the system hides it (/proc mounted with hidepid), so that it cannot be looked at from here.
 */
export const processState = (recorded: ProcessIdentity): "alive" | "gone" | "unknown" => {
  const boot = bootId()
  if (recorded.bootId !== boot || boot === unknown) return "unknown"
  if (recorded.pidNamespace !== undefined && recorded.pidNamespace !== pidNamespace()) return "unknown"
  const started = startOf(recorded.pid)
  if (started !== undefined) {
    if (recorded.started === unknown) return started === "ended" ? "gone" : "unknown"
    return started === recorded.started ? "alive" : "gone"
  }
  return hasProcess(recorded.pid) ? "unknown" : "gone"
}
