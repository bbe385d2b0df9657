/** A trained network as one ONNX file: (network, weights, description) -> bytes. The onnx engine encodes it. */
import { Effect } from "effect"
import type { State } from "../../engines/Engine.ts"
import { encodeStandaloneModel } from "../../engines/onnx/standaloneModel.ts"
import type { Network } from "../model/model.ts"
import { asText, type Description } from "./description.ts"
import { standalone } from "./weights.ts"

export const encodeOnnxModel = Effect.fn("encodeOnnxModel")(function* (
  network: Network,
  weights: State,
  description: Description,
) {
  return yield* encodeStandaloneModel(standalone(network, weights), asText(description))
})
