/** A command in a process of its own: (words after `pipeline`) -> seconds from its start to its end, and of processor time. */
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const cli = fileURLToPath(new URL("../cli/start.mjs", import.meta.url))

/** Processor time of all child processes that have ended, in seconds. NaN except on Linux. */
const childrenSeconds = (): number => {
  if (process.platform !== "linux") return Number.NaN
  // Fields 16 and 17, in hundredths of a second; the name, field 2, may hold spaces (proc(5)).
  const fields = readFileSync("/proc/self/stat", "utf8").split(") ").at(-1)?.split(" ") ?? []
  return (Number(fields[13]) + Number(fields[14])) / 100
}

export const pipeline = (...args: ReadonlyArray<string>) => {
  const [startedAt, before] = [performance.now(), childrenSeconds()]
  const ended = spawnSync(process.execPath, [cli, ...args], { encoding: "utf8" })
  if (ended.status !== 0)
    throw new Error(`${args.join(" ")} failed: exit code ${ended.status}, expected 0; ${ended.stderr}`)
  return { seconds: (performance.now() - startedAt) / 1000, processor: childrenSeconds() - before }
}
