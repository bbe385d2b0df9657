/**
 * How much a job computes: (experiment) -> Workload.
 *
 * The sizes of most datasets are known only after their files were read, which is after the choice, so those of MNIST are assumed.
 */
import type { Workload } from "../../schemas/EngineChoice.ts"
import type { Experiment } from "../../schemas/experiment/Experiment.ts"
import { makePlan } from "../../stages/train/plan.ts"

const assumed = { train: 55_000, validation: 5000, test: 10_000 }

export const workloadOf = (experiment: Experiment): Workload => {
  const { split } = experiment
  const plan = makePlan(experiment, assumed.train)
  let evaluations = 0
  for (let at = plan.nextDue(0); ; at = plan.nextDue(at)) {
    if (plan.dueAt(at).evaluation !== undefined) evaluations++
    if (at >= plan.total) break
  }
  const validation = split.kind === "standard" ? split.validation : assumed.validation
  return { iterations: plan.total, images: evaluations * validation + assumed.test }
}
