/** When the validation split is evaluated. */
import { assert, describe, it } from "@effect/vitest"
import { makePlan } from "../../../stages/train/plan.ts"

type Options = Partial<Parameters<typeof makePlan>[0]>

const planOf = (iterations: number, options: Options = {}) =>
  makePlan(
    {
      batchSize: 10,
      budget: { iterations },
      checkpointEvery: 1000,
      evaluationRules: 2,
      recordEvery: 100,
      ...options,
    },
    1000,
  )

/** The iterations at which something is due, in order: those at which the train loop looks. */
const stops = (plan: ReturnType<typeof makePlan>) => {
  const found: Array<number> = []
  for (let at = plan.nextDue(0); found.at(-1) !== plan.total; at = plan.nextDue(at)) found.push(at)
  return found
}

const evaluations = (iterations: number, options?: Options) => {
  const plan = planOf(iterations, options)
  return stops(plan).filter((iteration) => plan.dueAt(iteration).evaluation !== undefined)
}

describe("the validation split is evaluated", () => {
  it("at the last iteration, whatever the interval", () => {
    assert.deepStrictEqual(evaluations(20), [20])
    assert.deepStrictEqual(evaluations(650, { evaluateEvery: 400 }), [400, 650])
    assert.deepStrictEqual(evaluations(2, { evaluateEvery: { epochs: 1 } }), [2])
    assert.deepStrictEqual(evaluations(250, { evaluateEvery: { epochs: 1 } }), [100, 200, 250])
  })

  it("by default at every fifth of the budget, at least every 1000 iterations and at most every 100", () => {
    assert.deepStrictEqual(evaluations(250), [100, 200, 250])
    assert.deepStrictEqual(evaluations(600), [120, 240, 360, 480, 600])
    assert.deepStrictEqual(evaluations(3001), [601, 1202, 1803, 2404, 3001])
    assert.deepStrictEqual(evaluations(1, { budget: { epochs: 6 } }), [120, 240, 360, 480, 600])
  })

  it("at 100 too if the first interval is 1000 or longer and is not the last", () => {
    assert.deepStrictEqual(evaluations(6000), [100, 1000, 2000, 3000, 4000, 5000, 6000])
    assert.deepStrictEqual(evaluations(2500, { evaluateEvery: 1000 }), [100, 1000, 2000, 2500])
    assert.deepStrictEqual(evaluations(1650, { evaluateEvery: 1650 }), [1650])
    assert.deepStrictEqual(evaluations(2500, { evaluateEvery: 999 }), [999, 1998, 2500])
  })

  it("early without a row of training metrics: the rows after it are means over the same iterations", () => {
    const plan = planOf(6000, { recordEvery: 500 })
    assert.deepStrictEqual(plan.dueAt(100), { checkpoint: false, evaluation: "extra", trainMetric: false })
    assert.deepStrictEqual(plan.dueAt(1000), { checkpoint: true, evaluation: "scheduled", trainMetric: true })
  })

  it("extra at the last iteration if no interval ends there: it counts for nothing else", () => {
    const plan = planOf(650, { evaluateEvery: 400 })
    assert.deepStrictEqual(plan.dueAt(650), { checkpoint: false, evaluation: "extra", trainMetric: false })
    assert.strictEqual(planOf(800, { evaluateEvery: 400 }).dueAt(800).evaluation, "scheduled")
  })

  it("at the same intervals after the budget was extended", () => {
    const experiment = { batchSize: 10, checkpointEvery: 1000, evaluationRules: 2, recordEvery: 100 } as const
    const plan = makePlan({ ...experiment, budget: { iterations: 2000 } }, 1000, { iterations: 900 })
    const due = stops(plan).filter((iteration) => plan.dueAt(iteration).evaluation === "scheduled")
    assert.deepStrictEqual(due.slice(0, 4), [180, 360, 540, 720])
    assert.strictEqual(plan.dueAt(900).evaluation, "scheduled")
    assert.strictEqual(plan.dueAt(2000).evaluation, "extra")
  })

  it("at the ends of intervals only, by the rules of older versions", () => {
    const rules = { evaluationRules: 1 } as const
    assert.deepStrictEqual(evaluations(600, rules), [])
    assert.deepStrictEqual(evaluations(2500, { ...rules, evaluateEvery: 1000 }), [1000, 2000])
    assert.deepStrictEqual(evaluations(2500, rules), [1000, 2000])
  })
})
