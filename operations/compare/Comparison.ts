/**
 * A comparison of runs: (runs) -> one plain value with everything that a table, a page or a script shows.
 *
 * A unit is a run, or a group of runs that differ in their seed alone. Each unit is tested against the first one. If
 * there are many, only the ones with the lowest validation error are tested: that choice does not use the test split,
 * and Holm's correction counts every test made.
 */
import { Effect, Option, Result, Schema } from "effect"
import { holm, type Spread } from "../../stages/statistics/significance.ts"
import type { RunDamaged } from "../../storage/runDirectory.ts"
import type { RunHeader } from "../../storage/runHeader.ts"
import { differences } from "../../pipeline/lineage/difference.ts"
import { type CurvePoint, readFigures, type RunFigures } from "../../inspect/RunFigures.ts"
import { cachePredictions } from "./predictions.ts"
import { compareGroups, type Untested, type UnitComparison } from "./compareGroups.ts"
import { decisiveFields, labelOf, type Member, type Unit, unitsOf, withoutSeed } from "./groups.ts"

/** The fields of a layer that its short description shows. */
const LayerGlance = Schema.Struct({
  kind: Schema.String,
  filters: Schema.optionalKey(Schema.Finite),
  units: Schema.optionalKey(Schema.Finite),
  rate: Schema.optionalKey(Schema.Finite),
})
type LayerGlance = typeof LayerGlance.Type
const decodeLayers = Schema.decodeUnknownOption(Schema.Array(LayerGlance))

/** Units that are shown and tested in addition to the baseline. */
const unitsShown = 20

export interface ComparedUnit {
  readonly label: string
  readonly name: string
  readonly runs: ReadonlyArray<string>
  /** Of the runs that count: tested ones, each seed once. */
  readonly seeds: ReadonlyArray<number | null>
  /** Mean test error over the seeds with Student's 95 % interval; null with fewer than two seeds. */
  readonly spread: Spread | null
  /** The same for the validation error. */
  readonly validation: Spread | null
  /** Of the run, or of the first seed of a group. */
  readonly figures: RunFigures
}

export interface DifferingField {
  /** Such as optimizer/learningRate/value. */
  readonly path: string
  /** JSON text by unit label. */
  readonly values: Readonly<Record<string, string>>
}

export interface Comparison {
  readonly units: ReadonlyArray<ComparedUnit>
  /** Mean test error over all runs, if they are seeds of one experiment. */
  readonly spread: Spread | null
  readonly differing: ReadonlyArray<DifferingField>
  readonly tests: ReadonlyArray<UnitComparison>
  readonly untested: ReadonlyArray<Untested>
  /** The correction of the p-values for the number of tests; null for one test. */
  readonly correction: string | null
  readonly curves: ReadonlyArray<{ readonly label: string; readonly points: ReadonlyArray<CurvePoint> }>
  /** Number of units that are not shown because there are too many. */
  readonly unitsLeftOut: number
  /** What is missing or should be known, one sentence each. */
  readonly remarks: ReadonlyArray<string>
}

const layersOf = (model: Schema.Json | undefined): ReadonlyArray<LayerGlance> =>
  Option.getOrElse(decodeLayers(model), () => [])

/** Such as "flatten, dense(100), dense(10)". */
const describeLayers = (layers: ReadonlyArray<LayerGlance>) =>
  layers
    .map(({ filters, kind, rate, units }) => {
      const size = filters ?? units ?? rate
      return size === undefined ? kind : `${kind}(${size})`
    })
    .join(", ")

const kindsOf = (layers: ReadonlyArray<LayerGlance>) => layers.map(({ kind }) => kind).join()

/** Networks with different kinds of layers have no comparable fields: each is then described as a whole. */
const fieldsOf = (units: ReadonlyArray<Unit>) => {
  const grouped = units.some(({ members }) => members.length > 1)
  const all = units.map(({ members }) => {
    const fields = decisiveFields(members[0].header)
    return grouped ? withoutSeed(fields) : fields
  })
  const networks = all.map(({ model }) => layersOf(model))
  return new Set(networks.map(kindsOf)).size < 2
    ? all
    : all.map((fields, i) => ({ ...fields, model: describeLayers(networks[i]) }))
}

/** Fields that are not the same in all units. */
const differingFields = (units: ReadonlyArray<Unit>): ReadonlyArray<DifferingField> => {
  const [before, ...others] = fieldsOf(units)
  const rows = new Map<string, Map<string, string>>()
  const baselineValues = new Map<string, string>()
  for (const [i, after] of others.entries()) {
    for (const difference of differences(before, after)) {
      baselineValues.set(difference.path, difference.before)
      const row = rows.get(difference.path) ?? new Map<string, string>()
      rows.set(difference.path, row.set(units[i + 1].label, difference.after))
    }
  }
  return [...rows].map(([path, row]) => ({
    path,
    values: Object.fromEntries(
      units.map(({ label }) => [label, row.get(label) ?? baselineValues.get(path) ?? ""]),
    ),
  }))
}

const comparedUnit = ({ label, members, name, seeds, spread, validation }: Unit): ComparedUnit => ({
  label,
  name,
  runs: members.map(({ figures }) => figures.id),
  seeds: (seeds.length > 0 ? seeds : members).map(({ figures }) => figures.seed),
  spread,
  validation,
  figures: (seeds[0] ?? members[0]).figures,
})

const lowestValidation = ({ seeds, members }: Unit) => {
  const errors = (seeds.length > 0 ? seeds : members).map(
    ({ figures }) => figures.validationError?.value ?? Infinity,
  )
  return errors.reduce((a, b) => a + b, 0) / errors.length
}

/** The baseline and the units with the lowest validation error, in the given order. */
const chosen = (units: ReadonlyArray<Unit>): ReadonlyArray<Unit> => {
  if (units.length <= unitsShown + 1) return units
  const [baseline, ...others] = units
  const best = new Set(
    others.toSorted((a, b) => lowestValidation(a) - lowestValidation(b)).slice(0, unitsShown),
  )
  return [baseline, ...others.filter((unit) => best.has(unit))]
}

const remarksOf = (members: ReadonlyArray<Member>, units: ReadonlyArray<Unit>, unitsLeftOut: number) => {
  const found = members.flatMap(({ figures }) =>
    figures.missing.map((problem) => ({ ...problem, id: figures.id })),
  )
  const remarks = [...Map.groupBy(found, ({ text }) => text)].map(([text, [first, ...others]]) =>
    others.length === 0
      ? `${first.id}: ${text}${first.command === null ? "" : `; get one with \`${first.command}\``}`
      : `${others.length + 1} runs (${first.id}, …): ${text}`,
  )
  for (const { label, members, seeds } of units) {
    const tested = members.filter(({ figures }) => figures.testError !== null).length
    if (tested > seeds.length) {
      remarks.push(
        `${label}: ${tested - seeds.length} runs repeat a seed; only the newest run of each seed counts, since a repetition is no new evidence`,
      )
    }
  }
  if (unitsLeftOut > 0) {
    remarks.push(
      `${unitsLeftOut} more are neither shown nor tested: only the first and the ${unitsShown} with the lowest validation error are`,
    )
  }
  if (members.every(({ figures }) => figures.peakMemoryBytes === null)) {
    remarks.push("none of these runs recorded its peak memory")
  }
  return remarks
}

export const compareRuns = Effect.fn("compareRuns")(function* (
  runs: ReadonlyArray<RunHeader>,
  damaged: ReadonlyArray<RunDamaged>,
) {
  const members: ReadonlyArray<Member> = yield* Effect.forEach(runs, (header) =>
    Effect.map(readFigures(header), (figures) => ({ header, figures })),
  )
  const { units: all, whole } = unitsOf(members)
  const units = chosen(all).map((unit, i) => ({ ...unit, label: labelOf(i) }))
  const [baseline, ...others] = units
  const read = cachePredictions(new Set(baseline.seeds.map(({ figures }) => figures.path)))
  const results = yield* Effect.forEach(others, (unit) => compareGroups(baseline, unit, read))
  const made = results.flatMap((result) => (Result.isSuccess(result) ? [result.success] : []))
  const corrected = holm(made.map(({ difference }) => difference.p))
  const comparison: Comparison = {
    units: units.map(comparedUnit),
    spread: whole?.spread ?? null,
    differing: differingFields(units),
    tests: made.map((test, i) => ({ ...test, correctedP: corrected[i], significant: corrected[i] < 0.05 })),
    untested: results.flatMap((result) => (Result.isFailure(result) ? [result.failure] : [])),
    correction: made.length > 1 ? `Holm's correction for ${made.length} tests` : null,
    curves: units.map(({ label, members, seeds }) => ({
      label,
      points: (seeds[0] ?? members[0]).figures.curve,
    })),
    unitsLeftOut: all.length - units.length,
    remarks: [
      ...damaged.map(({ message }) => message),
      ...remarksOf(members, units, all.length - units.length),
    ],
  }
  return comparison
})
