/**
 * What an evaluation changes: (where train stands, value of the monitored metric) -> the best so far and how long ago it was
 * that training got on.
 *
 * The best evaluation is the best by however little; `minDelta` is for patience alone.
 */
import type { TrainProgress } from "../../schemas/Checkpoint.ts"
import type { Experiment } from "../../schemas/Experiment.ts"

type Rules = Pick<Experiment, "earlyStopping" | "monitor">

/** Where train stands after an evaluation gave `value`, a finite number. */
export const afterEvaluation = (
  { earlyStopping, monitor }: Rules,
  progress: TrainProgress,
  value: number,
): TrainProgress => {
  const { best, improvedTo = best?.value, ...same } = progress
  const gainOver = (other: number) => (monitor === "validationLoss" ? other - value : value - other)
  const here = { iteration: progress.iteration, value }
  if (best === null || improvedTo === undefined || gainOver(improvedTo) > (earlyStopping?.minDelta ?? 0)) {
    return { ...same, best: here, evaluationsWithoutImprovement: 0 }
  }
  const bestNow = gainOver(best.value) > 0 ? here : best
  return {
    ...same,
    best: bestNow,
    ...(improvedTo === bestNow.value ? {} : { improvedTo }),
    evaluationsWithoutImprovement: progress.evaluationsWithoutImprovement + 1,
  }
}

/** Whether early stopping ends training here. */
export const isExhausted = ({ earlyStopping }: Rules, progress: TrainProgress): boolean =>
  earlyStopping !== undefined && progress.evaluationsWithoutImprovement >= earlyStopping.patience
