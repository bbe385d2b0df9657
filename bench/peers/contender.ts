/**
 * A contender on Node.js: `contender.py` is the same for Python. Both exchange lines of JSON with the benchmark.
 */
import { createInterface } from "node:readline"

export interface Ready {
  /** Of the first iterations. */
  readonly losses: ReadonlyArray<number>
  /** Probabilities of a few images before the first iteration. */
  readonly predictions: ReadonlyArray<ReadonlyArray<number>>
  /** From loading the framework to the end of the first iterations. */
  readonly prepareMs: number
  readonly versions: Readonly<Record<string, string>>
}
export type Request = { readonly task: "train"; readonly iterations: number } | { readonly task: "predict" }
export interface Measurement {
  readonly wallMs: number
  /** Of all threads. */
  readonly processorMs: number
  /** The peak of the process so far. */
  readonly peakMiB: number
}

export interface Tasks {
  readonly train: (iterations: number) => Promise<void>
  readonly predict: () => Promise<void>
}

const send = (value: Ready | Measurement) => process.stdout.write(`${JSON.stringify(value)}\n`)

const measure = async (work: () => Promise<void>): Promise<Measurement> => {
  const before = process.cpuUsage()
  const start = performance.now()
  await work()
  const wallMs = performance.now() - start
  const { system, user } = process.cpuUsage(before)
  return { wallMs, processorMs: (system + user) / 1000, peakMiB: process.resourceUsage().maxRSS / 1024 }
}

/** Serves requests until standard input ends. */
export const serve = async (ready: Ready, { predict, train }: Tasks): Promise<void> => {
  send(ready)
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line) as Request
    send(await measure(() => (request.task === "train" ? train(request.iterations) : predict())))
  }
}

/** Values by row: probabilities by image. */
export const rowsOf = (values: ArrayLike<number>, width: number): Array<Array<number>> =>
  Array.from({ length: values.length / width }, (_, i) =>
    Array.from({ length: width }, (_, j) => values[i * width + j]),
  )
