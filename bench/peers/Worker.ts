/** A contender's process, which serves one request at a time. */
import { type ChildProcess, spawn } from "node:child_process"
import { createInterface, type Interface } from "node:readline"
import type { Measurement, Ready, Request } from "./contender.ts"

export interface Command {
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly env?: Readonly<Record<string, string>>
}

const timeToExitMs = 5000

/** The line of standard error that explains a failure best. */
const errorLine = (stderr: string) => {
  const lines = stderr.trim().split("\n")
  const named = lines.findLast((line) => /^\w*(?:Error|Exception)\b/.test(line))
  return (named ?? lines.at(-1) ?? "").slice(0, 300)
}

export class Worker {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>
  #stderr = ""

  constructor({ args, command, env }: Command) {
    this.#child = spawn(command, [...args], {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, ...env },
    })
    this.#child.stderr?.on("data", (data) => {
      this.#stderr = (this.#stderr + String(data)).slice(-10_000)
    })
    // A process that has ended is noticed by the end of its output. Writing to it must not throw.
    this.#child.stdin?.on("error", () => {})
    this.#child.on("error", (error) => (this.#stderr += error.message))
    const lines: Interface = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream })
    this.#lines = lines[Symbol.asyncIterator]()
  }

  /** Its first line: it has prepared and checked its work. */
  ready(): Promise<Ready> {
    return this.#next()
  }

  measure(request: Request): Promise<Measurement> {
    this.#child.stdin?.write(`${JSON.stringify(request)}\n`)
    return this.#next()
  }

  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once("exit", resolve))
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.stdin?.end()
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), timeToExitMs)
    await ended
    clearTimeout(timer)
  }

  async #next<T>(): Promise<T> {
    const { done, value } = await this.#lines.next()
    if (done === true)
      throw new Error(errorLine(this.#stderr) || "its process ended without an error message")
    return JSON.parse(value) as T
  }
}
