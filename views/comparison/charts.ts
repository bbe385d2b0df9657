/**
 * The charts of a comparison: (Comparison) -> test errors, differences with their intervals, and curves overlaid.
 */
import { Effect } from "effect"
import { readMetrics } from "../../storage/metricsLog.ts"
import { legend, lineChart, type Series } from "../page/lineChart.ts"
import { figure, gallery } from "../page/figures.ts"
import { type Html, html } from "../page/html.ts"
import { intervalChart } from "../page/intervalChart.ts"
import { paragraph, type Section } from "../page/page.ts"
import { table } from "../page/tables.ts"
import type { ComparedUnit, Comparison } from "../../operations/compare/Comparison.ts"
import { count, measure, percent, percentTick, points, pValue } from "../../format/numbers.ts"

/** The name of a unit in a narrow chart. */
const shortName = ({ label, name }: ComparedUnit) =>
  `${label}: ${name.length > 14 ? `${name.slice(0, 13)}…` : name}`

/** The name of a unit in a legend. */
const nameOf = ({ label, name, runs, seeds }: ComparedUnit) =>
  `${label}: ${name}, ${runs.length === 1 ? `seed ${seeds[0] ?? "?"}` : `${runs.length} runs`}`

/** Labels alone if all units have one name. */
const namesOf = (units: ReadonlyArray<ComparedUnit>): ReadonlyArray<string> =>
  new Set(units.map(({ name }) => name)).size > 1 ? units.map(shortName) : units.map(({ label }) => label)

export const errorsFigure = ({ units }: Comparison): Html | null => {
  const names = namesOf(units)
  const estimates = units.flatMap(({ figures, label, spread }, color) => {
    const found = spread ?? figures.testError
    if (found === null) return []
    const { high, low, value } = found
    const tooltip = `${label}: ${percent(value)}, ${percent(low)} to ${percent(high)}`
    const within = { low: Math.max(0, low), high: Math.min(1, high) }
    return [{ name: names[color], color, value, ...within, filled: true, tooltip }]
  })
  const drawn = intervalChart({
    alternative: `Test errors with 95 % intervals: ${estimates.map(({ tooltip }) => tooltip).join("; ")}`,
    x: { label: "test error", format: percentTick },
    estimates,
  })
  return drawn === null
    ? null
    : figure({
        title: "Test error",
        caption:
          "With 95 % intervals; the numbers are in the table above. Overlapping intervals do not rule out a significant difference.",
        picture: drawn,
      })
}

/** Each with the interval of the test that counts; differences that are not significant are drawn hollow. */
export const differencesFigure = ({ tests, units }: Comparison): Html | null => {
  const names = namesOf(units)
  const positions = new Map(units.map(({ label }, i) => [label, i]))
  const estimates = tests.map(({ correctedP, difference, second, significant }) => ({
    name: names[positions.get(second) ?? 0],
    color: positions.get(second) ?? 0,
    value: 100 * difference.value,
    low: 100 * difference.low,
    high: 100 * difference.high,
    filled: significant,
    tooltip: `${second}: ${points(difference.value)} points, ${points(difference.low)} to ${points(difference.high)}, ${pValue(correctedP)}`,
  }))
  const drawn = intervalChart({
    alternative: `Differences of the test error from ${tests[0]?.first ?? "A"}, in percentage points: ${estimates.map(({ tooltip }) => tooltip).join("; ")}`,
    x: { label: `points above ${tests[0]?.first ?? "A"}`, format: measure },
    estimates,
    at: 0,
  })
  if (drawn === null) return null
  return figure({
    title: `Difference of the test error from ${tests[0].first}`,
    caption: `In percentage points, with 95 % intervals; left of 0 is better than ${tests[0].first}. Filled dots are significant, hollow dots are not.`,
    picture: drawn,
    data: table({
      caption: "Differences of the test error in percentage points",
      columns: [
        "",
        { name: "difference", numeric: true },
        { name: "95 % interval", numeric: true },
        { name: "p", numeric: true },
        "significant",
      ].map((column) => (column === "" ? { name: html`<span class="hidden">label</span>` } : column)),
      rows: tests.map(({ correctedP, difference, second, significant }) => [
        second,
        points(difference.value),
        `${points(difference.low)} to ${points(difference.high)}`,
        pValue(correctedP),
        significant ? "yes" : "no",
      ]),
    }),
  })
}

interface UnitCurves {
  readonly unit: ComparedUnit
  readonly train: ReadonlyArray<{ readonly iteration: number; readonly error: number; readonly loss: number }>
  readonly validation: ReadonlyArray<{
    readonly iteration: number
    readonly error: number
    readonly loss: number
  }>
}

/** Points per curve: more would make a page with twenty curves large. */
const pointsDrawn = 120

const spaced = <A>(rows: ReadonlyArray<A>): ReadonlyArray<A> => {
  const every = Math.ceil(rows.length / pointsDrawn)
  return rows.filter((_, i) => (i + 1) % every === 0 || i === rows.length - 1)
}

/** A unit has the same colour in every chart. */
const seriesOf = (
  units: ReadonlyArray<ComparedUnit>,
  unit: ComparedUnit,
  points: Series["points"],
): Series => ({
  name: nameOf(unit),
  color: units.indexOf(unit),
  points,
})

const curveFigure = (
  units: ReadonlyArray<ComparedUnit>,
  curves: ReadonlyArray<UnitCurves>,
  split: "train" | "validation",
  of: "loss" | "error",
) => {
  const drawn = curves.filter((one) => one[split].length > 0)
  // A run with one evaluation is a dot among the curves of others; dots alone make no chart.
  if (!drawn.some((one) => one[split].length > 1)) return null
  const write = of === "error" ? percent : measure
  const name = `${split === "train" ? "Training" : "Validation"} ${of}`
  const series = drawn.map(({ unit, ...rows }): Series => ({
    ...seriesOf(
      units,
      unit,
      spaced(rows[split]).map((row) => ({ x: row.iteration, y: row[of] })),
    ),
    mark: unit.label,
  }))
  const last = drawn.map(
    ({ unit, ...rows }) => `${unit.label} ends at ${write(rows[split].at(-1)?.[of] ?? Number.NaN)}`,
  )
  const chart = lineChart({
    alternative: `${name} by iteration: ${last.join(", ")}`,
    x: { label: "iteration" },
    y: { label: of, scale: "magnitude", ...(of === "error" ? { format: percentTick } : {}) },
    series,
    legend: false,
  })
  return figure({
    title: name,
    picture: chart,
    data: table({
      caption: `${name}: first, lowest and last value`,
      columns: [
        "run",
        { name: "first", numeric: true },
        { name: "lowest", numeric: true },
        { name: "last", numeric: true },
        { name: "iterations", numeric: true },
      ],
      rows: drawn.map(({ unit, ...rows }) => [
        nameOf(unit),
        write(rows[split][0][of]),
        write(Math.min(...rows[split].map((row) => row[of]))),
        write(rows[split].at(-1)?.[of] ?? Number.NaN),
        count(rows[split].at(-1)?.iteration ?? 0),
      ]),
    }),
  })
}

/** The curves of a run, or of the first seed of a group. */
const readCurves = Effect.fnUntraced(function* (unit: ComparedUnit) {
  const rows = yield* readMetrics(unit.figures.path).pipe(Effect.orElseSucceed(() => []))
  return {
    unit,
    train: rows.filter((row) => row.split === "train"),
    validation: unit.figures.curve,
  } satisfies UnitCurves
})

export const curvesSection = Effect.fnUntraced(function* ({ units }: Comparison) {
  const curves = yield* Effect.forEach(units, readCurves)
  const figures = [
    curveFigure(units, curves, "validation", "error"),
    curveFigure(units, curves, "validation", "loss"),
    curveFigure(units, curves, "train", "error"),
    curveFigure(units, curves, "train", "loss"),
  ].filter((found) => found !== null)
  if (figures.length === 0) return null
  const grouped = units.some(({ runs }) => runs.length > 1)
  const section: Section = {
    id: "curves",
    title: "Learning curves",
    content: [
      grouped ? paragraph("A group is represented by its first seed.") : null,
      legend(units.map((unit) => seriesOf(units, unit, []))),
      gallery(figures),
    ],
  }
  return section
})
