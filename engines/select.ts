/**
 * Engines by name: (name, threads) -> Layer of Engine. Their libraries are loaded when the layer is built, not before.
 *
 * `auto` is tensorflow if it was added, else onnx, which comes with the project, else the reference. A new run measures which of
 * the first two is faster (`pipeline/engineChoice/`). A GPU is used by onnx only if it is asked for: with `auto-gpu` if it is
 * faster.
 */
import { Context, Effect, Layer, type Scope } from "effect"
import type { EngineName } from "../schemas/EngineInfo.ts"
import { Engine, type EngineNotAvailable, type Program } from "./Engine.ts"

export interface EngineOptions {
  readonly threads?: number | undefined
  /** The network that is to be trained: what is chosen by measuring is measured with it. */
  readonly program?: Effect.Effect<Program, unknown, Scope.Scope> | undefined
  readonly preferred?: Preferred | undefined
}

/** The engine that `auto` takes if it works here, and why. */
export interface Preferred {
  readonly engine: "onnx" | "tensorflow"
  readonly reason: string
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

const onnxOnGpu = (options: EngineOptions) =>
  Layer.unwrap(
    Effect.map(
      Effect.promise(() => import("./onnx/device/Device.ts")),
      (Device) => Device.layer(options),
    ),
  )

/** Without a network or a card, which two folders tell, the modules of a GPU are not even loaded. */
const onAnyDevice = (options: EngineOptions) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const processor = selectEngine("auto", options)
      const { program } = options
      const { whyNoCard } = yield* Effect.promise(() => import("./onnx/device/vulkan.ts"))
      const why = program === undefined ? "nothing is trained" : whyNoCard()
      if (program === undefined || why !== undefined) {
        return Layer.tap(processor, () => Effect.logDebug(`computing on the processor: ${why}`))
      }
      const choose = yield* Effect.promise(() => import("./onnx/device/choose.ts"))
      return choose.layer(processor, { ...options, program })
    }),
  )

const tensorflow = (options: EngineOptions) =>
  Layer.unwrap(
    Effect.map(
      Effect.promise(() => import("./tensorflow/TensorFlow.ts")),
      (TensorFlow) => TensorFlow.layer(options),
    ),
  )

const tensorflowOnGpu = (options: EngineOptions) =>
  Layer.unwrap(
    Effect.map(
      Effect.promise(() => import("./tensorflow/TensorFlow.ts")),
      (TensorFlow) => TensorFlow.layerOnGpu(options),
    ),
  )

/** Logs the engine and the reason for it. A person is told by the run (`pipeline/announce.ts`) and by `doctor`. */
const logged = (layer: Layer.Layer<Engine, EngineNotAvailable>, reason: string) =>
  Layer.tap(layer, (context) => {
    const { info } = Context.get(context, Engine)
    const threads = info.threads === 1 ? "1 thread" : `${info.threads} threads`
    return Effect.logDebug(`engine ${info.name} (${info.device}, ${info.path}, ${threads}): ${reason}`)
  })

/** The engine after tensorflow. That it was not added is no news; that it was added and does not work is. */
const withoutTensorflow = (options: EngineOptions, { found, isBroken, remedy }: EngineNotAvailable) => {
  const reason = `tensorflow is not available: ${found}; ${remedy}`
  const next = logged(onnx(options), reason).pipe(
    Layer.catch((error) =>
      Layer.unwrap(
        Effect.as(
          Effect.logWarning(`${error.message}; training with the reference engine, which is very slow`),
          reference,
        ),
      ),
    ),
  )
  return isBroken === true ? Layer.unwrap(Effect.as(Effect.logWarning(reason), next)) : next
}

const tensorflowFirst = (options: EngineOptions, reason: string) =>
  logged(tensorflow(options), reason).pipe(Layer.catch((error) => withoutTensorflow(options, error)))

/** The preferred engine, or another one if it does not work here. */
const auto = (options: EngineOptions) => {
  const { engine, reason } = options.preferred ?? {
    engine: "tensorflow",
    reason: "the fastest available engine",
  }
  return engine === "tensorflow"
    ? tensorflowFirst(options, reason)
    : logged(onnx(options), reason).pipe(
        Layer.catch((error) => tensorflowFirst(options, `onnx is not available: ${error.found}`)),
      )
}

export const selectEngine = (
  name: EngineName,
  options: EngineOptions = {},
): Layer.Layer<Engine, EngineNotAvailable> => {
  switch (name) {
    case "onnx":
      return onnx(options)
    case "onnx-gpu":
      return onnxOnGpu(options)
    case "auto-gpu":
      return onAnyDevice(options)
    case "reference":
      return reference
    case "tensorflow":
      return tensorflow(options)
    case "tensorflow-gpu":
      return tensorflowOnGpu(options)
    case "auto":
      return auto(options)
  }
}
