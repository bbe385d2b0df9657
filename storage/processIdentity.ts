/**
 * Which process this is, and whether another one still lives: what makes a lock left by a killed process recognizable.
 *
 * A process id is reused, so it is joined with the process's start time and the machine's boot. On Linux both come from
 * /proc (proc(5): field 22 of stat, in clock ticks since boot); elsewhere from `ps` and `sysctl`. Containers of one machine
 * share its boot, but each numbers its own processes: an id can be looked up in its own namespace only (pid_namespaces(7)).
 */
import { execFileSync } from "node:child_process"
import { readFileSync, readlinkSync } from "node:fs"
import { hostname } from "node:os"
import type { ProcessIdentity } from "../schemas/Run.ts"

const attempt = <A>(read: () => A): A | undefined => {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** The command in field 2 may hold spaces and parentheses: fields are counted after the last one. */
const startFromProc = (pid: number) =>
  attempt(() => {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
    // A zombie has ended; it only waits to be collected.
    return fields[0] === "Z" ? undefined : fields[19]
  })

const startFromPs = (pid: number) =>
  attempt(
    () => execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim() || undefined,
  )

const startOf = (pid: number): string | undefined =>
  process.platform === "linux" ? startFromProc(pid) : startFromPs(pid)

const bootId = (): string =>
  attempt(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()) ??
  attempt(() => execFileSync("sysctl", ["-n", "kern.boottime"], { encoding: "utf8" }).trim()) ??
  "unknown"

const pidNamespace = () => attempt(() => readlinkSync("/proc/self/ns/pid"))

/** The process that asks. */
export const currentProcess = (): ProcessIdentity => {
  const namespace = pidNamespace()
  return {
    pid: process.pid,
    started: startOf(process.pid) ?? "unknown",
    bootId: bootId(),
    ...(namespace === undefined ? {} : { pidNamespace: namespace }),
    host: hostname(),
  }
}

/**
 * Whether a process recorded earlier still runs. `unknown`: it ran on another machine (another boot and another host
 * name) or in another container, where this process cannot look.
 */
export const processState = (recorded: ProcessIdentity): "alive" | "gone" | "unknown" => {
  if (recorded.bootId !== bootId()) return recorded.host === hostname() ? "gone" : "unknown"
  if (recorded.pidNamespace !== undefined && recorded.pidNamespace !== pidNamespace()) return "unknown"
  return startOf(recorded.pid) === recorded.started ? "alive" : "gone"
}
