/** A sweep or an ensemble in full, for its view: (runs folder, name) -> tables of text. */
import { Effect } from "effect"
import { count, percent, points, pValue, threeDigits } from "../../format/numbers.ts"
import { planOf, stateOf } from "../../operations/sweep/decide.ts"
import { placesOf, showDrawn, showId } from "../../operations/sweep/space.ts"
import { readEnsemble } from "../../storage/ensembles.ts"
import { readSweepDefinition, readSweepJournal, readSweepResult } from "../../storage/sweeps.ts"
import type { SweepDefinition, SweepResult } from "../../schemas/Sweep.ts"
import type { CollectionDetail } from "../messages.ts"
import { isName } from "../security/runFolder.ts"

const objectiveName = { validationError: "validation error", validationLoss: "validation loss" } as const

const show = ({ objective }: Pick<SweepDefinition, "objective">, value: number) =>
  objective === "validationError" ? percent(value) : threeDigits(value)

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
          [
            "winner",
            `trial ${winner.trial}: ${winner.isBetter ? "better" : "not better"} than the base (${pValue(winner.difference.p)}; 95 % interval of the difference: ${points(winner.difference.low)} to ${points(winner.difference.high)} points)`,
          ],
          ["test error", `${percent(winner.testError)}, of the base ${percent(winner.baseTestError)}`],
        ] as const)),
  ]
}

export const sweepDetail = Effect.fnUntraced(function* (runsDir: string, name: string) {
  if (!isName(name)) return undefined
  const definition = yield* readSweepDefinition(runsDir, name)
  if (definition === undefined) return undefined
  const result = yield* readSweepResult(runsDir, name)
  const { records } = yield* readSweepJournal(runsDir, name)
  const { drawn, measured } = stateOf(records)
  const places = placesOf(definition.space)
  const all = [...measured.values()]
  const newestOf = (trial: number) => all.findLast((record) => record.trial === trial)
  const trials = [...drawn].map(([trial, parameters]) => {
    const newest = newestOf(trial)
    const outcome =
      newest === undefined
        ? "not measured yet"
        : newest.record === "failed"
          ? `failed: ${newest.reason}`
          : show(definition, newest.value)
    const at = newest?.record === "measured" ? count(newest.iteration) : "–"
    return {
      cells: [`trial ${trial}`, ...places.map((place) => showDrawn(place, parameters)), outcome, at],
      run: newest?.run ?? null,
    }
  })
  const objective = objectiveName[definition.objective]
  const names = places.map(({ id }) => showId(id))
  const finalists = (result?.finalists ?? []).map(({ parameters, retrained, runs, searched, trial }) => ({
    cells: [
      `trial ${trial}`,
      ...places.map((place) => showDrawn(place, parameters)),
      show(definition, searched),
      `${show(definition, retrained.value)} (${show(definition, Math.max(0, retrained.low))} to ${show(definition, retrained.high)})`,
    ],
    run: runs[0] ?? null,
  }))
  const done = new Set(all.flatMap(({ trial }) => (trial === "base" ? [] : [trial]))).size
  return {
    title: name,
    kind: "Sweep",
    facts: [
      ["state", result === undefined ? "not finished" : "finished"],
      ["trials measured", `${count(done)} of ${count(planOf(definition).trials)}`],
      ["strategy", definition.strategy.kind],
      ["objective", objective],
      ["base", definition.base.name],
      ...(result === undefined ? [] : resultFacts(result)),
    ],
    tables: [
      ...(finalists.length === 0
        ? []
        : [{ title: "Finalists", head: ["", ...names, "in the search", "fresh seeds"], rows: finalists }]),
      { title: "Trials", head: ["trial", ...names, objective, "iteration"], rows: trials },
    ],
    points: [...drawn.keys()].flatMap((trial) => {
      const newest = newestOf(trial)
      return newest?.record === "measured" ? [{ trial, value: newest.value, run: newest.run }] : []
    }),
    objective,
    runs: [...new Set(all.map(({ run }) => run))],
  } satisfies CollectionDetail as CollectionDetail
})

export const ensembleDetail = Effect.fnUntraced(function* (runsDir: string, name: string) {
  if (!isName(name)) return undefined
  const { combine, members, test } = yield* readEnsemble(runsDir, name)
  return {
    title: name,
    kind: "Ensemble",
    facts: [
      [
        "test error",
        `${percent(test.error.value)} (95 % interval ${percent(test.error.low)} to ${percent(test.error.high)}, ${count(test.examples)} examples)`,
      ],
      ["combined by", combine === "mean" ? "mean probability" : "majority vote"],
    ],
    tables: [
      {
        title: "Members",
        head: ["experiment", "seed", "parameters", "test error"],
        rows: members.map(({ experiment, parameters, run, seed, testError }) => ({
          cells: [experiment, String(seed), count(parameters), percent(testError)],
          run,
        })),
      },
    ],
    points: [],
    objective: "test error",
    runs: members.map(({ run }) => run),
  } satisfies CollectionDetail as CollectionDetail
})

/** The reader of a kind, by its word in addresses. */
export const collectionDetails = (kind: string) =>
  kind === "sweeps" ? sweepDetail : kind === "ensembles" ? ensembleDetail : undefined
