/**
 * A contender as whoever runs the benchmark sees it: a process that is asked one thing at a time.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { createInterface, type Interface } from "node:readline"

export interface Command {
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly env?: Readonly<Record<string, string>>
}

/** The line of a process' last words that says most. */
const lastWords = (stderr: string) => {
  const lines = stderr.trim().split("\n")
  return (lines.findLast((line) => /^\w*(?:Error|Exception)\b/.test(line)) ?? lines.at(-1) ?? "").slice(
    0,
    300,
  )
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
    // One that has ended is noticed by its output's end; writing to it must not be a crash.
    this.#child.stdin?.on("error", () => {})
    this.#child.on("error", (error) => (this.#stderr += error.message))
    const lines: Interface = createInterface({ input: this.#child.stdout as NodeJS.ReadableStream })
    this.#lines = lines[Symbol.asyncIterator]()
  }

  /** Its next line. */
  async answer<T>(): Promise<T> {
    const { done, value } = await this.#lines.next()
    if (done === true) throw new Error(lastWords(this.#stderr) || "it ended without a word")
    return JSON.parse(value) as T
  }

  ask<T>(request: unknown): Promise<T> {
    this.#child.stdin?.write(`${JSON.stringify(request)}\n`)
    return this.answer()
  }

  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once("exit", resolve))
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.stdin?.end()
    const patience = setTimeout(() => this.#child.kill("SIGKILL"), 5000)
    await ended
    clearTimeout(patience)
  }
}
