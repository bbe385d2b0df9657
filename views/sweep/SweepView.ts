import type { SweepProgress } from "../../operations/sweep/progress.ts"
import type { Savings } from "../../operations/sweep/savings.ts"
import type { SweepDefinition, SweepResult } from "../../schemas/Sweep.ts"
import type { HasReport } from "../page/runLink.ts"

/** What the page of a sweep is made from. */
export interface SweepView {
  readonly runsDir: string
  readonly definition: SweepDefinition
  readonly progress: SweepProgress
  /** Undefined until the sweep has ended. */
  readonly result: SweepResult | undefined
  readonly savings: Savings | null
  readonly hasReport: HasReport
}
