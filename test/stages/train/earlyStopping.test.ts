import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { startOfTraining, TrainProgress } from "../../../schemas/Checkpoint.ts"
import { afterEvaluation, shouldStopEarly } from "../../../stages/train/earlyStopping.ts"

const text = Schema.fromJsonString(TrainProgress)
const throughCheckpoint = (progress: TrainProgress) =>
  Schema.decodeUnknownSync(text)(Schema.encodeSync(text)(progress))

type Rules = Parameters<typeof afterEvaluation>[0]
const rules = (minDelta: number, monitor: Rules["monitor"] = "validationAccuracy", patience = 2): Rules => ({
  monitor,
  earlyStopping: { patience, minDelta },
})

/** An evaluation every ten iterations, with a checkpoint encoded and decoded after each. */
const evaluated = (rules: Rules, values: ReadonlyArray<number>, from = startOfTraining) =>
  values.reduce(
    (progress, value) =>
      throughCheckpoint(afterEvaluation(rules, { ...progress, iteration: progress.iteration + 10 }, value)),
    from,
  )

describe("an evaluation", () => {
  it("is the best however small the difference, but resets patience only by more than minDelta", () => {
    const progress = evaluated(rules(0.01), [0.97, 0.975, 0.979])
    assert.deepStrictEqual(progress.best, { iteration: 30, value: 0.979 })
    assert.strictEqual(progress.evaluationsWithoutImprovement, 2)
    assert.isTrue(shouldStopEarly(rules(0.01), progress))
  })

  it("is an improvement if small gains together exceed minDelta", () => {
    const progress = evaluated(rules(0.01), [0.97, 0.975, 0.981])
    assert.deepStrictEqual(progress, {
      ...startOfTraining,
      iteration: 30,
      best: { iteration: 30, value: 0.981 },
      evaluationsWithoutImprovement: 0,
    })
  })

  it("of a metric by its name is better with more of it, or with less if the mode is min", () => {
    const values = [0.5, 0.75, 0.25]
    const most = evaluated(rules(0, { metric: "macroF1", mode: "max" }), values)
    assert.deepStrictEqual(most.best, { iteration: 20, value: 0.75 })
    assert.strictEqual(most.evaluationsWithoutImprovement, 1)
    const least = evaluated(rules(0, { metric: "calibration", mode: "min" }), values)
    assert.deepStrictEqual(least.best, { iteration: 30, value: 0.25 })
  })

  it("with a smaller loss is better, and an equal loss does not replace the best", () => {
    const loss = rules(0.1, "validationLoss", 3)
    const progress = evaluated(loss, [0.5, 0.45, 0.6, 0.45])
    assert.deepStrictEqual(progress.best, { iteration: 20, value: 0.45 })
    assert.strictEqual(progress.evaluationsWithoutImprovement, 3)
    assert.isTrue(shouldStopEarly(loss, progress))
    assert.isFalse(shouldStopEarly(loss, evaluated(loss, [0.35], progress)))
  })

  it("never ends training without early stopping", () => {
    const progress = evaluated({ monitor: "validationAccuracy" }, [0.9, 0.1, 0.1, 0.1])
    assert.strictEqual(progress.evaluationsWithoutImprovement, 3)
    assert.isFalse(shouldStopEarly({ monitor: "validationAccuracy" }, progress))
  })

  it("is compared with the best of a checkpoint of an older version", () => {
    const old = Schema.decodeUnknownSync(text)(
      `{"iteration":10,"window":{"loss":0,"error":0,"iterations":0},"best":{"iteration":10,"value":0.97},"evaluationsWithoutImprovement":0}`,
    )
    assert.strictEqual(evaluated(rules(0.01), [0.979], old).evaluationsWithoutImprovement, 1)
    assert.strictEqual(evaluated(rules(0.01), [0.981], old).evaluationsWithoutImprovement, 0)
  })

  it("is the best of a fork if it is the first, whatever those of the parent were", () => {
    const parent = evaluated(rules(0.01), [0.97, 0.975])
    const fork = { ...parent, best: null, evaluationsWithoutImprovement: 0 }
    assert.deepStrictEqual(evaluated(rules(0.01), [0.5], fork), {
      ...startOfTraining,
      iteration: 30,
      best: { iteration: 30, value: 0.5 },
    })
  })
})
