/**
 * Engines by name: (name, threads) -> Layer of Engine. Their libraries are loaded when the layer is built, not before.
 *
 * `auto` is the fastest engine that works here: onnx, or the reference where onnxruntime cannot be loaded.
 */
import { Effect, Layer } from "effect"
import { type Engine, EngineNotAvailable } from "./Engine.ts"

export const engineNames = ["auto", "onnx", "reference", "tensorflow"] as const
export type EngineName = (typeof engineNames)[number]

export interface EngineOptions {
  readonly threads?: number | undefined
}

const onnx = (options: EngineOptions) =>
  Layer.unwrap(
    Effect.map(
      Effect.promise(() => import("./onnx/Onnx.ts")),
      (Onnx) => Onnx.layer(options),
    ),
  )

const reference = Layer.unwrap(
  Effect.map(
    Effect.promise(() => import("./reference.ts")),
    (Reference) => Reference.layer,
  ),
)

const tensorflow = Layer.effectDiscard(
  Effect.fail(
    new EngineNotAvailable({
      engine: "tensorflow",
      reason: "it is not part of this version",
      available: ["onnx", "reference"],
    }),
  ),
)

export const selectEngine = (
  name: EngineName,
  options: EngineOptions = {},
): Layer.Layer<Engine, EngineNotAvailable> => {
  switch (name) {
    case "onnx":
      return onnx(options)
    case "reference":
      return reference
    case "tensorflow":
      return Layer.provideMerge(reference, tensorflow)
    case "auto":
      return onnx(options).pipe(
        Layer.catch((error) =>
          Layer.unwrap(
            Effect.as(
              Effect.logWarning(`${error.message}; training with the reference engine, which is very slow`),
              reference,
            ),
          ),
        ),
      )
  }
}
