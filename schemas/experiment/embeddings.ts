/** Layers that learn vectors: of pixel levels, and of positions. */
import * as Schema from "effect/Schema"
import { common } from "./layerFields.ts"
import { PositiveInt } from "./numbers.ts"
import { Initializer, Regularizer } from "./weights.ts"
import { withDefault } from "./withDefault.ts"

export const Embedding = Schema.Struct({
  kind: Schema.Literal("embedding"),
  ...common,
  /** Levels: equal parts of the range of pixel values, from 2 to 256. 256 are the pixel values themselves. */
  inputDim: Schema.Int.check(Schema.isBetween({ minimum: 2, maximum: 256 })),
  /** Values of the vector of a level. */
  outputDim: PositiveInt,
  /** Initial vectors. Default: randomUniform. */
  embeddingsInitializer: withDefault(Initializer, { kind: "randomUniform" }),
  /** Penalty on the vectors. Default: none. */
  embeddingsRegularizer: Schema.optionalKey(Regularizer),
})

export const PositionEmbedding = Schema.Struct({
  kind: Schema.Literal("positionEmbedding"),
  ...common,
  /** Initial values. Default: truncatedNormal with stddev 0.02. */
  embeddingsInitializer: withDefault(Initializer, { kind: "truncatedNormal", stddev: 0.02 }),
  /** Penalty on the values. Default: none. */
  embeddingsRegularizer: Schema.optionalKey(Regularizer),
})
