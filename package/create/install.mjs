// @ts-check
/**
 * Installs the packages: (package manager, folder) -> how that ended. Its output is shown as it comes.
 *
 * A signal is passed on, and its end is awaited: nothing writes to the folder after this program has ended.
 */
import { spawn } from "node:child_process"

/** @typedef {{ kind: "installed" } | { kind: "interrupted" } | { kind: "failed", code: number } | { kind: "missing", reason: string }} Installed */

const signals = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])

/** A process that was killed has no exit code: 75, as after a failure that may not happen again. */
const killed = 75

/** @type {(manager: import("./packageManager.mjs").PackageManager, folder: string, isTerminal: boolean) => Promise<Installed>} */
export const install = ({ install: { args, command, shell } }, folder, isTerminal) =>
  new Promise((resolve) => {
    /** @type {import("node:child_process").ChildProcess | undefined} */
    let child
    let isInterrupted = false
    // The package manager has already received a Ctrl-C of a terminal; this signal does it no harm. The second one ends it.
    const stop = () => {
      child?.kill(isInterrupted ? "SIGKILL" : "SIGTERM")
      isInterrupted = true
    }
    /** @type {(installed: Installed) => void} */
    const end = (installed) => {
      for (const signal of signals) process.off(signal, stop)
      resolve(isInterrupted ? { kind: "interrupted" } : installed)
    }
    // Before it starts: a signal in between would end this program alone.
    for (const signal of signals) process.on(signal, stop)
    const stdin = isTerminal ? "inherit" : "ignore"
    child = spawn(command, [...args], { cwd: folder, shell, stdio: [stdin, "inherit", "inherit"] })
    child.on("error", (error) => end({ kind: "missing", reason: error.message }))
    child.on("close", (code) =>
      end(code === 0 ? { kind: "installed" } : { kind: "failed", code: code ?? killed }),
    )
  })
