/**
 * Fuzzing: (targets, seed, time or cases) -> how many inputs were accepted, refused, and which crashed the program.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { drawOf } from "./mutate.ts"
import type { Target } from "./targets.ts"

/** A case that takes longer is work without a limit. */
const slowMs = 20_000

export interface Tally {
  readonly target: string
  readonly cases: number
  readonly accepted: number
  readonly refused: number
  readonly longestMs: number
  /** The number of each case that crashed or took too long, and what it said. */
  readonly crashes: ReadonlyArray<{ readonly number: number; readonly detail: string }>
}

export const fuzzTarget = async (
  target: Target,
  options: {
    readonly seed: number
    readonly scratch: string
    /** The first case, and when to stop. */
    readonly first: number
    readonly cases: number
    readonly untilMs: number
  },
): Promise<Tally> => {
  const { first, scratch, seed, untilMs } = options
  let [accepted, refused, longestMs, number] = [0, 0, 0, first]
  const crashes: Array<Tally["crashes"][number]> = []
  for (; number < first + options.cases && performance.now() < untilMs; number++) {
    const folder = join(scratch, `case-${number}`)
    mkdirSync(folder, { recursive: true })
    const startedAt = performance.now()
    const outcome = await target.run(drawOf(seed, target.name, number), folder).catch((error: unknown) => ({
      taken: "crashed" as const,
      detail: error instanceof Error ? (error.stack ?? error.message) : String(error),
    }))
    const tookMs = performance.now() - startedAt
    longestMs = Math.max(longestMs, tookMs)
    const isSlow = tookMs > slowMs
    if (outcome.taken === "crashed" || isSlow) {
      const detail = isSlow ? `took ${Math.round(tookMs)} ms\n${outcome.detail}` : outcome.detail
      crashes.push({ number, detail })
      writeFileSync(join(folder, "detail.txt"), detail)
      continue
    }
    if (outcome.taken === "accepted") accepted++
    else refused++
    rmSync(folder, { recursive: true, force: true })
  }
  return { target: target.name, cases: number - first, accepted, refused, longestMs, crashes }
}
