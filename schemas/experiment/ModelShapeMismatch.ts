/** Layers that do not fit what they are given: one error names all of them. */
import { Schema } from "effect"
import { Failure } from "../Failure.ts"
import { firstLines } from "../shortened.ts"

const misfit = {
  layer: Schema.String,
  found: Schema.String,
  expected: Schema.String,
  advice: Schema.String,
}

/** A layer does not fit its inputs, or the last one does not have one output for each class. */
export class ModelShapeMismatch extends Failure<ModelShapeMismatch>()("ModelShapeMismatch", {
  exitCode: "dataError",
  fields: {
    ...misfit,
    /** Other layers of the model that do not fit, for reasons of their own. */
    others: Schema.optionalKey(Schema.Array(Schema.Struct(misfit))),
  },
  message: ({ advice, expected, found, layer, others = [] }) => {
    if (others.length === 0)
      return `layer ${layer} does not fit: found ${found}, expected ${expected}; ${advice}`
    const lines = [{ advice, expected, found, layer }, ...others].map(
      (one) => `layer ${one.layer}: found ${one.found}, expected ${one.expected}; ${one.advice}`,
    )
    const shown = firstLines(lines).map((line) => `  ${line}`)
    return `${lines.length} layers do not fit:\n${shown.join("\n")}`
  },
}) {}
