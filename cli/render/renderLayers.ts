/** The layers of a network as text, in the manner of Keras's `model.summary()`: (layers of a report) -> lines. */
import type { Report } from "../../schemas/Report.ts"
import { count } from "../../format/numbers.ts"
import { table } from "./table.ts"

export const renderLayers = (layers: Report["layers"]): string =>
  table(
    ["layer", "kind", "output", "parameters"],
    layers.map(({ kind, name, output, parameters }) => [name, kind, output.join(" × "), count(parameters)]),
    2,
  )
