/** The fast path is used if its operators are correct, and not if one of them is wrong in any form. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
// oxlint-disable-next-line import/no-unassigned-import -- loading it registers the gradients of TensorFlow.js' kernels
import "@tensorflow/tfjs-layers"
import { Effect } from "effect"
import type { Blocked } from "../../engines/onnx/lowering/blocked.ts"
import type { Name, OnnxGraph } from "../../engines/onnx/graph.ts"
import { probeBlock } from "../../engines/onnx/probe.ts"
import { loadRuntime } from "../../engines/onnx/runtime.ts"
import { cachedCheck, isFastPathCorrect } from "../../engines/onnx/verify.ts"
import { emulatedBlocked } from "./emulatedBlocked.ts"

const { XDG_CACHE_HOME } = process.env
const cache = mkdtempSync(join(tmpdir(), "tidemark-cache-"))
beforeAll(() => {
  process.env.XDG_CACHE_HOME = cache
})
afterAll(() => {
  if (XDG_CACHE_HOME === undefined) delete process.env.XDG_CACHE_HOME
  else process.env.XDG_CACHE_HOME = XDG_CACHE_HOME
  rmSync(cache, { recursive: true })
})

const spoilt = (graph: OnnxGraph, x: Name, wrong: boolean) =>
  wrong ? graph.op("Mul", [x, graph.scalar(1.01)]) : x

/** Operators of which one is wrong by a hundredth in one form. */
const defects: Readonly<Record<string, (right: Blocked) => Partial<Blocked>>> = {
  "a reorder of fours that fill no whole block": ({ block, reorderInput }) => ({
    reorderInput: (graph, x, shape, last) =>
      spoilt(graph, reorderInput(graph, x, shape, last), shape[1] % block === 4),
  }),
  "a reorder of whole blocks": ({ block, reorderInput }) => ({
    reorderInput: (graph, x, shape, last) =>
      spoilt(graph, reorderInput(graph, x, shape, last), shape[1] % block === 0),
  }),
  "a convolution that steps": ({ convolution }) => ({
    convolution: (graph, conv) => spoilt(graph, convolution(graph, conv), conv.strides[0] > 1),
  }),
  "a convolution of four blocks": ({ block, convolution }) => ({
    convolution: (graph, conv) => spoilt(graph, convolution(graph, conv), conv.inShape[1] === 4 * block),
  }),
  "a depthwise convolution": ({ convolution }) => ({
    convolution: (graph, conv) => spoilt(graph, convolution(graph, conv), conv.depthwise === true),
  }),
  "a convolution in groups": ({ convolution }) => ({
    convolution: (graph, conv) => spoilt(graph, convolution(graph, conv), (conv.groups ?? 1) > 1),
  }),
  "a convolution that is added to an image": ({ convolution }) => ({
    convolution: (graph, conv) => spoilt(graph, convolution(graph, conv), conv.sum !== undefined),
  }),
  "average pooling": ({ averagePool }) => ({
    averagePool: (graph, ...rest) => spoilt(graph, averagePool(graph, ...rest), true),
  }),
  pooling: ({ maxPool }) => ({
    maxPool: (graph, ...rest) => spoilt(graph, maxPool(graph, ...rest), true),
  }),
}

const native = await Effect.runPromise(Effect.flatMap(loadRuntime, probeBlock))
for (const right of [
  ...(native === undefined ? [] : [native]),
  emulatedBlocked(native?.block === 16 ? 8 : 16),
]) {
  const isTrusted = (blocked: Blocked) =>
    Effect.flatMap(loadRuntime, (ort) => isFastPathCorrect(ort, blocked))

  describe(`blocks of ${right.block}, ${right === native ? "native" : "emulated"}`, () => {
    it.effect("are correct", () =>
      Effect.gen(function* () {
        assert.isTrue(yield* isTrusted(right))
      }),
    )
    for (const [name, defect] of Object.entries(defects)) {
      it.effect(`are not used if ${name} is wrong`, () =>
        Effect.gen(function* () {
          assert.isFalse(yield* isTrusted({ ...right, ...defect(right) }))
        }),
      )
    }
  })
}

describe("the cached result of the check", () => {
  /** The check ran this often; `result`: what it returns. */
  let runs = 0
  const checked = (result: boolean, block: number, versions: ReadonlyArray<string>, text: string) =>
    cachedCheck(
      Effect.sync(() => {
        runs++
        return result
      }),
      block,
      versions,
      text,
    )

  it.effect("is read while processor, block, versions and the text of the engines are the same", () =>
    Effect.gen(function* () {
      runs = 0
      assert.isTrue(yield* checked(true, 16, ["1.0", "4.22"], "text"))
      assert.isTrue(yield* checked(false, 16, ["1.0", "4.22"], "text"))
      assert.strictEqual(runs, 1)
      assert.isFalse(yield* checked(false, 8, ["1.0", "4.22"], "text"))
      assert.isFalse(yield* checked(false, 16, ["1.1", "4.22"], "text"))
      assert.isFalse(yield* checked(false, 16, ["1.0", "4.23"], "text"))
      assert.isFalse(yield* checked(false, 16, ["1.0", "4.22"], "edited text"))
      assert.strictEqual(runs, 5)
    }),
  )

  it.effect("is not kept if the fast path is wrong", () =>
    Effect.gen(function* () {
      runs = 0
      assert.isFalse(yield* checked(false, 16, ["wrong"], "text"))
      assert.isFalse(yield* checked(false, 16, ["wrong"], "text"))
      assert.strictEqual(runs, 2)
    }),
  )
})
