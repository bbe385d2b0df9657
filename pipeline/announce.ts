/** The first line of an attempt, for people: (experiment, engine) -> "Training cnn on MNIST with ONNX Runtime (2 threads)". */
import { datasetTitle } from "../format/datasetTitle.ts"
import { engineTitle } from "../format/engineTitle.ts"
import type { EngineInfo } from "../schemas/EngineInfo.ts"
import type { Experiment } from "../schemas/experiment/Experiment.ts"

export const announce = (
  verb: "Training" | "Resuming",
  { dataset, name }: Pick<Experiment, "dataset" | "name">,
  engine: EngineInfo,
): string => {
  const title = typeof dataset === "string" ? datasetTitle(dataset) : dataset.name
  return `${verb} ${name} on ${title} with ${engineTitle(engine)}`
}
