/** Traces a program for an engine: (engine's name, variables, feeds, function) -> trace, or KernelNotSupported. */
import type * as tf from "@tensorflow/tfjs-core"
import { Effect } from "effect"
import { frameOf } from "../../schemas/ownCode/frames.ts"
import { KernelNotSupported } from "../Engine.ts"
import { TraceRefused } from "./backend.ts"
import { trace } from "./trace.ts"

export const traceProgram = <Output extends string>(
  engine: string,
  variables: ReadonlyArray<tf.Variable>,
  feeds: Parameters<typeof trace>[1],
  run: (feeds: Readonly<Record<string, tf.Tensor>>) => Readonly<Record<Output, tf.Tensor>>,
) =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(trace(variables, feeds, run))
    } catch (error) {
      if (!(error instanceof TraceRefused)) throw error
      const { detail, kernel, layer } = error
      // In own code, the line too.
      const frame = frameOf(error.stack)
      const place = frame === undefined ? layer : `${layer} (${frame.file}:${frame.line})`
      return Effect.fail(new KernelNotSupported({ engine, kernel, layer: place, detail }))
    }
  })
