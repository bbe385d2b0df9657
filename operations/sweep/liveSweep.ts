/**
 * The state of a sweep, observed from another process: (runs folder, name, state before) -> state now.
 *
 * Whether it runs follows from its claim, whatever a killed process left behind.
 */
import { Effect, Path } from "effect"
import { type LiveRun, observe } from "../../inspect/liveRun.ts"
import { fingerprint } from "../../schemas/experiment/fingerprint.ts"
import type { SweepDefinition } from "../../schemas/Sweep.ts"
import { isRunOf, listRunNames } from "../../storage/runNames.ts"
import {
  isSweepRunning,
  readSweepDefinition,
  readSweepJournal,
  readSweepResult,
  sweepNotFound,
} from "../../storage/sweeps.ts"
import { keyOf, nextStep, type Part, seedsOf, stateOf, type SweepState } from "./decide.ts"
import { countStatus, progressOf, type TrialStatus } from "./progress.ts"
import { decodeTrial } from "./sweepFile.ts"

/** Parts are trained in their order, several in parallel: those that are trained now are among the first. */
const mostLooked = 32

export interface LiveTraining {
  readonly trial: Part["trial"]
  readonly seed: number
  readonly run: string
  readonly iteration: number
  readonly total: number | null
  readonly secondsLeft: number | null
}

export interface LiveSweep {
  readonly name: string
  /** `interrupted`: it has no result, and no process works on it. */
  readonly status: "running" | "finished" | "interrupted"
  readonly objective: SweepDefinition["objective"]
  readonly phase: string
  readonly trainings: { readonly done: number; readonly of: number }
  readonly planned: number
  readonly counts: Readonly<Record<TrialStatus, number>>
  /** The best trial that reached the end. */
  readonly best: { readonly trial: number; readonly value: number } | null
  /** By the number of the trial: the value at the last barrier that it reached. */
  readonly values: ReadonlyArray<number>
  readonly training: ReadonlyArray<LiveTraining>
  /** Input for the next observation. */
  readonly seen: {
    readonly fingerprints: ReadonlyMap<string, string>
    readonly runs: ReadonlyMap<string, LiveRun>
  }
}

/** The parts that are not measured yet, the next ones first; while the winner is tested, its runs and those of the base. */
const openParts = (definition: SweepDefinition, state: SweepState): ReadonlyArray<Part> => {
  const step = nextStep(definition, state)
  const { fresh } = seedsOf(definition)
  const parts =
    step.kind === "measure"
      ? step.parts.filter((part) => !state.measured.has(keyOf(part)))
      : [...step.ended.finalists.map(({ trial }) => trial), "base" as const].flatMap((trial) =>
          fresh.map((seed): Part => ({ trial, seed, rung: step.ended.lastRung })),
        )
  return parts.slice(0, mostLooked)
}

const fingerprintOf = Effect.fnUntraced(function* (
  definition: SweepDefinition,
  { drawn }: SweepState,
  { seed, trial }: Part,
) {
  const { base, name } = definition
  if (trial === "base") return fingerprint({ ...base, name, seed })
  // Own code is checked in a process of its own, which takes too long for a display.
  if (base.code !== undefined) return ""
  return fingerprint(yield* decodeTrial({ path: name, definition }, drawn.get(trial) ?? {}, seed))
})

/** The trainings that a process works on now. */
const findTrainings = Effect.fnUntraced(function* (
  runsDir: string,
  definition: SweepDefinition,
  state: SweepState,
  before: LiveSweep | undefined,
) {
  const paths = yield* Path.Path
  const names = yield* listRunNames(runsDir)
  const fingerprints = new Map<string, string>()
  const runs = new Map<string, LiveRun>()
  const training: Array<LiveTraining> = []
  for (const part of openParts(definition, state)) {
    const key = `${part.trial}/${part.seed}`
    const wanted =
      before?.seen.fingerprints.get(key) ??
      (yield* fingerprintOf(definition, state, part).pipe(Effect.orElseSucceed(() => "")))
    fingerprints.set(key, wanted)
    const run = names.findLast((name) => wanted !== "" && isRunOf(name, wanted))
    if (run === undefined) continue
    const live = yield* observe(paths.join(runsDir, run), before?.seen.runs.get(run)).pipe(Effect.option)
    if (live._tag === "None" || (live.value.status !== "running" && live.value.status !== "starting"))
      continue
    runs.set(run, live.value)
    const { iteration, secondsLeft, total } = live.value
    training.push({ trial: part.trial, seed: part.seed, run, iteration, total, secondsLeft })
  }
  return { training, seen: { fingerprints, runs } }
})

export const observeSweep = Effect.fn("observeSweep")(function* (
  runsDir: string,
  name: string,
  before: LiveSweep | undefined,
) {
  // Looked at first: a sweep that ends in between has a result.
  const isRunning = yield* isSweepRunning(runsDir, name)
  const definition = yield* readSweepDefinition(runsDir, name)
  if (definition === undefined) return yield* sweepNotFound(runsDir, name)
  const { records } = yield* readSweepJournal(runsDir, name)
  const result = yield* readSweepResult(runsDir, name)
  const progress = progressOf(definition, records)
  const { phase, planned, ranking, trainings, trials } = progress
  const status = result !== undefined ? "finished" : isRunning ? "running" : "interrupted"
  const found =
    status === "running"
      ? yield* findTrainings(runsDir, definition, stateOf(records), before)
      : { training: [], seen: { fingerprints: new Map<string, string>(), runs: new Map<string, LiveRun>() } }
  return {
    name,
    status,
    objective: definition.objective,
    phase: phase ?? (result === undefined ? "testing the winner and the base" : "ended"),
    trainings: trainings ?? { done: 0, of: 0 },
    planned,
    counts: {
      finished: countStatus(progress, "finished"),
      pruned: countStatus(progress, "pruned"),
      failed: countStatus(progress, "failed"),
      open: countStatus(progress, "open"),
    },
    best: ranking.at(0) ?? null,
    values: trials.flatMap(({ rung, values }) => (rung === null ? [] : (values[rung] ?? []))),
    ...found,
  } satisfies LiveSweep as LiveSweep
})
