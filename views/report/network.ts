/** The network: (records, filters) -> the section with its layers and the filters of the first one. */
import { Result } from "effect"
import type { Layer } from "../../schemas/experiment/Model.ts"
import { inferShapes } from "../../schemas/experiment/shapes.ts"
import { trainingMemory } from "../../stages/model/memory.ts"
import { figure, picture } from "../page/figures.ts"
import type { Section } from "../page/page.ts"
import { table } from "../page/tables.ts"
import { size } from "../../format/size.ts"
import type { FilterSheet } from "./filters.ts"
import type { RunRecords } from "./RunRecords.ts"
import { count, measure, percent } from "../../format/numbers.ts"

const by = (pair: ReadonlyArray<number>) => pair.join("×")

/** The padding of windows, or the zeros above, below, left and right of an image. */
const paddingOf = (padding: string | ReadonlyArray<ReadonlyArray<number>>) =>
  typeof padding === "string"
    ? padding
    : `padding (${padding.map((pair) => `(${pair.join(", ")})`).join(", ")})`

/** The options of a layer in a few words. */
const optionsOf = (layer: Layer): string => {
  const words: Array<string> = []
  if (layer.inputs !== undefined) words.push(`inputs ${[layer.inputs].flat().join(" and ")}`)
  if ("kernelSize" in layer) words.push(by(layer.kernelSize))
  if ("poolSize" in layer) words.push(by(layer.poolSize))
  if ("strides" in layer && layer.strides !== undefined && by(layer.strides) !== "1×1")
    words.push(`stride ${by(layer.strides)}`)
  if ("depthMultiplier" in layer && layer.depthMultiplier > 1)
    words.push(`depth multiplier ${layer.depthMultiplier}`)
  if ("padding" in layer) words.push(paddingOf(layer.padding))
  if ("size" in layer) words.push(`size ${by(layer.size)}, ${layer.interpolation}`)
  if ("groups" in layer) words.push(layer.groups === -1 ? "a group each channel" : `${layer.groups} groups`)
  if (layer.kind === "embedding") words.push(`${layer.inputDim} levels`, `output dim ${layer.outputDim}`)
  if ("numHeads" in layer) {
    words.push(`${layer.numHeads} heads`, `key dim ${layer.keyDim}`)
    if (layer.valueDim !== undefined) words.push(`value dim ${layer.valueDim}`)
    if (layer.dropout > 0) words.push(`dropout ${layer.dropout}`)
  }
  if ("activation" in layer && layer.activation !== "linear") words.push(layer.activation)
  if ("useBias" in layer && !layer.useBias) words.push("no bias")
  if ("rate" in layer) words.push(`rate ${layer.rate}`)
  if ("alpha" in layer) words.push(`alpha ${layer.alpha}`)
  if ("momentum" in layer) words.push(`momentum ${layer.momentum}`)
  if (layer.kind === "custom") {
    words.push(`${layer.export} of ${layer.module}`)
    for (const [name, value] of Object.entries(layer.options)) words.push(`${name} ${JSON.stringify(value)}`)
  }
  return words.join(", ")
}

const layersOf = ({ dataset, experiment, layers }: RunRecords) => {
  if (layers !== undefined && layers.length > 0) return layers
  if (experiment === undefined || dataset === undefined) return undefined
  return Result.getOrUndefined(inferShapes(experiment.model, dataset.imageShape, dataset.classes))
}

const filtersFigure = (sheet: FilterSheet) => {
  const [height, width, channels] = sheet.size
  const which = sheet.shown < sheet.count ? `${sheet.shown} of ${sheet.count}` : String(sheet.count)
  const colours =
    channels === 1
      ? "Orange weights are positive, blue ones negative; stronger colours are larger weights."
      : "The red, green and blue weights are shown as colours; gray is 0."
  return figure({
    title: `Filters of ${sheet.layer}`,
    caption: `${which} filters of ${height}×${width}${channels === 1 ? "" : `×${channels}`} weights, on a common scale of ±${measure(sheet.largest)}. ${colours}`,
    picture: picture({
      png: sheet.png,
      alternative: `The weights of ${which} filters of layer ${sheet.layer} as small images`,
      width: sheet.width,
      height: sheet.height,
    }),
    data: table({
      caption: "Filters, numbered from 0, row by row from the top left",
      columns: [
        "filter",
        { name: "minimum", numeric: true },
        { name: "maximum", numeric: true },
        { name: "L2 norm", numeric: true },
      ],
      rows: sheet.statistics.map(({ max, min, norm }, filter) => [
        filter,
        measure(min),
        measure(max),
        measure(norm),
      ]),
    }),
    wide: true,
  })
}

export const networkSection = (records: RunRecords, filters: FilterSheet | null): Section | null => {
  const layers = layersOf(records)
  if (layers === undefined) return null
  const total = layers.reduce((sum, { parameters }) => sum + parameters, 0)
  const { dataset, experiment } = records
  const model = experiment?.model
  const memory =
    experiment === undefined || dataset === undefined
      ? ""
      : `; training needs at least ${size(trainingMemory(experiment, layers, dataset.imageShape).totalBytes)}`
  return {
    id: "network",
    title: "Network",
    content: [
      table({
        caption: `${layers.length} layers, ${count(total)} parameters (${size(4 * total)} as float32)${memory}`,
        columns: [
          "layer",
          "kind",
          "options",
          { name: "output", numeric: true },
          { name: "parameters", numeric: true },
          { name: "share", numeric: true },
        ],
        rows: layers.map(({ kind, name, output, parameters }, i) => [
          name,
          kind,
          model?.[i] === undefined ? "" : optionsOf(model[i]),
          by(output),
          count(parameters),
          parameters === 0 ? "" : percent(parameters / total),
        ]),
      }),
      filters === null ? null : filtersFigure(filters),
    ],
  }
}
