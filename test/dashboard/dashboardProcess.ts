/** The command `dashboard` in a process of its own, which can be killed: (runs folder, cache folder) -> its address. */
import { type ChildProcess, spawn } from "node:child_process"
import { cli } from "../fixtures/cli.ts"

export interface DashboardProcess {
  readonly child: ChildProcess
  /** With the token. */
  readonly address: string
  readonly origin: string
  readonly port: number
  /** Kills it at once, and waits until it is gone. */
  readonly kill: () => Promise<void>
}

/** `cache`: where the key of the cookies is. */
export const startDashboard = async (runsDir: string, cache: string, port = 0): Promise<DashboardProcess> => {
  const words = ["dashboard", "--port", String(port), "--runs-dir", runsDir]
  const child = spawn(process.execPath, [cli, ...words], {
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...process.env, XDG_CACHE_HOME: cache },
  })
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()))
  const address = await new Promise<string>((resolve, reject) => {
    child.stdout.once("data", (data) => resolve(String(data).trim()))
    child.once("close", (code) => reject(new Error(`the dashboard ended with ${code}`)))
  })
  const url = new URL(address)
  return {
    child,
    address,
    origin: url.origin,
    port: Number(url.port),
    kill: async () => {
      child.kill("SIGKILL")
      await closed
    },
  }
}

/** The cookie of a browser that opens the address. */
export const signIn = async (address: string): Promise<string> => {
  const answer = await fetch(address, { redirect: "manual" })
  return (answer.headers.get("set-cookie") ?? "").split(";")[0]
}
