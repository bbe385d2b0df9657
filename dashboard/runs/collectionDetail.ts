/** A sweep or an ensemble in full, for its view: (runs folder, name) -> tables of text. */
import { Effect } from "effect"
import { combinationTitle } from "../../format/combinationTitle.ts"
import { count, percent } from "../../format/numbers.ts"
import {
  describeEvidence,
  describeOutcome,
  describeVerdict,
  extremes,
  naturalValue,
  objectiveName,
  showObjective,
  showSpread,
} from "../../operations/sweep/describe.ts"
import { bestSoFar, countMeasured, progressOf, type SweepProgress } from "../../operations/sweep/progress.ts"
import { placesOf, showDrawn, showId } from "../../operations/sweep/space.ts"
import { readEnsemble } from "../../storage/ensembles.ts"
import { readSweepDefinition, readSweepJournal, readSweepResult } from "../../storage/sweeps.ts"
import type { SweepDefinition, SweepResult } from "../../schemas/Sweep.ts"
import type { CollectionDetail } from "../messages.ts"
import { isName } from "../security/runFolder.ts"

const numeric = (name: string) => ({ name, isNumeric: true })

const resultFacts = (result: SweepResult): CollectionDetail["facts"] => {
  const { failed, iterations, pruned, winner } = result
  return [
    ["pruned, failed", `${count(pruned)}, ${count(failed)}`],
    ...(iterations === null
      ? []
      : ([
          ["iterations", `${count(iterations.trained)} of ${count(iterations.full)} without pruning`],
        ] as const)),
    ...(winner === null
      ? ([["winner", "none: no trial was trained again with every fresh seed"]] as const)
      : ([
          ["winner", `trial ${winner.trial}: ${describeVerdict(winner)} (${describeEvidence(winner)})`],
          ["test error", `${percent(winner.testError)}, of the base ${percent(winner.baseTestError)}`],
        ] as const)),
  ]
}

/** The value of each trial at the last barrier it reached, and the best up to it of those that reached the end. */
const pointsOf = (definition: SweepDefinition, progress: SweepProgress): CollectionDetail["points"] => {
  const bestOf = new Map(bestSoFar(progress).map(({ best, trial }) => [trial, best]))
  return progress.trials.flatMap(({ rung, trial, values }) => {
    const value = rung === null ? null : values[rung]
    if (value === null) return []
    const best = bestOf.get(trial)
    return [
      {
        trial,
        value: naturalValue(definition, value),
        best: best === undefined ? null : naturalValue(definition, best),
      },
    ]
  })
}

const sweepDetail = Effect.fnUntraced(function* (runsDir: string, name: string) {
  const definition = yield* readSweepDefinition(runsDir, name)
  if (definition === undefined) return undefined
  const result = yield* readSweepResult(runsDir, name)
  const { records } = yield* readSweepJournal(runsDir, name)
  const progress = progressOf(definition, records)
  const places = placesOf(definition.space)
  const names = places.map(({ id }) => showId(id))
  const trials = progress.trials.map((trial) => ({
    cells: [
      `trial ${trial.trial}`,
      ...places.map((place) => showDrawn(place, trial.parameters)),
      describeOutcome(definition, trial),
      trial.rung === null ? "–" : count(Math.max(...trial.seeds.map(({ iteration }) => iteration))),
    ],
    run: trial.seeds.find(({ run }) => run !== null)?.run ?? null,
  }))
  const finalists = (result?.finalists ?? []).map(({ parameters, retrained, runs, searched, trial }) => ({
    cells: [
      `trial ${trial}`,
      ...places.map((place) => showDrawn(place, parameters)),
      showObjective(definition, searched),
      showSpread(definition, retrained),
    ],
    run: runs[0] ?? null,
  }))
  return {
    title: name,
    kind: "Sweep",
    facts: [
      ["state", result === undefined ? "not finished" : "finished"],
      ["trials measured", `${count(countMeasured(progress))} of ${count(progress.planned)}`],
      ["strategy", definition.strategy.kind],
      ["objective", objectiveName(definition)],
      ["base", definition.base.name],
      ...(result === undefined ? [] : resultFacts(result)),
    ],
    tables: [
      ...(finalists.length === 0
        ? []
        : [
            {
              title: "Finalists",
              head: [{ name: "" }, ...names.map(numeric), numeric("in the search"), numeric("fresh seeds")],
              rows: finalists,
            },
          ]),
      {
        title: "Trials",
        head: [
          { name: "trial" },
          ...names.map(numeric),
          { name: objectiveName(definition) },
          numeric("iteration"),
        ],
        rows: trials,
      },
    ],
    points: pointsOf(definition, progress),
    bestIs: extremes(definition).best,
    objective: objectiveName(definition),
    isShare: definition.objective === "validationError",
    runs: [
      ...new Set(
        records.flatMap((record) => (record.record === "trial" || record.run === null ? [] : [record.run])),
      ),
    ],
  } satisfies CollectionDetail as CollectionDetail
})

const ensembleDetail = Effect.fnUntraced(function* (runsDir: string, name: string) {
  const { combine, members, test } = yield* readEnsemble(runsDir, name)
  return {
    title: name,
    kind: "Ensemble",
    facts: [
      [
        "test error",
        `${percent(test.error.value)} (95 % interval ${percent(test.error.low)} to ${percent(test.error.high)}, ${count(test.examples)} examples)`,
      ],
      ["combined by", combinationTitle(combine)],
    ],
    tables: [
      {
        title: "Members",
        head: [{ name: "experiment" }, ...["seed", "parameters", "test error"].map(numeric)],
        rows: members.map(({ experiment, parameters, run, seed, testError }) => ({
          cells: [experiment, String(seed), count(parameters), percent(testError)],
          run,
        })),
      },
    ],
    points: [],
    bestIs: "lowest",
    objective: "test error",
    isShare: true,
    runs: members.map(({ run }) => run),
  } satisfies CollectionDetail as CollectionDetail
})

/** `kind` is its word in addresses. Undefined if there is none. */
export const collectionDetail = Effect.fn("collectionDetail")(function* (
  runsDir: string,
  kind: string,
  name: string,
) {
  if (!isName(name)) return undefined
  if (kind === "sweeps") return yield* sweepDetail(runsDir, name)
  if (kind === "ensembles") return yield* ensembleDetail(runsDir, name)
  return undefined
})
