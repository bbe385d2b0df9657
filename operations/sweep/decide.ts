/**
 * What a sweep does next: (definition, what was drawn and measured so far) -> the trainings of the next barrier, or the end.
 *
 * A pure function of the journal's records. Nothing is decided before every training of a barrier has its result, so
 * neither the number of processes nor a kill can change a decision. Equal values are ranked by the number of the trial.
 */
import type { Assignment, SweepDefinition, SweepRecord, TrialName } from "../../schemas/Sweep.ts"
import { drawQuasiRandom, drawRandom } from "./draw.ts"
import { gridValues, makeGrid } from "./grid.ts"
import { type Bracket, makeSweepPlan, ownTrials, type SweepPlan } from "./plan.ts"
import { placesOf } from "./space.ts"
import { drawTpe } from "./tpe.ts"

/** One training up to a barrier. */
export interface Part {
  readonly trial: TrialName
  readonly seed: number
  readonly rung: number
}

export type Measurement = Exclude<SweepRecord, { readonly record: "trial" }>

/** The records of a journal, found by what they are about. */
export interface SweepState {
  readonly drawn: ReadonlyMap<number, Assignment>
  readonly measured: ReadonlyMap<string, Measurement>
}

export const keyOf = ({ rung, seed, trial }: Part): string => `${trial}/${seed}/${rung}`

export const stateOf = (records: ReadonlyArray<SweepRecord>): SweepState => ({
  drawn: new Map(
    records.flatMap((record) =>
      record.record === "trial" ? [[record.trial, record.parameters] as const] : [],
    ),
  ),
  measured: new Map(
    records.flatMap((record) => (record.record === "trial" ? [] : [[keyOf(record), record] as const])),
  ),
})

export interface Ranked {
  readonly trial: number
  /** The mean over the seeds. */
  readonly value: number
}

/** What both the search and the retraining end with. */
export interface Ended {
  /** Trials that reached the end of the budget, the best first. */
  readonly ranking: ReadonlyArray<Ranked>
  readonly finalists: ReadonlyArray<Ranked>
  /** Fresh seeds, of the finalists and of the base. */
  readonly freshSeeds: ReadonlyArray<number>
  readonly lastRung: number
}

export type NextStep =
  | {
      readonly kind: "measure"
      readonly phase: string
      readonly draw: ReadonlyMap<number, Assignment>
      readonly parts: ReadonlyArray<Part>
    }
  | { readonly kind: "ended"; readonly ended: Ended }

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)

export const planOf = (definition: SweepDefinition): SweepPlan & { readonly trials: number } => {
  const { space, strategy } = definition
  const points = strategy.kind === "grid" ? strategy.points : undefined
  const grid = strategy.kind === "grid" ? makeGrid(placesOf(space), gridValues(points)).count : 0
  const trials = ownTrials(strategy, grid) ?? definition.trials ?? 0
  return { ...makeSweepPlan(strategy, trials), trials }
}

/** Seeds of the search, then those that no trial has used. */
export const seedsOf = ({ base, retrain, seeds }: SweepDefinition) => ({
  searched: upTo(seeds).map((i) => base.seed + i),
  fresh: upTo(retrain.seeds).map((i) => base.seed + seeds + i),
})

/** The mean of a trial over its seeds; Infinity if one of them failed, undefined if one is missing. */
export const meanOf = (
  { measured }: SweepState,
  trial: TrialName,
  rung: number,
  seeds: ReadonlyArray<number>,
): number | undefined => {
  let sum = 0
  for (const seed of seeds) {
    const found = measured.get(keyOf({ trial, seed, rung }))
    if (found === undefined) return undefined
    sum += found.record === "failed" ? Number.POSITIVE_INFINITY : found.value
  }
  return sum / seeds.length
}

const rank = (state: SweepState, trials: ReadonlyArray<number>, rung: number, seeds: ReadonlyArray<number>) =>
  trials
    .map((trial): Ranked => ({ trial, value: meanOf(state, trial, rung, seeds) ?? Number.POSITIVE_INFINITY }))
    .filter(({ value }) => Number.isFinite(value))
    .toSorted((a, b) => a.value - b.value || a.trial - b.trial)

/** The assignments of a bracket's trials: those recorded, and the others drawn from what was known before the bracket. */
const drawBracket = (definition: SweepDefinition, state: SweepState, { first, trials }: Bracket) => {
  const { adopted, seed, space, strategy } = definition
  const places = placesOf(space)
  const grid = strategy.kind === "grid" ? makeGrid(places, gridValues(strategy.points)) : undefined
  const observations = () =>
    upTo(first).flatMap((trial) => {
      const parameters = state.drawn.get(trial)
      const value = meanOf(state, trial, 0, seedsOf(definition).searched) ?? Number.POSITIVE_INFINITY
      return parameters === undefined ? [] : [{ parameters, value }]
    })
  const drawn = new Map<number, Assignment>()
  const drawOne = (trial: number): Assignment => {
    if (grid !== undefined) return grid.point(trial)
    const known = adopted[trial]
    if (known !== undefined) return known
    if (strategy.kind === "tpe" && first > 0) {
      // Those of the batch that are drawn already are taken for bad ones, so that the next one lies elsewhere.
      return drawTpe(seed, places, trial, observations(), [...drawn.values()])
    }
    const source = "from" in strategy ? strategy.from : strategy.kind
    return source === "quasiRandom" ? drawQuasiRandom(seed, places, trial) : drawRandom(seed, places, trial)
  }
  for (const trial of upTo(trials).map((i) => first + i)) {
    drawn.set(trial, state.drawn.get(trial) ?? drawOne(trial))
  }
  return drawn
}

/** The assignments of all trials that do not depend on the results of others. */
export const plannedTrials = (definition: SweepDefinition): ReadonlyArray<Assignment> => {
  const nothing: SweepState = { drawn: new Map(), measured: new Map() }
  const { brackets } = planOf(definition)
  const known = definition.strategy.kind === "tpe" ? brackets.slice(0, 1) : brackets
  return known.flatMap((bracket) => [...drawBracket(definition, nothing, bracket).values()])
}

const partsFor = (trials: ReadonlyArray<TrialName>, seeds: ReadonlyArray<number>, rung: number) =>
  trials.flatMap((trial) => seeds.map((seed): Part => ({ trial, seed, rung })))

const isOpen = ({ measured }: SweepState, parts: ReadonlyArray<Part>) =>
  parts.some((part) => !measured.has(keyOf(part)))

/** The best trials of a search, trained again with fresh seeds, and the base with the same ones. */
const nextRetraining = (
  definition: SweepDefinition,
  state: SweepState,
  ranking: ReadonlyArray<Ranked>,
  lastRung: number,
): NextStep => {
  const { fresh } = seedsOf(definition)
  const finalists = ranking.slice(0, definition.retrain.top)
  const parts = partsFor([...finalists.map(({ trial }) => trial), "base"], fresh, lastRung)
  return finalists.length > 0 && isOpen(state, parts)
    ? {
        kind: "measure",
        phase: `training the best ${finalists.length} and the base with fresh seeds`,
        draw: new Map(),
        parts,
      }
    : { kind: "ended", ended: { ranking, finalists, freshSeeds: fresh, lastRung } }
}

export const nextStep = (definition: SweepDefinition, state: SweepState): NextStep => {
  const { brackets, factor, shares } = planOf(definition)
  const { searched } = seedsOf(definition)
  const lastRung = shares.length - 1
  const reachedEnd: Array<number> = []
  for (const [number, bracket] of brackets.entries()) {
    const draw = drawBracket(definition, state, bracket)
    let alive: ReadonlyArray<number> = [...draw.keys()]
    for (const rung of bracket.rungs) {
      const parts = partsFor(alive, searched, rung)
      if (isOpen(state, parts)) {
        const which = brackets.length === 1 ? "" : `bracket ${number + 1} of ${brackets.length}, `
        const how = rung === lastRung ? "the end" : `barrier ${rung + 1} of ${shares.length}`
        return { kind: "measure", phase: `${which}${alive.length} trials to ${how}`, draw, parts }
      }
      const ranked = rank(state, alive, rung, searched).map(({ trial }) => trial)
      if (rung === lastRung) reachedEnd.push(...ranked)
      else alive = ranked.slice(0, Math.max(1, Math.floor(alive.length / factor)))
    }
  }
  return nextRetraining(definition, state, rank(state, reachedEnd, lastRung, searched), lastRung)
}
