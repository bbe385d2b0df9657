/** The environment variables that are set before TensorFlow starts. */
import { afterEach, assert, describe, it } from "@effect/vitest"
import { setEnvironment } from "../../engines/tensorflow/native.ts"

const name = "TF_DETERMINISTIC_OPS"
const before = { ...process.env }
afterEach(() => {
  for (const key of Object.keys(process.env)) if (!(key in before)) delete process.env[key]
  Object.assign(process.env, before)
})

const settingOn = (gpu: boolean, own?: string) => {
  delete process.env[name]
  if (own !== undefined) process.env[name] = own
  setEnvironment({ threads: 2, quiet: true, gpu })
  return process.env[name]
}

const threadsWith = (threads: number, gpu: boolean) => {
  setEnvironment({ threads, quiet: true, gpu })
  return [process.env.TF_NUM_INTRAOP_THREADS, process.env.TF_NUM_INTEROP_THREADS]
}

describe("TensorFlow has threads", () => {
  it("between operations as many as there are, and one less in them, because two halves of the batch are computed in parallel", () => {
    assert.deepStrictEqual(threadsWith(1, false), ["1", "1"])
    assert.deepStrictEqual(threadsWith(2, false), ["1", "2"])
    assert.deepStrictEqual(threadsWith(5, false), ["4", "5"])
  })

  it("for both as many as there are on a GPU, where the batch is whole", () => {
    assert.deepStrictEqual(threadsWith(4, true), ["4", "4"])
  })
})

describe("TensorFlow is set to deterministic operations", () => {
  it("on a GPU", () => {
    assert.strictEqual(settingOn(true), "1")
  })

  it("but not on a CPU, where all are deterministic", () => {
    assert.isUndefined(settingOn(false))
  })

  it("unless the user has set the variable", () => {
    assert.strictEqual(settingOn(true, "0"), "0")
    assert.strictEqual(settingOn(false, "0"), "0")
  })
})
