/** More kinds of own code that is broken, impure or does not fit. */
import { assert, describe, it } from "@effect/vitest"
import { layer, problemOf } from "./brokenCode.ts"

describe("own code is refused", () => {
  const impure: ReadonlyArray<readonly [name: string, call: string, expected: RegExp]> = [
    [
      "the process's random numbers",
      "return tf.mul(input, Math.random())",
      /^own code own of own\d+\.ts failed: layer custom_1: it calls Math\.random in call \(own\d+\.ts:6\); draw from the generator/,
    ],
    ["the clock", "return tf.mul(input, Date.now() % 2)", /it calls Date\.now in call \(own\d+\.ts:6\)/],
    ["the date", "return tf.mul(input, new Date().getTime() % 2)", /it calls new Date\(\) in call/],
    [
      "the time of the process",
      "return tf.mul(input, performance.now())",
      /it calls performance\.now in call/,
    ],
    ["the network", `void fetch("http://localhost"); return input`, /it calls fetch in call/],
    ["a timer", "setTimeout(() => {}, 1); return input", /it calls setTimeout in call/],
    [
      "a value while it is traced",
      "return tf.mul(input, input.dataSync()[0])",
      /input input\/0 is read during the trace, before it has a number, at call \(own\d+\.ts:6\)/,
    ],
    [
      "random numbers of TensorFlow.js",
      "return tf.add(input, tf.randomUniform([1]))",
      /failed: .*random.*call \(own\d+\.ts:6\)/i,
    ],
  ]
  for (const [name, call, expected] of impure) {
    it(`if it uses ${name}, with the function and the line`, async () => {
      assert.match(await problemOf(layer(call)), expected)
    }, 60_000)
  }

  it("if it imports a module of Node.js that has effects", async () => {
    const text = await problemOf(`import { readFileSync } from "node:fs"\n${layer("return input")}`)
    assert.match(text, /own\d+\.ts imports node:fs; own code only computes/)
  }, 60_000)

  it("if it ends its process", async () => {
    assert.match(await problemOf(`process.exit(0)`), /it ends its process/)
  }, 60_000)

  it("if the module, the export or its kind is not there", async () => {
    assert.match(
      await problemOf("", `model: [{ ...own, module: "./none.ts" }, { kind: "flatten" }, dense]`),
      /^own code \.\/none\.ts failed: found no file \S+none\.ts; a module is relative to the experiment file/,
    )
    assert.match(await problemOf(`export const other = 1`), /does not export own; it exports other$/)
    assert.match(
      await problemOf(`export const own = 1`),
      /found a number, expected a layer made with defineLayer$/,
    )
    assert.match(
      await problemOf(`export const own = defineMetric({ call: () => 1 })`),
      /at model\[0\]: found a metric, expected a layer made with defineLayer$/,
    )
  }, 60_000)

  it("if its output does not begin with the batch, or differs between batches", async () => {
    assert.match(await problemOf(layer("return tf.sum(input, 0)")), /does not begin with the batch/)
    assert.match(await problemOf(layer("return tf.reshape(input, [-1, 1])")), /does not begin with the batch/)
  }, 60_000)

  it("if a weight has no influence on the loss", async () => {
    const text = await problemOf(layer("return input", `weights: () => ({ unused: { shape: [2] } }),`))
    assert.match(text, /the loss does not depend on weight custom_1\/unused; use it in call/)
  }, 60_000)

  it("if a layer after it does not fit its output, as any layer", async () => {
    const text = await problemOf(layer("return input"), "model: [custom, dense]")
    assert.match(text, /layer dense_1 does not fit: found an input of \[28, 28, 1\]/)
  }, 60_000)

  it("if a metric or a learning rate is no finite number", async () => {
    assert.match(
      await problemOf(`export const own = defineMetric({ call: () => NaN })`, "metrics: { mine: own }"),
      /found NaN, expected a finite number$/,
    )
    assert.match(
      await problemOf(
        `export const own = defineSchedule({ call: () => -1 })`,
        `optimizer: { kind: "sgd", learningRate: own }`,
      ),
      /found -1 at iteration 0, expected a learning rate of at least 0$/,
    )
  }, 60_000)

  it("if it needs more memory than there is", async () => {
    const text = await problemOf(layer("const all = []; for (;;) all.push(new Array(1000).fill(all.length))"))
    assert.match(text, /it needs more than .* of memory to be checked$/)
  }, 120_000)

  it("if it fills arrays of numbers without end", async () => {
    const text = await problemOf(layer("const all = []; for (;;) all.push(new Float64Array(1e6).fill(1))"))
    assert.match(text, /it needs more than .* of memory to be checked$/)
  }, 120_000)
})
