/**
 * Where a trial pauses, and what it is judged by: (experiment, share of its budget) -> an iteration, (rows of metrics) ->
 * the objective.
 */
import type { Experiment } from "../../schemas/experiment/Experiment.ts"
import { costOf } from "../../schemas/experiment/NamedMetric.ts"
import type { Metric, ValidationMetric } from "../../schemas/Metric.ts"
import type { Objective } from "../../schemas/Sweep.ts"
import { makePlan } from "../../stages/train/plan.ts"

/**
 * The first evaluation at or after a share of the budget, so that each trial has a new figure at each barrier. Null at the
 * end of the budget, which may be in epochs.
 */
export const barrierOf = (experiment: Experiment, share: number): number | null => {
  const { budget } = experiment
  if (share >= 1 || !("iterations" in budget)) return null
  // Intervals in epochs need the number of examples; those of evaluations are in iterations here.
  const plan = makePlan(experiment, 1)
  let iteration = Math.max(1, Math.ceil(budget.iterations * share - 1e-9))
  while (iteration < budget.iterations && plan.dueAt(iteration).evaluation === undefined) iteration++
  return iteration < budget.iterations ? iteration : null
}

const validationRows = (rows: ReadonlyArray<Metric>, until: number): ReadonlyArray<ValidationMetric> =>
  rows.flatMap((row) => (row.split === "validation" && row.iteration <= until ? [row] : []))

/** The evaluation that counts at an iteration: the last one, or the best one if the best checkpoint would be tested. */
export const evaluationAt = (
  { monitor, report }: Pick<Experiment, "monitor" | "report">,
  rows: ReadonlyArray<Metric>,
  until: number,
): ValidationMetric | undefined => {
  const found = validationRows(rows, until)
  if (report === "last") return found.at(-1)
  const badness = (row: ValidationMetric) => {
    if (typeof monitor !== "string") return costOf(monitor, row) ?? Number.POSITIVE_INFINITY
    return monitor === "validationLoss" ? row.loss : -row.accuracy
  }
  return found.reduce<ValidationMetric | undefined>(
    (best, row) => (best === undefined || badness(row) < badness(best) ? row : best),
    undefined,
  )
}

/** What is minimized: of a metric with mode max, its negative. */
export const objectiveOf = (objective: Objective, row: ValidationMetric): number => {
  if (typeof objective === "string") return objective === "validationError" ? row.error : row.loss
  const cost = costOf(objective, row)
  if (cost === undefined) throw new Error(`an evaluation has no metric ${objective.metric}`)
  return cost
}
