/**
 * Where a training step of the onnx engine spends its time: microseconds per iteration by operator and layer, from ONNX
 * Runtime's own profile.
 *
 *   pnpm bench:profile [--experiment experiments/cnn-fast.ts] [--batch 50] [--threads 1] [--iterations 40] [--top 30]
 *
 * Profiling itself costs some microseconds a node. One thread shows what the work costs; several show which operators do not
 * use them.
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs"
import { cpus, tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Logger } from "effect"
import { table } from "../cli/render/table.ts"
import { nativeBlocked } from "../engines/onnx/lowering/blocked.ts"
import { compileStep } from "../engines/onnx/compile.ts"
import { CurrentState } from "../engines/onnx/CurrentState.ts"
import { probeBlock } from "../engines/onnx/probe.ts"
import { initialState, loadRuntime, openSession, tensorOf } from "../engines/onnx/runtime.ts"
import type { FeedValues } from "../engines/Engine.ts"
import { traceProgram } from "../engines/trace/traceProgram.ts"
import { loadExperiment } from "../pipeline/experimentFile/load.ts"
import { imagesStayBytes } from "../stages/batch/fillBatch.ts"
import { buildProgram } from "../stages/model/model.ts"
import { byteFeedsOf, feedsOf } from "./feeds.ts"

const { values: options } = parseArgs({
  options: {
    experiment: { type: "string", default: "experiments/cnn-fast.ts" },
    batch: { type: "string" },
    threads: { type: "string", default: "1" },
    iterations: { type: "string", default: "40" },
    top: { type: "string", default: "30" },
  },
})

const [threads, iterations, top] = [options.threads, options.iterations, options.top].map(Number)
const scratch = mkdtempSync(join(tmpdir(), "tidemark-profile-"))

interface Event {
  readonly cat: string
  readonly name: string
  readonly dur: number
  readonly args: { readonly op_name?: string }
}

const program = Effect.gen(function* () {
  const { experiment } = yield* loadExperiment(options.experiment, {})
  const batchSize = Number(options.batch ?? experiment.batchSize)
  const imagesAreBytes = imagesStayBytes(experiment)
  const network = yield* buildProgram({
    ...experiment,
    batchSize,
    inputShape: [28, 28, 1],
    classes: 10,
    imagesAreBytes,
  })
  const ort = yield* loadRuntime
  const blocked = (yield* probeBlock(ort)) ?? nativeBlocked(8)
  const stepTrace = yield* traceProgram("onnx", network.variables, network.feeds, network.step)
  const step = compileStep(stepTrace, blocked)
  const session = yield* openSession(ort, step.model, threads, {
    enableProfiling: true,
    profileFilePrefix: join(scratch, "step"),
  })
  const values = (yield* initialState(network)).map(({ data, name }) => [name, data] as const)
  const state = new CurrentState(ort, step.state, new Map(values))
  const given: FeedValues = imagesAreBytes ? byteFeedsOf(network, iterations) : feedsOf(network, iterations)
  const fed = Object.fromEntries(
    network.feeds
      .filter(({ name }) => step.feeds.has(name))
      .map(({ name, shape }) => [name, tensorOf(ort, given[name], [iterations, ...shape])]),
  )
  const count = new ort.Tensor("int64", BigInt64Array.of(BigInt(iterations)), [])
  const run = () => session.run({ iterations: count, ...fed, ...state.tensors })
  yield* Effect.promise(run)
  const start = performance.now()
  yield* Effect.promise(run)
  const milliseconds = (performance.now() - start) / iterations
  session.endProfiling()
  return { batchSize, milliseconds }
})

const profile = async () => {
  try {
    const measured = await Effect.runPromise(
      program.pipe(Effect.scoped, Effect.provide([NodeServices.layer, Logger.layer([])])),
    )
    const [file] = readdirSync(scratch)
    const events = JSON.parse(readFileSync(join(scratch, file), "utf8")) as ReadonlyArray<Event>
    return { ...measured, events }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}
const { batchSize, events, milliseconds } = await profile()

const kernels = events.filter(({ cat, name }) => cat === "Node" && name.endsWith("_kernel_time"))
const perIteration = 1 / (2 * iterations)
const grouped = (key: (event: Event) => string) => {
  const groups = new Map<string, { microseconds: number; nodes: number }>()
  for (const event of kernels) {
    if (event.args.op_name === "Loop") continue
    const group = groups.get(key(event)) ?? { microseconds: 0, nodes: 0 }
    group.microseconds += event.dur * perIteration
    group.nodes += perIteration
    groups.set(key(event), group)
  }
  return [...groups].sort(([, a], [, b]) => b.microseconds - a.microseconds)
}
const rowsOf = (groups: ReturnType<typeof grouped>) =>
  groups
    .slice(0, top)
    .map(([name, { microseconds, nodes }]) => [name, nodes.toFixed(1), microseconds.toFixed(0)])
const inNodes = grouped(() => "all nodes")[0][1]
console.log(`${cpus()[0].model}; ${options.experiment}, batches of ${batchSize}, threads ${threads}`)
console.log(
  `${milliseconds.toFixed(2)} ms an iteration; ${inNodes.nodes.toFixed(0)} nodes, ${(inNodes.microseconds / 1000).toFixed(2)} ms in them`,
)
console.log(table(["operator", "nodes", "µs"], rowsOf(grouped(({ args }) => args.op_name ?? "?"))))
console.log(table(["node", "nodes", "µs"], rowsOf(grouped(({ name }) => name.replace(/_kernel_time$/, "")))))
