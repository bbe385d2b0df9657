/** Own code that is broken, impure or does not fit: one line says where and what to do. refusals.long.test.ts has more. */
import { assert, describe, it } from "@effect/vitest"
import { layer, problemOf } from "./brokenCode.ts"

describe("own code is refused", () => {
  it("if it uses the process's random numbers or reads a value while it is traced, with the line", async () => {
    assert.match(
      await problemOf(layer("return tf.mul(input, Math.random())")),
      /^own code own of own\d+\.ts failed: layer custom_1: it calls Math\.random in call \(own\d+\.ts:6\); draw from the generator/,
    )
    assert.match(
      await problemOf(layer("return tf.mul(input, input.dataSync()[0])")),
      /failed: layer custom_1: input input\/0 is read during the trace, before it has a number, at call \(own\d+\.ts:6\)/,
    )
  }, 60_000)

  it("if it throws, with the line", async () => {
    assert.match(
      await problemOf(layer(`throw new Error("mine")`)),
      /^own code own of own\d+\.ts failed: layer custom_1: mine, at call \(own\d+\.ts:6\)$/,
    )
    assert.match(await problemOf(`throw new Error("top")`), /failed: top, at own\d+\.ts:4$/)
    assert.match(await problemOf(`export const own = {{`), /failed: .*, at own\d+\.ts:4$/)
  }, 60_000)

  it("if it never returns", async () => {
    const text = await problemOf(layer("for (;;) {}"), undefined, 4)
    assert.match(text, /it still runs after 4 s; a function must return$/)
  }, 60_000)

  it("if its options do not fit its schema, with their paths", async () => {
    const text = await problemOf(
      layer("return input", `options: Schema.Struct({ ratio: Schema.Int }),`),
      `model: [{ ...own, options: { ratio: "4", more: 1 } }, { kind: "flatten" }, dense]`,
    )
    assert.match(text, /model\[0\]\.options\.ratio: /)
    assert.match(text, /model\[0\]\.options\.more: /)
  }, 60_000)

  it("if it keeps something between calls", async () => {
    const counting = `let calls = 0\n${layer("calls++; return tf.mul(input, calls)")}`
    assert.match(await problemOf(counting), /it does something else when it runs a second time/)
    const counted = `let calls = 0\nexport const own = defineMetric({ call: () => calls++ })`
    assert.match(
      await problemOf(counted, "metrics: { mine: own }"),
      /it gives another result when it is called a second time/,
    )
  }, 60_000)

  it("if a learning rate is computed from the one before, which a resumed run does not know", async () => {
    const decaying = `let last = 0
export const own = defineSchedule({
  call: ({ iteration }) => (last = iteration === 0 ? 0.1 : last * 0.99),
})`
    assert.match(
      await problemOf(decaying, `optimizer: { kind: "sgd", learningRate: own }`),
      /^own code own of own\d+\.ts failed: it gives another result when it is called a second time; keep nothing between calls$/,
    )
  }, 60_000)
})
