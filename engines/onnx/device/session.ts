/**
 * Sessions of ONNX Runtime on a device: (model, device, outputs that stay there) -> a session, released with the scope.
 *
 * A node that ONNX Runtime would leave to the processor is an error, because it would copy its operands in every step. The
 * processor itself is a device too: the tests run the same models there.
 */
import { Effect } from "effect"
import type { InferenceSession } from "onnxruntime-node"
import { failed, type Ort } from "../runtime.ts"

export interface Device {
  readonly kind: "cpu" | "webgpu"
  /** Threads of the processor. */
  readonly threads: number
}

/** Bytes. Every implementation of WebGPU binds a buffer of this size (`maxStorageBufferBindingSize`). */
export const largestBuffer = 128 * 2 ** 20

const optionsOf = (
  { kind, threads }: Device,
  kept: ReadonlyArray<string>,
): InferenceSession.SessionOptions => ({
  executionProviders: [kind],
  intraOpNumThreads: threads,
  interOpNumThreads: 1,
  graphOptimizationLevel: "all",
  enableMemPattern: false,
  logSeverityLevel: 4,
  ...(kind === "webgpu"
    ? {
        extra: { session: { disable_cpu_ep_fallback: "1" } },
        preferredOutputLocation: Object.fromEntries(kept.map((name) => [name, "gpu-buffer"])),
      }
    : {}),
})

export const openDeviceSession = (
  ort: Ort,
  model: Uint8Array,
  device: Device,
  kept: ReadonlyArray<string> = [],
) =>
  Effect.acquireRelease(
    Effect.tryPromise({
      try: () => ort.InferenceSession.create(model, optionsOf(device, kept)),
      catch: failed("create a session on the device"),
    }),
    (session) => Effect.promise(() => session.release()),
  )
