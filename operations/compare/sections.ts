/**
 * A comparison as sections, in reading order: (Comparison) -> tables and sentences. The terminal, Markdown and the
 * page show the same ones.
 */
import { duration } from "../../format/duration.ts"
import { size } from "../../format/size.ts"
import type { Comparison, ComparedUnit } from "./Comparison.ts"
import type { OneSided, UnitComparison } from "./compareGroups.ts"
import { method, verdict } from "./verdict.ts"

export interface Cells {
  readonly head: ReadonlyArray<string>
  readonly rows: ReadonlyArray<ReadonlyArray<string>>
  /** Number of left-aligned columns, from the first. */
  readonly left: number
}

export interface Sentence {
  readonly text: string
  /** It qualifies the sentence before it. */
  readonly isDetail: boolean
}

export interface Section {
  readonly id: "runs" | "differences" | "results" | "tests" | "cost"
  readonly title: string
  readonly table: Cells | null
  readonly sentences: ReadonlyArray<Sentence>
}

const sentence = (text: string): Sentence => ({ text, isDetail: false })
const detail = (text: string): Sentence => ({ text, isDetail: true })

const percent = (share: number) => (100 * share).toFixed(2)
const withInterval = (
  estimate: { readonly value: number; readonly low: number | null; readonly high: number | null } | null,
) =>
  estimate === null
    ? "–"
    : estimate.low === null || estimate.high === null
      ? percent(estimate.value)
      : `${percent(estimate.value)} (${percent(Math.max(0, estimate.low))} to ${percent(Math.min(1, estimate.high))})`

const runsOf = ({ runs }: ComparedUnit) =>
  runs.length === 1 ? runs[0] : `${runs[0]} and ${runs.length - 1} more`

const seedsOf = ({ seeds }: ComparedUnit) =>
  seeds.length > 8 ? `${seeds.length} seeds` : seeds.map((seed) => seed ?? "?").join(", ")

const units = ({ units }: Comparison): Section => ({
  id: "runs",
  title: "Compared runs",
  table: {
    head: ["", "run", "seed", "status"],
    rows: units.map((unit) => [unit.label, runsOf(unit), seedsOf(unit), unit.figures.status]),
    left: 4,
  },
  sentences: [],
})

/** A table with a column per unit for a few units, one line per unit for many. */
const differing = ({ differing, units }: Comparison): Section => {
  const heading = { id: "differences", title: "Differences between the experiments" } as const
  if (differing.length === 0) return { ...heading, table: null, sentences: [sentence("none")] }
  const cut = (text: string, most: number) => (text.length > most ? `${text.slice(0, most - 1)}…` : text)
  if (units.length <= 3) {
    return {
      ...heading,
      table: {
        head: ["field", ...units.map(({ label }) => label)],
        rows: differing.map(({ path, values }) => [
          path,
          ...units.map(({ label }) => cut(values[label], 24)),
        ]),
        left: 1 + units.length,
      },
      sentences: [],
    }
  }
  return {
    ...heading,
    table: null,
    sentences: units.map(({ label }) =>
      sentence(
        `${label}: ${differing.map(({ path, values }) => `${path} ${cut(values[label], 120)}`).join(", ")}`,
      ),
    ),
  }
}

const results = ({ spread, units }: Comparison): Section => {
  const grouped = units.some((unit) => unit.spread !== null)
  return {
    id: "results",
    title: "Test and validation error in %, with 95 % intervals",
    table: {
      head: ["", "test error", ...(grouped ? ["std. dev."] : []), "validation error", "test loss"],
      rows: units.map(({ figures, label, spread, validation }) => [
        label,
        withInterval(spread ?? figures.testError),
        ...(grouped ? [spread === null ? "–" : percent(spread.deviation)] : []),
        withInterval(validation ?? figures.validationError),
        spread === null ? (figures.testLoss?.toPrecision(3) ?? "–") : "–",
      ]),
      left: 1,
    },
    sentences: [
      ...(grouped
        ? [
            sentence(
              "Several seeds: mean error with Student's t interval over the seeds, and the standard deviation of the test error over the seeds. A single run: error with Wilson's interval over its examples.",
            ),
          ]
        : []),
      ...(spread === null
        ? []
        : [
            sentence(
              `All runs are seeds of one experiment: mean test error ${withInterval(spread)} % over ${spread.n} seeds (Student's t interval), standard deviation ${percent(spread.deviation)} points.`,
            ),
          ]),
    ],
  }
}

/** Made once: creating a formatter costs more than formatting a number. */
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 })

const cost = ({ units }: Comparison): Section => ({
  id: "cost",
  title: "Size and speed",
  table: {
    head: ["", "iterations", "parameters", "training", "images/s", "peak memory", "engine"],
    rows: units.map(({ figures, label }) => [
      label,
      String(figures.iterations ?? "–"),
      figures.parameters === null ? "–" : whole.format(figures.parameters),
      figures.trainSeconds === null ? "–" : duration(figures.trainSeconds),
      figures.imagesPerSecond === null ? "–" : whole.format(figures.imagesPerSecond),
      figures.peakMemoryBytes === null ? "–" : size(figures.peakMemoryBytes),
      figures.engine,
    ]),
    left: 1,
  },
  sentences: units.some(({ spread }) => spread !== null)
    ? [sentence("A group is represented by its first seed.")]
    : [],
})

const examples = (label: string, other: string, { count, first }: OneSided) =>
  count === 0
    ? `${label} is right on no example that ${other} gets wrong.`
    : `${label} is right on ${count} examples that ${other} gets wrong: ${first.map(({ index, label }) => `${index} (label ${label})`).join(", ")}${count > first.length ? ", …" : ""}`

const sentencesOf = (test: UnitComparison): ReadonlyArray<Sentence> => [
  sentence(`${verdict(test)}.`),
  detail(`Method: ${method(test)}.`),
  ...test.remarks.map((remark) => detail(`Note: ${remark}.`)),
  ...(test.onlyFirstRight === null || test.onlySecondRight === null
    ? []
    : [
        detail(examples(test.first, test.second, test.onlyFirstRight)),
        detail(examples(test.second, test.first, test.onlySecondRight)),
      ]),
]

const tests = ({ correction, tests, untested }: Comparison): Section => ({
  id: "tests",
  title: "Significance tests",
  table: null,
  sentences: [
    ...tests.flatMap(sentencesOf),
    ...untested.map(({ first, reason, second }) =>
      sentence(`${second} and ${first}: not tested: ${reason}.`),
    ),
    ...(tests.some(({ onlyFirstRight }) => onlyFirstRight !== null)
      ? [sentence("Examples are identified by their index in the dataset, training files first.")]
      : []),
    ...(correction === null
      ? []
      : [sentence(`Each is tested against ${tests[0].first}; p-values include ${correction}.`)]),
  ],
})

export const sections = (comparison: Comparison): ReadonlyArray<Section> => [
  units(comparison),
  differing(comparison),
  results(comparison),
  tests(comparison),
  cost(comparison),
]
