/**
 * The tables of fields in the documents say what the schemas say: no field is missing, none is invented, types and
 * defaults are the real ones. A failure prints the rows to write.
 */
import { assert, describe, it } from "@effect/vitest"
import type { Schema, SchemaAST } from "effect"
import { Augmentation } from "../../schemas/experiment/Augmentation.ts"
import { Bounds } from "../../schemas/experiment/Bounds.ts"
import { OwnDataset } from "../../schemas/experiment/Dataset.ts"
import { PackedDataset } from "../../schemas/experiment/PackedDataset.ts"
import { OwnCode, OwnFunction } from "../../schemas/experiment/OwnCode.ts"
import { Split } from "../../schemas/experiment/Split.ts"
import { EnsembleOutline } from "../../schemas/Ensemble.ts"
import { Budget, Experiment, MetricFunction } from "../../schemas/experiment/Experiment.ts"
import { NamedMetric } from "../../schemas/experiment/NamedMetric.ts"
import { Gate } from "../../schemas/experiment/Gate.ts"
import { Activation, Margins } from "../../schemas/experiment/layerFields.ts"
import { Layer } from "../../schemas/experiment/Model.ts"
import { Initializer, Regularizer } from "../../schemas/experiment/weights.ts"
import { Clip, LearningRate, Optimizer } from "../../schemas/experiment/Optimizer.ts"
import { Schedule, ScheduledExperiment, Webhook } from "../../schemas/Schedule.ts"
import { type FieldRow, fieldRows, typeText } from "./fieldTypes.ts"
import { anchorOf, readDocument, type Table } from "./markdown.ts"

type Fields = Schema.Struct.Fields

const experiments = readDocument("docs/experiments.md")
const schedules = readDocument("docs/scheduled-retraining.md")

/** One member of a union: its kind, if it has one, and its fields. */
interface Member {
  readonly kind: string | undefined
  readonly fields: Fields
}

const membersOf = (union: { readonly members: ReadonlyArray<{ readonly fields: Fields }> }) =>
  union.members.map(({ fields }): Member => {
    const kind =
      fields.kind !== undefined && "literal" in fields.kind ? String(fields.kind.literal) : undefined
    return { kind, fields }
  })

const layers = membersOf(Layer)
const size = layers.flatMap(({ fields }) => fields.kernelSize ?? [])[0]

/** Types that the tables link to: each has a heading of this name in one of the two documents. */
const links: ReadonlyArray<readonly [{ readonly ast: SchemaAST.AST }, string]> = [
  [OwnFunction, "[own function](#own-code)"],
  [OwnCode, "[own code](#own-code)"],
  [size, "[size](#sizes)"],
  [Margins, "[margins](#margins)"],
  [Activation, "[activation](#activations)"],
  [Initializer, "[initializer](#initializers)"],
  [Regularizer, "[regularizer](#regularizers)"],
  [Layer, "[layer](#layers)"],
  [MetricFunction, "[metric](#metrics)"],
  [NamedMetric, "[named metric](#metrics)"],
  [LearningRate, "[learning rate](#learning-rates)"],
  [Clip, "[clip](#gradient-clipping)"],
  [Optimizer, "[optimizer](#optimizers)"],
  [OwnDataset.fields.trainImages, "[source](#source)"],
  [Bounds, "[bounds](#bounds)"],
  [Experiment.fields.dataset, "[dataset](#datasets)"],
  [Split, "[split](#splits)"],
  [Augmentation, "[augmentation](#augmentation)"],
  [Gate, "[gate](#gate)"],
  [Budget, "[budget](#budget)"],
  [Experiment.fields.evaluateEvery, "[interval](#intervals)"],
  [ScheduledExperiment, "[scheduled experiment](#scheduled-experiment)"],
  [Webhook, "[webhook](#webhook)"],
]
const named = new Map<string, string>()
for (const [{ ast }, link] of links) named.set(typeText(ast, named), link)

const code = (text: string) => `\`${text}\``
const cellsOf = ({ default: value, field, type }: FieldRow) => [code(field), type, value]

/** The table of fields under a heading, without the meanings; every meaning says something. */
const tableUnder = (tables: ReadonlyArray<Table>, heading: string) => {
  const table = tables.find((each) => each.heading === heading && each.columns[0] === "field")
  if (table === undefined) throw new Error(`there is no table of fields under "${heading}"`)
  const meaning = table.columns.indexOf("meaning")
  for (const row of table.rows) assert.match(row[meaning], /\w.*[.]$/, `the meaning of ${row[0]}`)
  return table.rows.map((row) => row.filter((_, column) => column !== meaning))
}

const sorted = (rows: ReadonlyArray<ReadonlyArray<string>>) => rows.map((row) => row.join(" | ")).sort()

describe("a table of fields", () => {
  const structs: ReadonlyArray<readonly [string, Fields, typeof experiments]> = [
    ["Experiment", Experiment.fields, experiments],
    ["Own dataset", OwnDataset.fields, experiments],
    ["Source", OwnDataset.fields.trainImages.fields, experiments],
    ["Bounds", Bounds.fields, experiments],
    ["Augmentation", Augmentation.fields, experiments],
    ["Regularizers", Regularizer.fields, experiments],
    ["Gate", Gate.fields, experiments],
    ["Ensembles", EnsembleOutline.fields, experiments],
    ["Schedule", Schedule.fields, schedules],
    ["Scheduled experiment", ScheduledExperiment.fields, schedules],
    ["Webhook", Webhook.fields, schedules],
  ]
  for (const [heading, fields, document] of structs) {
    it(`${heading} has every field with its type and default`, () => {
      const expected = fieldRows(fields, named).map(cellsOf)
      assert.deepStrictEqual(sorted(tableUnder(document.tables, heading)), sorted(expected))
    })
  }

  /** Fields of several kinds: equal ones are one row, which names the kinds. */
  const unions: ReadonlyArray<readonly [string, ReadonlyArray<Member>]> = [
    ["Files of your own", membersOf(PackedDataset)],
    ["Splits", membersOf(Split)],
    ["Layers", layers],
    ["Initializers", membersOf(Initializer)],
    ["Optimizers", membersOf(Optimizer)],
    ["Learning rates", membersOf(LearningRate)],
    ["Gradient clipping", membersOf(Clip)],
    ["Budget", membersOf(Budget)],
  ]
  for (const [heading, members] of unions) {
    it(`${heading} has every field of every kind with its type and default`, () => {
      const expected = members.flatMap(({ fields, kind }) =>
        fieldRows(fields, named).map((row) => [...(kind === undefined ? [] : [kind]), ...cellsOf(row)]),
      )
      assert.deepStrictEqual(
        sorted(rowsByKind(tableUnder(experiments.tables, heading), members)),
        sorted(expected),
      )
    })
  }

  const rowsByKind = (rows: ReadonlyArray<ReadonlyArray<string>>, members: ReadonlyArray<Member>) => {
    if (members[0].kind === undefined) return rows
    return rows.flatMap(([field, of, ...rest]) => kindsOf(of, members).map((kind) => [kind, field, ...rest]))
  }

  /** `conv2d`, `dense`; all; all but `add`. */
  const kindsOf = (cell: string, members: ReadonlyArray<Member>) => {
    const listed = [...cell.matchAll(/`([^`]+)`/g)].map(([, kind]) => kind)
    if (!cell.startsWith("all")) return listed
    return members.flatMap(({ kind }) => (kind === undefined || listed.includes(kind) ? [] : [kind]))
  }
})

describe("the document of experiments", () => {
  it("describes every kind of layer", () => {
    const table = experiments.tables.find(({ columns }) => columns[0] === "layer")
    assert.deepStrictEqual(
      table?.rows.map(([layer]) => layer),
      layers.map(({ kind }) => code(String(kind))),
    )
  })

  it("lists every activation and every dataset", () => {
    const text = experiments.lines.join("\n")
    for (const name of Activation.literals) assert.include(text, `\`"${name}"\``)
    for (const name of Experiment.fields.dataset.members[0].literals) assert.include(text, `\`"${name}"\``)
  })

  it("has a heading for every type that a table links to", () => {
    const anchors = [...experiments.headings, ...schedules.headings].map(anchorOf)
    for (const [, link] of links) assert.include(anchors, /#([^)]+)/.exec(link)?.[1])
  })
})
