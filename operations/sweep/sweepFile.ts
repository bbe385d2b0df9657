/**
 * Loads a sweep file: (path) -> its definition, after every kind of trial was decoded and its shapes were checked.
 *
 * Nothing is fetched or trained for that. Every point of a grid is checked, and of other spaces the corners and 1,000
 * draws, or a few with own code. An impossible trial is refused with its parameters and the path of the field.
 */
import { Effect, Schema } from "effect"
import {
  decodeExperiment,
  ExperimentInvalid,
  isEnsemble,
  isSweep,
  type LoadedFile,
} from "../../pipeline/experimentFile/load.ts"
import { problemsOf } from "../../pipeline/experimentFile/problems.ts"
import type { Problem } from "../../pipeline/experimentFile/problems.ts"
import { Experiment } from "../../schemas/experiment/Experiment.ts"
import { unknownMetric } from "../../schemas/experiment/NamedMetric.ts"
import { nameWithBudget } from "../../schemas/experiment/ExperimentName.ts"
import { Failure } from "../../schemas/Failure.ts"
import { program } from "../../format/program.ts"
import { type Assignment, mostTrials, SweepDefinition, SweepOutline } from "../../schemas/Sweep.ts"
import { sharedFields } from "../../schemas/sweep/Space.ts"
import { barrierOf } from "./barriers.ts"
import { planOf, plannedTrials } from "./decide.ts"
import { drawRandom } from "./draw.ts"
import { cornerValues, gridValues, makeGrid, valueCount } from "./grid.ts"
import { ownTrials } from "./plan.ts"
import { applyAssignment, keysOf, obstacleAt, type Place, placesOf, showDrawn, showId } from "./space.ts"

/** A loaded sweep. The base of the definition is decoded; its addresses still have their secrets. */
export interface Sweep {
  readonly path: string
  readonly definition: SweepDefinition
}

/** A trial that cannot be trained. */
export class TrialImpossible extends Failure<TrialImpossible>()("TrialImpossible", {
  exitCode: "dataError",
  fields: {
    path: Schema.String,
    parameters: Schema.Array(Schema.String),
    problem: Schema.String,
  },
  message: ({ parameters, path, problem }) =>
    `${path}: the space has trials that cannot be trained, such as ${parameters.join(", ")}: ${problem}`,
}) {}

const decodeOutline = Schema.decodeUnknownEffect(SweepOutline, { errors: "all", onExcessProperty: "error" })
const encodeExperiment = Schema.encodeSync(Experiment)

/** Draws of a space that is no grid which are checked in addition to its trials, and the most corners. */
const most = { draws: 1000, corners: 1024 }
/** Own code is checked in a process of its own, which takes half a second each time: so many trials, and corners. */
const mostWithOwnCode = 8

/** An experiment as a user could have written it, for changing its fields. */
export const writtenForm = (experiment: Experiment): unknown => encodeExperiment(experiment)

/** The experiment of a trial: decoded, with its name and seed. */
export const decodeTrial = Effect.fnUntraced(function* (
  { definition: { base, name, space }, path }: Sweep,
  parameters: Assignment,
  seed: number,
) {
  const written = applyAssignment(writtenForm(base), space, parameters)
  const decoded = yield* decodeExperiment(written, path)
  // The base has the secrets of its addresses, which are not written.
  return { ...decoded, dataset: base.dataset, name, seed } satisfies Experiment as Experiment
})

export const showAssignment = (places: ReadonlyArray<Place>, assignment: Assignment) =>
  places.flatMap((place) =>
    assignment[place.id] === undefined ? [] : [`${showId(place.id)} = ${showDrawn(place, assignment)}`],
  )

const isShared = (key: string | number | undefined) => sharedFields.some((field) => field === key)

/** What is wrong with the paths and parameters of a space. */
const spaceProblems = ({ space }: SweepOutline, base: Experiment): ReadonlyArray<Problem> => {
  const paths = Object.keys(space)
  if (paths.length === 0) return [{ at: "space", problem: "found no parameter, expected at least one" }]
  const problems: Array<Problem> = []
  for (const path of paths) {
    const refuse = (problem: string) => problems.push({ at: `space.${path}`, problem })
    const keys = keysOf(path)
    if (keys === undefined) {
      refuse("expected the path of a field, such as optimizer.learningRate or model[0].filters")
      continue
    }
    if (isShared(keys[0])) refuse(`all trials have the same ${keys[0]}; set it in the base`)
    const obstacle = obstacleAt(writtenForm(base), keys)
    if (obstacle !== undefined) refuse(`${obstacle}; change the base or the path`)
    const outer = paths.find((other) => path.startsWith(`${other}.`) || path.startsWith(`${other}[`))
    if (outer !== undefined) refuse(`it lies in ${outer}, which is a parameter too`)
  }
  placesOf(space, (id) =>
    problems.push({ at: `space.${showId(id)}`, problem: "this part of an option is not a valid parameter" }),
  )
  return problems
}

/** What is wrong with a strategy for this space and base. */
const strategyProblems = (outline: SweepOutline, base: Experiment): ReadonlyArray<Problem> => {
  const { space, strategy, trials } = outline
  const places = placesOf(space)
  const problems: Array<Problem> = []
  const points = strategy.kind === "grid" ? strategy.points : undefined
  // Before the values are listed: there may be very many.
  const wide =
    strategy.kind === "grid" ? places.find(({ parameter }) => valueCount(parameter) > mostTrials) : undefined
  if (wide !== undefined) {
    const problem = `found ${valueCount(wide.parameter)} values, expected at most ${mostTrials}`
    return [{ at: `space.${showId(wide.id)}`, problem }]
  }
  const continuous = places.find(({ parameter }) => gridValues(points)(parameter) === undefined)
  if (strategy.kind === "grid" && continuous !== undefined) {
    const problem = "a grid needs its values; write choice(…), or strategies.grid({ points: 5 })"
    return [{ at: `space.${showId(continuous.id)}`, problem }]
  }
  const own = ownTrials(strategy, strategy.kind === "grid" ? makeGrid(places, gridValues(points)).count : 0)
  if (own !== undefined && own > mostTrials) {
    problems.push({ at: "strategy", problem: `found ${own} trials, expected at most ${mostTrials}` })
  }
  if (own !== undefined && trials !== undefined) {
    problems.push({ at: "trials", problem: `${strategy.kind} has ${own} trials here; omit trials` })
  }
  if (own === undefined && trials === undefined) {
    problems.push({ at: "trials", problem: `missing, expected the number of trials for ${strategy.kind}` })
  }
  if (strategy.kind === "halving" && trials !== undefined) {
    const { factor, rungs } = strategy
    const least = factor ** (rungs - 1)
    let fitting = rungs
    while (fitting > 1 && trials < factor ** (fitting - 1)) fitting--
    if (trials < least) {
      const advice = fitting > 1 ? `; ${fitting} rungs are enough for ${trials} trials` : ""
      const problem = `found ${trials}, expected at least ${least} for ${rungs} rungs with factor ${factor}, so that one trial reaches the end${advice}`
      problems.push({ at: "trials", problem })
    }
  }
  if (strategy.kind === "halving" || strategy.kind === "hyperband") {
    if (Object.keys(space).some((path) => keysOf(path)?.[0] === "budget")) {
      problems.push({
        at: "space.budget",
        problem: `${strategy.kind} compares trials at shares of one budget`,
      })
    }
    if (!("iterations" in base.budget)) {
      problems.push({ at: "base.budget", problem: `${strategy.kind} needs a budget in iterations` })
    }
    if (typeof base.evaluateEvery === "object") {
      problems.push({ at: "base.evaluateEvery", problem: `${strategy.kind} needs an interval in iterations` })
    }
  }
  return problems
}

/** Barriers of a base that is evaluated too seldom coincide. */
const barrierProblems = (definition: SweepDefinition): ReadonlyArray<Problem> => {
  const { base } = definition
  const barriers = planOf(definition).shares.map((share) => barrierOf(base, share))
  const same = barriers.findIndex((barrier, i) => i > 0 && barrier === barriers[i - 1])
  if (same < 0) return []
  const found = base.evaluateEvery === undefined ? "the default" : String(base.evaluateEvery)
  const problem = `with ${found}, barriers ${same} and ${same + 1} are both at ${barriers[same] === null ? "the end" : `iteration ${barriers[same]}`}; evaluate more often`
  return [{ at: "base.evaluateEvery", problem }]
}

/** Without a validation split the objective is never measured, and neither is a metric that the base does not have. */
const objectiveProblems = (
  { objective, space }: SweepOutline,
  { metrics, split }: Experiment,
): ReadonlyArray<Problem> => {
  const unmeasured =
    split.validation === 0
      ? [{ at: "base.split.validation", problem: "found 0: the objective would never be measured" }]
      : []
  if (typeof objective === "string") return unmeasured
  const problem = unknownMetric(objective, metrics)
  const varied = Object.keys(space).find((path) => path === "metrics" || path.startsWith("metrics."))
  return [
    ...unmeasured,
    ...(problem === undefined ? [] : [{ at: "objective.metric", problem }]),
    ...(varied === undefined
      ? []
      : [
          {
            at: `space.${varied}`,
            problem: "the objective is a metric, which must be the same for all trials",
          },
        ]),
  ]
}

/** So many of a list, evenly spaced. */
const spaced = <A>(count: number, most: number, at: (i: number) => A): ReadonlyArray<A> => {
  const taken = Math.min(count, most)
  return Array.from({ length: taken }, (_, i) => at(Math.floor((i * count) / taken)))
}

/** The trials that are known beforehand, all of a grid among them; otherwise the corners and draws, too. */
const assignmentsToCheck = (definition: SweepDefinition): ReadonlyArray<Assignment> => {
  const { base, seed, space, strategy } = definition
  const places = placesOf(space)
  const hasCode = base.code !== undefined
  const planned = plannedTrials(definition)
  const trials = spaced(planned.length, hasCode ? mostWithOwnCode : planned.length, (i) => planned[i])
  if (strategy.kind === "grid") return trials
  const corners = makeGrid(places, cornerValues)
  return [
    ...spaced(corners.count, hasCode ? mostWithOwnCode : most.corners, (i) => corners.point(i)),
    ...trials,
    ...Array.from({ length: hasCode ? 0 : most.draws }, (_, i) => drawRandom(seed, places, i)),
  ]
}

/** What is wrong with the experiment of a trial, in one line. */
export const problemOf = (error: Error): string =>
  error instanceof ExperimentInvalid
    ? error.problems.map(({ at, problem }) => `${at}: ${problem}`).join("; ")
    : error.message

/** Decodes what a sweep could train. Equal experiments are decoded once. */
const checkTrials = Effect.fnUntraced(function* (sweep: Sweep) {
  const { definition, path } = sweep
  const places = placesOf(definition.space)
  const seen = new Set<string>()
  for (const assignment of assignmentsToCheck(definition)) {
    const text = JSON.stringify(assignment)
    if (seen.has(text)) continue
    seen.add(text)
    yield* decodeTrial(sweep, assignment, 0).pipe(
      Effect.mapError(
        (error) =>
          new TrialImpossible({
            path,
            parameters: showAssignment(places, assignment),
            problem: problemOf(error),
          }),
      ),
    )
  }
})

/** `checks: false` for a process that trains one part: its parent has checked the space. */
export const loadSweep = Effect.fn("loadSweep")(function* (
  { path, value }: LoadedFile,
  { checks, iterations }: { readonly checks: boolean; readonly iterations: number | undefined },
) {
  const invalid = (problems: ReadonlyArray<Problem>) =>
    new ExperimentInvalid({ path, problems, expected: "sweep" })
  if (!isSweep(value)) {
    const found = isEnsemble(value) ? "an ensemble" : "no sweep"
    const problem = `found ${found}, expected a sweep: \`export default sweep({ … })\`; \`${program} run\` trains an experiment or an ensemble`
    return yield* invalid([{ at: "", problem }])
  }
  const outline = yield* decodeOutline(value).pipe(
    Effect.mapError(({ issue }) => invalid(problemsOf(value, issue))),
  )
  const decoded = yield* decodeExperiment(outline.base, path).pipe(
    Effect.catchTag("ExperimentInvalid", ({ problems }) =>
      Effect.fail(
        invalid(problems.map(({ at, problem }) => ({ at: at === "" ? "base" : `base.${at}`, problem }))),
      ),
    ),
  )
  const base = iterations === undefined ? decoded : { ...decoded, budget: { iterations } }
  const name = iterations === undefined ? outline.name : nameWithBudget(outline.name, iterations)
  const { objective, retrain, seed, seeds, space, strategy, trials } = outline
  const definition: SweepDefinition = {
    formatVersion: 1,
    name,
    base,
    space,
    strategy,
    trials: trials ?? null,
    objective,
    seeds,
    retrain,
    seed,
    adopted: [],
  }
  const sweep: Sweep = { path, definition }
  if (!checks) return sweep
  const problems = [...spaceProblems(outline, base), ...objectiveProblems(outline, base)]
  if (problems.length > 0) return yield* invalid(problems)
  const unfit = strategyProblems(outline, base)
  if (unfit.length > 0) return yield* invalid(unfit)
  const seldom = barrierProblems(definition)
  if (seldom.length > 0) return yield* invalid(seldom)
  yield* checkTrials(sweep)
  return sweep
})
