/**
 * Kills real runs with SIGKILL at random moments, resumes them until they are done, and compares the bytes with a run
 * that was left alone: (experiment, kills, seed) -> what happened.
 *
 * Moments are drawn from the seed, over the time a whole run takes: start-up, fetching, training, checkpoints and the
 * report are all hit. The draws repeat with the seed; what a process is doing at its moment is the machine's.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { isDeepStrictEqual } from "node:util"
import { randomKey, randomWords } from "../../stages/random.ts"
import { start } from "../fixtures/cli.ts"
import { onlyRun, reached, resultOf } from "../fixtures/runFiles.ts"

export interface CrashTestOptions {
  readonly experiment: string
  readonly iterations: number
  /** How many processes to kill. */
  readonly kills: number
  readonly seed: number
  /** Measure and save often enough for a run this short, whatever the experiment says. */
  readonly shorten?: boolean
  /** An empty folder to work in. */
  readonly scratch: string
  readonly engine?: string
  readonly say: (line: string) => void
}

export interface Crash {
  /** Milliseconds after the process was started. */
  readonly afterMs: number
  /** What was on disk then: nothing yet, or the newest checkpoint. */
  readonly at: string
}

export interface CrashTestResult {
  readonly crashes: ReadonlyArray<Crash>
  /** Runs that were brought to their end, each killed at least once but perhaps the last. */
  readonly runs: number
  /** Runs whose bytes differ from the run that was left alone. */
  readonly different: ReadonlyArray<string>
}

const uniform = (seed: number) => {
  const key = randomKey(seed, "crash-test")
  const word = new Uint32Array(2)
  let position = 0
  return () => {
    randomWords(key, position, word)
    position += 2
    return word[0] / 2 ** 32
  }
}

/** An experiment file that is the given one with cadences for a few iterations. */
const shortened = (experiment: string, iterations: number, scratch: string) => {
  const every = (part: number) => Math.max(1, Math.floor(iterations / part))
  const file = join(scratch, "shortened.ts")
  writeFileSync(
    file,
    `import whole from ${JSON.stringify(resolve(experiment))}\n` +
      `export default { ...whole, recordEvery: ${every(20)}, evaluateEvery: ${every(4)}, checkpointEvery: ${every(10)} }\n`,
  )
  return file
}

const runIn = (runsDir: string): string | undefined => {
  const names = readdirSync(runsDir).filter((name) => !name.startsWith("."))
  return names.length === 0 ? undefined : join(runsDir, names[0])
}

export const crashTest = async (options: CrashTestOptions): Promise<CrashTestResult> => {
  const { iterations, kills, say, scratch, seed } = options
  const experiment =
    options.shorten === true ? shortened(options.experiment, iterations, scratch) : options.experiment
  const data = join(scratch, "data")
  const begin = (runsDir: string) => {
    mkdirSync(runsDir, { recursive: true })
    const more = options.engine === undefined ? [] : ["--engine", options.engine]
    return runIn(runsDir) === undefined
      ? start(
          "run",
          experiment,
          "--iterations",
          String(iterations),
          "--runs-dir",
          runsDir,
          "--data-dir",
          data,
          ...more,
        )
      : start("resume", "latest", "--runs-dir", runsDir)
  }

  const whole = join(scratch, "whole")
  const startedAt = performance.now()
  const first = await begin(whole).ended
  if (first.code !== 0) throw new Error(`the run that is left alone failed: ${first.stderr}`)
  const wholeMs = performance.now() - startedAt
  const expected = resultOf(onlyRun(whole))
  say(`a run that is left alone takes ${(wholeMs / 1000).toFixed(1)} s`)

  const draw = uniform(seed)
  const crashes: Array<Crash> = []
  const different: Array<string> = []
  let runs = 0
  while (crashes.length < kills) {
    const runsDir = join(scratch, `run-${++runs}`)
    while (true) {
      const { child, ended } = begin(runsDir)
      const afterMs = Math.round(draw() * wholeMs)
      const timer = setTimeout(() => crashes.length < kills && child.kill("SIGKILL"), afterMs)
      const { code, signal, stderr } = await ended
      clearTimeout(timer)
      if (signal === "SIGKILL") {
        const run = runIn(runsDir)
        const at = run === undefined ? "no run yet" : `checkpoint ${reached(run)}`
        crashes.push({ afterMs, at })
        say(`kill ${crashes.length} of ${kills}: after ${afterMs} ms, ${at}`)
      } else if (code === 0) break
      else throw new Error(`run ${runs} failed with ${code}: ${stderr}`)
    }
    const same = isDeepStrictEqual(resultOf(onlyRun(runsDir)), expected)
    say(`run ${runs} is done: ${same ? "the same bytes" : "DIFFERENT BYTES"}`)
    if (same) rmSync(runsDir, { recursive: true })
    else different.push(runsDir)
  }
  return { crashes, runs, different }
}
