/**
 * The service that runs the arithmetic: compiles a program (network, loss and optimizer) into a trainer.
 *
 * A program is written with TensorFlow.js operations (`stages/model/model.ts`). The reference engine executes it as it is
 * written. The others trace it once and run the trace natively. An engine knows nothing of layers, losses or optimizers.
 */
import type * as tf from "@tensorflow/tfjs-core"
import { Context, type Effect, Schema, type Scope } from "effect"
import type { EngineInfo } from "../schemas/EngineInfo.ts"
import { Failure } from "../schemas/Failure.ts"
import { firstLines } from "../schemas/shortened.ts"

/** A value that every iteration is given. */
export interface Feed {
  readonly name: string
  /** Of one iteration, with the batch: images [batch, height, width, channels], labels [batch, classes], learningRate []. */
  readonly shape: ReadonlyArray<number>
  /** Whether an engine is given bytes, and the step a 255th of each. Else both are float32. */
  readonly isBytes?: boolean
}

/** The values of iterations in a row by the feed's name, [iterations, ...shape]: bytes, if the feed says so, or float32. */
export type FeedValues = Readonly<Record<string, Float32Array | Uint8Array>>

/** A part of what one iteration passes to the next: weights, moving statistics, optimizer slots. */
export interface StateTensor {
  readonly name: string
  readonly shape: ReadonlyArray<number>
  /** float32, row-major. */
  readonly data: Float32Array
}
export type State = ReadonlyArray<StateTensor>

export interface Program {
  readonly batchSize: number
  /** [height, width, channels] */
  readonly inputShape: readonly [number, number, number]
  readonly classes: number
  /** `images`, `labels` (one-hot), `learningRate`, then the masks of the dropout layers. */
  readonly feeds: ReadonlyArray<Feed>
  /** Every variable with its initial value, in the order of a checkpoint. */
  readonly variables: ReadonlyArray<tf.Variable>
  /** Updates all variables once. `loss`: mean over the batch; `errorRate`: share of wrong predictions, 0 to 1. */
  readonly step: (feeds: Readonly<Record<string, tf.Tensor>>) => {
    readonly loss: tf.Scalar
    readonly errorRate: tf.Scalar
  }
  /**
   * Images [n, height, width, channels] -> [n, classes]: class probabilities, or outputs that
   * `stages/evaluate/probabilities.ts` turns into probabilities. Without dropout, with moving statistics.
   */
  readonly predict: (images: tf.Tensor4D) => tf.Tensor2D
}

/** The program needs a kernel that this engine does not support. */
export class KernelNotSupported extends Failure<KernelNotSupported>()("KernelNotSupported", {
  exitCode: "dataError",
  fields: { engine: Schema.String, kernel: Schema.String, layer: Schema.String, detail: Schema.String },
  message: ({ detail, engine, kernel, layer }) =>
    `the ${engine} engine does not support ${kernel} of layer ${layer}: ${detail}; use --engine reference or another layer`,
}) {}

/** The engine cannot be used on this machine. `found` and `remedy` are one line each. */
export class EngineNotAvailable extends Failure<EngineNotAvailable>()("EngineNotAvailable", {
  exitCode: "unavailable",
  fields: {
    engine: Schema.String,
    found: Schema.String,
    remedy: Schema.String,
    available: Schema.Array(Schema.String),
    /** It was added to this machine and does not work, which is worth a warning if another engine is used. */
    isBroken: Schema.optionalKey(Schema.Boolean),
  },
  message: ({ available, engine, found, remedy }) =>
    `engine ${engine} is not available: ${found}; ${remedy}; available: ${available.join(", ")}`,
}) {}

/** The GPU does not train this program as the processor does: the network is refused, and others may be trained there. */
export class GpuNotUsable extends Failure<GpuNotUsable>()("GpuNotUsable", {
  exitCode: "dataError",
  fields: { found: Schema.String },
  message: ({ found }) =>
    `the GPU was tried with two steps of this training and cannot be used: ${found}; use --device cpu`,
}) {}

/** The native library failed while it ran. */
export class EngineFailed extends Failure<EngineFailed>()("EngineFailed", {
  exitCode: "software",
  fields: { engine: Schema.String, operation: Schema.String, reason: Schema.String },
  message: ({ engine, operation, reason }) => `the ${engine} engine failed to ${operation}: ${reason}`,
}) {}

/** The state of another program: another network, optimizer or version. */
export class StateMismatch extends Failure<StateMismatch>()("StateMismatch", {
  exitCode: "dataError",
  fields: { problems: Schema.Array(Schema.String) },
  message: ({ problems }) =>
    `the state does not fit this model: ${firstLines(problems, 5).join(", ")}; use a checkpoint of the same model and optimizer`,
}) {}

/** The examples of a dataset in memory. */
export interface Examples {
  readonly count: number
  /** [count, height, width, channels], a byte a value. */
  readonly pixels: Uint8Array
  /** [count], 0 to classes - 1. */
  readonly labels: Int32Array
  /** The input of the network for each byte: [256] for all channels, or [channels, 256]. */
  readonly table: Float32Array
}

export interface Trainer {
  /**
   * Runs `iterations` updates. `feeds` holds the values of all of them. Returns one loss and one error rate for each. The
   * JavaScript thread may be blocked meanwhile.
   *
   * Of examples that are held (`hold`), `indices` [iterations, batch] take the place of `images` and `labels`, with the same bits.
   */
  readonly train: (
    iterations: number,
    feeds: FeedValues,
  ) => Effect.Effect<{ readonly losses: Float32Array; readonly errorRates: Float32Array }, EngineFailed>
  /**
   * Copies examples to the device, unless they are too large: whether they are there. Absent if the engine computes in this
   * process's memory.
   */
  readonly hold?: (examples: Examples) => Effect.Effect<boolean, EngineFailed>
  /** The number of images per call at which `predict` is most efficient. */
  readonly evaluationBatch: number
  /** The program's predictions, row-major [images, classes], for any number of images [images, height, width, channels]. */
  readonly predict: (images: Float32Array) => Effect.Effect<Float32Array, EngineFailed>
  /** A copy of the current state, in the program's order. */
  readonly state: Effect.Effect<State, EngineFailed>
  /** Replaces the whole state. Every variable must be there, with its shape. */
  readonly load: (state: State) => Effect.Effect<void, StateMismatch | EngineFailed>
}

export class Engine extends Context.Service<
  Engine,
  {
    readonly info: EngineInfo
    /** Native resources are released with the scope. */
    readonly compile: (
      program: Program,
    ) => Effect.Effect<Trainer, KernelNotSupported | GpuNotUsable | EngineFailed, Scope.Scope>
  }
>()("tidemark/engines/Engine") {}
