/**
 * A loaded SavedModel: (Native, bytes, names) -> signatures, released with the scope.
 *
 * The package reads SavedModels from a folder, so one is written to a temporary folder, which is removed with the scope. All
 * signatures share one session of TensorFlow, and so the variables.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect } from "effect"
import { EngineFailed } from "../Engine.ts"
import { tag } from "./compile.ts"
import type { Native, NativeTensor, Signature } from "./native.ts"

export const engineName = "tensorflow"

export const failed = (operation: string) => (error: unknown) =>
  new EngineFailed({
    engine: engineName,
    operation,
    // The first line only: TensorFlow appends the whole graph.
    reason: (error instanceof Error ? error.message : String(error)).trim().split("\n", 1)[0],
  })

/** Runs `signature` on `inputs` and passes its outputs to `use`. Inputs and outputs are disposed. */
export const call = <T>(
  signature: Signature,
  inputs: Readonly<Record<string, NativeTensor>>,
  use: (outputs: Readonly<Record<string, NativeTensor>>) => T,
): T => {
  let outputs: Readonly<Record<string, NativeTensor>> = {}
  try {
    outputs = signature.predict(inputs)
    return use(outputs)
  } finally {
    for (const tensor of [...Object.values(inputs), ...Object.values(outputs)]) tensor.dispose()
  }
}

export const openSession = Effect.fnUntraced(function* <K extends string>(
  native: Native,
  savedModel: Uint8Array,
  signatures: ReadonlyArray<K>,
) {
  const folder = yield* Effect.acquireRelease(
    Effect.tryPromise({
      try: async () => {
        const path = await mkdtemp(join(tmpdir(), "tidemark-tensorflow-"))
        await writeFile(join(path, "saved_model.pb"), savedModel)
        return path
      },
      catch: failed("write the graph"),
    }),
    (path) => Effect.promise(() => rm(path, { recursive: true, force: true })),
  )
  const open = (signature: K) =>
    Effect.acquireRelease(
      Effect.tryPromise({
        try: () => native.node.loadSavedModel(folder, [tag], signature),
        catch: failed("create a session"),
      }),
      (loaded) => Effect.sync(() => loaded.dispose()),
    )
  const opened = yield* Effect.forEach(signatures, (name) =>
    Effect.map(open(name), (signature) => [name, signature] as const),
  )
  return Object.fromEntries(opened) as Record<K, Signature>
})
