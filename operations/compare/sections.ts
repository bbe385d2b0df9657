/**
 * A comparison as sections, in reading order: (Comparison) -> tables and sentences. The terminal, Markdown and the
 * page show the same ones, below the headline (`verdict.ts`).
 */
import { Option, Schema } from "effect"
import { duration } from "../../format/duration.ts"
import { size } from "../../format/size.ts"
import type { Comparison, ComparedUnit } from "./Comparison.ts"
import type { OneSided, UnitComparison } from "./compareGroups.ts"
import { accuracyPercentage, percentage, pNumber, points, threeDigits } from "../../format/numbers.ts"
import { betterOf, partsOf } from "./verdict.ts"

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
  /** Rows of the table that few readers want: the first column says which. */
  readonly more: Cells | null
  readonly sentences: ReadonlyArray<Sentence>
}

const sentence = (text: string): Sentence => ({ text, isDetail: false })
const detail = (text: string): Sentence => ({ text, isDetail: true })

const withInterval = (
  estimate: { readonly value: number; readonly low: number | null; readonly high: number | null } | null,
) =>
  estimate === null
    ? "–"
    : estimate.low === null || estimate.high === null
      ? percentage(estimate.value)
      : `${percentage(estimate.value)} (${percentage(Math.max(0, estimate.low))} to ${percentage(Math.min(1, estimate.high))})`

/** Without the columns that have no value for any unit. */
const withoutEmptyColumns = ({ head, left, rows }: Cells): Cells => {
  const kept = head.map((_, i) => i === 0 || rows.some((row) => row[i] !== "–" && row[i] !== ""))
  return {
    head: head.filter((_, i) => kept[i]),
    rows: rows.map((row) => row.filter((_, i) => kept[i])),
    left: kept.slice(0, left).filter((isKept) => isKept).length,
  }
}

const runsOf = ({ runs }: ComparedUnit) =>
  runs.length === 1 ? runs[0] : `${runs[0]} and ${runs.length - 1} more`

export const seedsOf = ({ seeds }: ComparedUnit) =>
  seeds.length > 8 ? `${seeds.length} seeds` : seeds.map((seed) => seed ?? "?").join(", ")

const units = ({ units }: Comparison): Section => ({
  id: "runs",
  title: "Compared runs",
  table: withoutEmptyColumns({
    head: ["", "run", "seed", "status"],
    rows: units.map((unit) => [
      unit.label,
      runsOf(unit),
      seedsOf(unit),
      units.every(({ figures }) => figures.status === "finished") ? "" : unit.figures.status,
    ]),
    left: 4,
  }),
  more: null,
  sentences: [],
})

const decodeText = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.String))

/** {"epochs":1} */
const flatObject = /^\{(?:"\w+":[^,:{}"[\]]+,?)+\}$/

/** Texts without the quotation marks of JSON, small objects as in an experiment file; any other value as it is. */
const shownValue = (json: string) =>
  flatObject.test(json)
    ? json.replace(/"(\w+)":/g, " $1: ").replace("}", " }")
    : Option.getOrElse(decodeText(json), () => json)

/** More differing fields are folded. */
const fieldsShown = 8

/** With a column per unit: the first fields, and the others. */
export const differencesTable = ({ differing, units }: Comparison): Pick<Section, "table" | "more"> => {
  const cellsOf = (fields: Comparison["differing"]): Cells => ({
    head: ["field", ...units.map(({ label }) => label)],
    rows: fields.map(({ path, values }) => [path, ...units.map(({ label }) => shownValue(values[label]))]),
    left: 1 + units.length,
  })
  return {
    table: cellsOf(differing.slice(0, fieldsShown)),
    more: differing.length > fieldsShown ? cellsOf(differing.slice(fieldsShown)) : null,
  }
}

/** A table for a few units, one line per unit for many: a terminal is narrow. */
const differing = (comparison: Comparison): Section => {
  const { differing, units } = comparison
  const heading = { id: "differences", title: "Differences between the experiments" } as const
  if (differing.length === 0) return { ...heading, table: null, more: null, sentences: [sentence("none")] }
  const cut = (text: string, most: number) => (text.length > most ? `${text.slice(0, most - 1)}…` : text)
  if (units.length <= 3) return { ...heading, ...differencesTable(comparison), sentences: [] }
  const shown = differing.slice(0, fieldsShown)
  const others = differing.slice(fieldsShown).map(({ path }) => path)
  const values = ({ label }: ComparedUnit) =>
    shown.map(({ path, values }) => `${path} ${cut(shownValue(values[label]), 120)}`).join(", ")
  return {
    ...heading,
    table: null,
    more: null,
    sentences: [
      ...units.map((unit) => sentence(`${unit.label}: ${values(unit)}`)),
      ...(others.length === 0
        ? []
        : [sentence(`${others.length} more, which --html shows: ${others.join(", ")}`)]),
    ],
  }
}

/** In per cent, with the accuracy next to the error. */
export const accuracyOf = ({ figures, spread }: ComparedUnit): string => {
  const error = (spread ?? figures.testError)?.value
  return error === undefined ? "–" : accuracyPercentage(error)
}

const results = ({ units }: Comparison): Section => {
  const grouped = units.some((unit) => unit.spread !== null)
  return {
    id: "results",
    title: "Results in %, with 95 % intervals",
    table: withoutEmptyColumns({
      head: ["", "accuracy", "test error", "std. dev.", "validation error", "test loss"],
      rows: units.map((unit) => [
        unit.label,
        accuracyOf(unit),
        withInterval(unit.spread ?? unit.figures.testError),
        unit.spread === null ? "–" : percentage(unit.spread.deviation),
        withInterval(unit.validation ?? unit.figures.validationError),
        unit.spread === null && unit.figures.testLoss !== null ? threeDigits(unit.figures.testLoss) : "–",
      ]),
      left: 1,
    }),
    more: null,
    sentences: grouped
      ? [
          sentence(
            "Several seeds: mean error with Student's t interval over the seeds, and the standard deviation of the test error over the seeds. A single run: error with Wilson's interval over its examples.",
          ),
        ]
      : [],
  }
}

/** Made once: creating a formatter costs more than formatting a number. */
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 })

const cost = ({ units }: Comparison): Section => ({
  id: "cost",
  title: "Size and speed",
  table: withoutEmptyColumns({
    head: ["", "iterations", "parameters", "training", "images/s", "peak memory", "engine"],
    rows: units.map(({ figures, label }) => [
      label,
      figures.iterations === null ? "–" : whole.format(figures.iterations),
      figures.parameters === null ? "–" : whole.format(figures.parameters),
      figures.trainSeconds === null ? "–" : duration(figures.trainSeconds),
      figures.imagesPerSecond === null ? "–" : whole.format(figures.imagesPerSecond),
      figures.peakMemoryBytes === null ? "–" : size(figures.peakMemoryBytes),
      figures.engine,
    ]),
    left: 1,
  }),
  more: null,
  sentences: units.some(({ spread }) => spread !== null)
    ? [sentence("A group is represented by its first seed.")]
    : [],
})

const examples = (label: string, other: string, { count, first }: OneSided) =>
  count === 0
    ? `${label} is right on no example that ${other} gets wrong.`
    : `${label} is right on ${whole.format(count)} examples that ${other} gets wrong: ${first.map(({ index, label }) => `${index} (label ${label})`).join(", ")}${count > first.length ? ", …" : ""}`

const testsTable = ({ correction, tests }: Comparison): Cells =>
  withoutEmptyColumns({
    head: ["", "points", "95 % interval", ...(correction === null ? ["p"] : ["corrected p", "p"]), "result"],
    rows: tests.map((test) => [
      `${test.second} − ${test.first}`,
      points(test.difference.value),
      `${points(test.difference.low)} to ${points(test.difference.high)}`,
      ...(correction === null ? [] : [pNumber(test.correctedP)]),
      pNumber(test.difference.p),
      test.significant ? `${betterOf(test)} is better` : "not significant",
    ]),
    left: 1,
  })

/** Each text once, with the units it concerns unless it concerns all. */
const withoutRepetition = (
  tests: ReadonlyArray<UnitComparison>,
  textsOf: (test: UnitComparison) => ReadonlyArray<string>,
): ReadonlyArray<string> => {
  const found = tests.flatMap((test) => textsOf(test).map((text) => ({ text, label: test.second })))
  return [...Map.groupBy(found, ({ text }) => text)].map(([text, of]) =>
    of.length === tests.length ? text : `${of.map(({ label }) => label).join(", ")}: ${text}`,
  )
}

/** With more tests, the examples on which models differ are left to the page. */
const testsWithExamples = 3

const tests = (comparison: Comparison): Section => {
  const { correction, tests, untested } = comparison
  // The headline has the reason already if there is nothing else.
  const missing = tests.length === 0 && untested.length === 1 ? [] : untested
  const withExamples = tests.length > testsWithExamples ? [] : tests
  const lists = withExamples.flatMap(({ first, onlyFirstRight, onlySecondRight, second }) =>
    onlyFirstRight === null || onlySecondRight === null
      ? []
      : [detail(examples(first, second, onlyFirstRight)), detail(examples(second, first, onlySecondRight))],
  )
  return {
    id: "tests",
    title: "Significance tests",
    table: tests.length === 0 ? null : testsTable(comparison),
    more: null,
    sentences: [
      ...withoutRepetition(tests, ({ examples, method, parts }) => [
        parts.length > 0 ? method : `${method} over ${whole.format(examples)} test examples`,
      ]).map((method) => sentence(`Method: ${method}.`)),
      ...tests.flatMap((test) => partsOf(test) ?? []).map((parts) => detail(`${parts}.`)),
      ...(correction === null
        ? []
        : [sentence(`Each is tested against ${tests[0].first}; p-values include ${correction}.`)]),
      ...withoutRepetition(tests, ({ remarks }) => remarks).map((remark) => sentence(`Note: ${remark}.`)),
      ...(lists.length === 0
        ? []
        : [sentence("Examples by their index in the dataset, training files first:"), ...lists]),
      ...missing.map(({ first, reason, second }) =>
        sentence(`${second} and ${first}: not tested: ${reason}.`),
      ),
    ],
  }
}

export const sections = (comparison: Comparison): ReadonlyArray<Section> => [
  units(comparison),
  results(comparison),
  cost(comparison),
  differing(comparison),
  ...[tests(comparison)].filter(({ sentences, table }) => table !== null || sentences.length > 0),
]
