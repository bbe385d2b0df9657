/**
 * The events at the start of TensorBoard's log: (experiment, network, dataset, train split) -> graph, images,
 * hyperparameters.
 */
import { Effect } from "effect"
import type { Experiment } from "../../schemas/experiment/Experiment.ts"
import { encodeGraph, type EventContent } from "../../storage/tensorboard/proto.ts"
import { sessionStart } from "../../storage/tensorboard/session.ts"
import type { LoadedDataset } from "../dataset/load.ts"
import type { Network } from "../model/model.ts"
import { networkGraph } from "../model/networkGraph.ts"
import { sampleImages } from "../dataset/sampleImages.ts"

export const eventOpening = Effect.fn("eventOpening")(function* (options: {
  readonly experiment: Experiment
  readonly network: Network
  readonly dataset: LoadedDataset
  /** Indices of the train split. */
  readonly train: Uint32Array
}) {
  const { dataset, experiment, network, train } = options
  const graph = yield* networkGraph(network).pipe(
    Effect.map((graph): ReadonlyArray<EventContent> => [{ graphDef: encodeGraph(graph) }]),
    // The reference engine can train a program that cannot be traced. Its log has no graph.
    Effect.catch(({ detail, kernel, layer }) =>
      Effect.as(Effect.logDebug(`no graph for TensorBoard: ${kernel} of layer ${layer}: ${detail}`), []),
    ),
  )
  const images = yield* sampleImages(dataset, train)
  const opening: ReadonlyArray<EventContent> = [
    ...graph,
    ...images.map((image): EventContent => ({ summary: { value: [image] } })),
    sessionStart(experiment),
  ]
  return opening
})
