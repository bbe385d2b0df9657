/** The command `dashboard` as a process that is measured: (runs folder, environment) -> its address; what it uses. */
import { type ChildProcess, spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

export const cli = fileURLToPath(new URL("../cli/start.mjs", import.meta.url))

export interface Use {
  readonly memoryMiB: number
  /** Since it was started. */
  readonly mostMemoryMiB: number
  readonly cpuSeconds: number
}

/** As Linux counts it: resident memory, and processor time of all threads. */
export const useOf = (pid: number): Use => {
  const status = readFileSync(`/proc/${pid}/status`, "utf8")
  const sizeOf = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0) / 1024
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ")
  return {
    memoryMiB: sizeOf("VmRSS"),
    mostMemoryMiB: sizeOf("VmHWM"),
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100,
  }
}

export interface MeasuredDashboard {
  readonly child: ChildProcess
  readonly pid: number
  /** With the token. */
  readonly address: string
}

export const startDashboard = async (
  runsDir: string,
  environment: NodeJS.ProcessEnv,
): Promise<MeasuredDashboard> => {
  const child = spawn(process.execPath, [cli, "dashboard", "--port", "0", "--runs-dir", runsDir], {
    stdio: ["ignore", "pipe", "ignore"],
    env: environment,
  })
  const address = await new Promise<string>((resolve) =>
    child.stdout.once("data", (data) => resolve(String(data).trim())),
  )
  return { child, pid: child.pid ?? 0, address }
}

export const signIn = async (address: string): Promise<string> => {
  const answer = await fetch(address, { redirect: "manual" })
  return (answer.headers.get("set-cookie") ?? "").split(";")[0]
}

/** A viewer without a screen: an event stream of these topics, which is read and forgotten. */
export const openViewer = async (address: string, cookie: string, topics: ReadonlyArray<string>) => {
  const stream = new AbortController()
  const url = new URL(`/api/events?topics=${encodeURIComponent(topics.join(","))}`, address)
  const response = await fetch(url, { headers: { cookie }, signal: stream.signal })
  let received = 0
  const reading = (async () => {
    for await (const chunk of response.body ?? []) received += chunk.length
  })().catch(() => undefined)
  return {
    received: () => received,
    close: async () => {
      stream.abort()
      await reading
    },
  }
}
