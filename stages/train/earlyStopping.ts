/**
 * The best evaluation and early stopping: (progress, value of the monitored metric) -> progress.
 *
 * The best evaluation is the one with the best value, however small the difference. `minDelta` matters to early
 * stopping only.
 */
import type { TrainProgress } from "../../schemas/Checkpoint.ts"
import type { Experiment } from "../../schemas/experiment/Experiment.ts"

type Rules = Pick<Experiment, "earlyStopping" | "monitor">

/** The progress after an evaluation whose monitored value is `value`, a finite number. */
export const afterEvaluation = (
  { earlyStopping, monitor }: Rules,
  progress: TrainProgress,
  value: number,
): TrainProgress => {
  const { best, improvedTo = best?.value, ...rest } = progress
  const isCost = typeof monitor === "string" ? monitor === "validationLoss" : monitor.mode === "min"
  const gainOver = (other: number) => (isCost ? other - value : value - other)
  const here = { iteration: progress.iteration, value }
  if (best === null || improvedTo === undefined || gainOver(improvedTo) > (earlyStopping?.minDelta ?? 0)) {
    return { ...rest, best: here, evaluationsWithoutImprovement: 0 }
  }
  const bestNow = gainOver(best.value) > 0 ? here : best
  return {
    ...rest,
    best: bestNow,
    ...(improvedTo === bestNow.value ? {} : { improvedTo }),
    evaluationsWithoutImprovement: progress.evaluationsWithoutImprovement + 1,
  }
}

/** Whether early stopping ends training at this point. */
export const shouldStopEarly = ({ earlyStopping }: Rules, progress: TrainProgress): boolean =>
  earlyStopping !== undefined && progress.evaluationsWithoutImprovement >= earlyStopping.patience
