/** The layers of a network as text, in the manner of Keras's `model.summary()`: (layers of a report) -> lines. */
import type { Report } from "../../schemas/Report.ts"
import { count } from "../../format/numbers.ts"
import { table } from "./table.ts"

/** A layer without a name of its own is named by its kind, as conv2d_1. */
const titleOf = ({ kind, name }: Report["layers"][number]) =>
  name.startsWith(`${kind}_`) ? name : `${name} (${kind})`

export const renderLayers = (layers: Report["layers"]): string =>
  table(
    ["layer", "output", "parameters"],
    layers.map((layer) => [titleOf(layer), layer.output.join(" × "), count(layer.parameters)]),
  )
