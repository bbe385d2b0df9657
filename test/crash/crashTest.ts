/**
 * Kills real processes with SIGKILL at random moments, starts them again until they are done, and compares the bytes with
 * what was left alone: (subject, kills, seed) -> what happened.
 *
 * Moments and targets are drawn from the seed, over the time the whole takes: start-up, fetching, training, checkpoints and
 * the report are all hit. The draws repeat with the seed; what a process is doing at its moment is the machine's.
 */
import { mkdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { isDeepStrictEqual } from "node:util"
import { exitCodes } from "../../schemas/exitCodes.ts"
import { randomKey, randomWords } from "../../stages/random.ts"
import { kill, type Subject, type Target } from "./subjects.ts"

export interface CrashTestOptions {
  readonly subject: Subject
  /** How often to kill at least: it goes on until every target was killed. */
  readonly kills: number
  readonly seed: number
  /** An empty folder to work in. */
  readonly scratch: string
  readonly say: (line: string) => void
}

export interface Crash {
  /** Milliseconds after the process was started. */
  readonly afterMs: number
  readonly target: Target
  /** What was on disk then: nothing yet, or the newest checkpoints. */
  readonly at: string
}

export interface CrashTestResult {
  readonly crashes: ReadonlyArray<Crash>
  /** How many were brought to their end, each killed at least once but perhaps the last. */
  readonly finished: number
  /** Runs folders whose bytes differ from the one that was left alone. */
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

/** Time for what a killed process left to end by itself; a start before that is refused, not wrong. */
const pauseMs = 200

export const crashTest = async (options: CrashTestOptions): Promise<CrashTestResult> => {
  const { kills, say, scratch, seed, subject } = options
  const whole = join(scratch, "whole")
  mkdirSync(whole, { recursive: true })
  const startedAt = performance.now()
  const first = await subject.begin(whole).ended
  if (first.code !== 0) throw new Error(`what is left alone failed: ${first.stderr}`)
  const wholeMs = performance.now() - startedAt
  const expected = subject.result(whole)
  say(`left alone it takes ${(wholeMs / 1000).toFixed(1)} s`)

  const draw = uniform(seed)
  const crashes: Array<Crash> = []
  const different: Array<string> = []

  /** A target that is not there at its moment, such as a child that has not begun, is not hit. */
  const targetsLeft = () =>
    subject.targets.filter((target) => crashes.every((crash) => crash.target !== target))
  const isDone = () => crashes.length >= kills && targetsLeft().length === 0

  /** Starts it once and kills it at a random moment, unless it ends before; returns whether it finished. */
  const startAndKill = async (runsDir: string): Promise<boolean> => {
    const { child, ended } = subject.begin(runsDir)
    const afterMs = Math.round(draw() * wholeMs)
    const left = targetsLeft()
    const targets = left.length > 0 ? left : subject.targets
    const wanted = targets[Math.floor(draw() * targets.length)]
    let hit: Target | undefined
    const timer = setTimeout(() => {
      if (isDone() || child.exitCode !== null || child.pid === undefined) return
      hit = kill(child.pid, wanted, draw)
      crashes.push({ afterMs, target: hit, at: subject.at(runsDir) })
      say(`kill ${crashes.length} of ${kills}: the ${hit}, after ${afterMs} ms, ${subject.at(runsDir)}`)
    }, afterMs)
    const { code, stderr } = await ended
    clearTimeout(timer)
    if (code === 0) return true
    // Another process of the same run still ends, or a child was killed: start it again.
    if (hit === undefined && code !== exitCodes.temporary)
      throw new Error(`it failed with ${code}: ${stderr}`)
    await new Promise((resolve) => setTimeout(resolve, hit === undefined ? pauseMs : 0))
    return false
  }

  let finished = 0
  while (!isDone()) {
    const runsDir = join(scratch, `runs-${finished + 1}`)
    mkdirSync(runsDir, { recursive: true })
    while (!(await startAndKill(runsDir)));
    finished++
    const same = isDeepStrictEqual(subject.result(runsDir), expected)
    say(`${finished} finished: ${same ? "the same bytes" : "DIFFERENT BYTES"}`)
    if (same) rmSync(runsDir, { recursive: true })
    else different.push(runsDir)
  }
  return { crashes, finished, different }
}
