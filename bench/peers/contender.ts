/**
 * The side of a contender that runs on Node.js: what `contender.py` is for the others, with the same lines of JSON.
 */
import { createInterface } from "node:readline"

export interface Ready {
  /** Of the first iterations. */
  readonly losses: ReadonlyArray<number>
  /** Probabilities of a few images before the first iteration. */
  readonly answers: ReadonlyArray<ReadonlyArray<number>>
  /** From the frameworks being loaded until the first iterations are done. */
  readonly prepareMs: number
  readonly versions: Readonly<Record<string, string>>
}
export type Request =
  | { readonly sample: "train"; readonly iterations: number }
  | { readonly sample: "predict" }
export interface Answer {
  readonly wallMs: number
  /** Of all threads. */
  readonly processorMs: number
  /** The most the process has had so far. */
  readonly peakMiB: number
}

export interface Samples {
  readonly train: (iterations: number) => Promise<void>
  readonly predict: () => Promise<void>
}

const say = (value: Ready | Answer) => process.stdout.write(`${JSON.stringify(value)}\n`)

const measured = async (work: () => Promise<void>): Promise<Answer> => {
  const before = process.cpuUsage()
  const start = performance.now()
  await work()
  const wallMs = performance.now() - start
  const { system, user } = process.cpuUsage(before)
  return { wallMs, processorMs: (system + user) / 1000, peakMiB: process.resourceUsage().maxRSS / 1024 }
}

/** Answers until standard input ends. */
export const serve = async (ready: Ready, { predict, train }: Samples): Promise<void> => {
  say(ready)
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line) as Request
    say(await measured(() => (request.sample === "train" ? train(request.iterations) : predict())))
  }
}

/** Probabilities by image. */
export const rows = (values: ArrayLike<number>, width: number): Array<Array<number>> =>
  Array.from({ length: values.length / width }, (_, i) =>
    Array.from({ length: width }, (_, j) => values[i * width + j]),
  )
