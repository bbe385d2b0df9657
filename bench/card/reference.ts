/**
 * What PyTorch and JAX are given so that they do the same work: node bench/card/reference.ts FILE. Initial weights, five batches of
 * 100 made-up images, and the losses of the onnx engine on the processor with them: FILE.json, .weights, .images, .labels.
 */
import { writeFileSync } from "node:fs"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect } from "effect"
import { Engine } from "../../engines/Engine.ts"
import { exampleFeeds } from "../../engines/exampleFeeds.ts"
import { selectEngine } from "../../engines/select.ts"
import { loadExperiment } from "../../pipeline/experimentFile/load.ts"
import { buildProgram } from "../../stages/model/model.ts"

const file = process.argv[2] ?? "reference"
const [batch, checked] = [100, 5]
/** Adam's rate in `peers.py`. */
const learningRate = 1e-4

const bytesOf = (data: Float32Array | Uint8Array) =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength)

const write = Effect.gen(function* () {
  const { experiment } = yield* loadExperiment("experiments/cnn.ts", {})
  const network = yield* buildProgram({
    ...experiment,
    inputShape: [28, 28, 1],
    classes: 10,
    batchSize: batch,
  })
  const trainer = yield* (yield* Engine).compile(network)
  const initial = new Map((yield* trainer.state).map((tensor) => [tensor.name, tensor]))
  const weights = network.weights.flatMap(({ name }) => initial.get(name) ?? [])
  const feeds = exampleFeeds(network.feeds, network.classes, checked)
  feeds.learningRate.fill(learningRate)
  const { losses } = yield* trainer.train(checked, feeds)
  writeFileSync(`${file}.weights`, Buffer.concat(weights.map(({ data }) => bytesOf(data))))
  writeFileSync(`${file}.images`, bytesOf(feeds.images))
  writeFileSync(`${file}.labels`, bytesOf(feeds.labels))
  const shapes = weights.map(({ name, shape }) => ({ name, shape }))
  writeFileSync(`${file}.json`, JSON.stringify({ batch, checked, weights: shapes, losses: [...losses] }))
  console.log(`losses of the onnx engine on the processor: ${losses.join(" ")}`)
}).pipe(Effect.scoped, Effect.provide(selectEngine("onnx")), Effect.provide(NodeServices.layer))

await Effect.runPromise(write)
