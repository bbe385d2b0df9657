/** The network of an experiment before its data is there: (experiment) -> Program, scoped. Its dataset is described, not read. */
import { imagesStayBytes } from "../stages/batch/fillBatch.ts"
import { buildProgram } from "../stages/model/model.ts"
import { describeDataset } from "../stages/fetch/datasets.ts"
import type { Experiment } from "../schemas/experiment/Experiment.ts"

export const programOf = (experiment: Experiment) => {
  const { classes, imageShape } = describeDataset(experiment.dataset)
  const imagesAreBytes = imagesStayBytes(experiment)
  return buildProgram({ ...experiment, inputShape: imageShape, classes, imagesAreBytes })
}
