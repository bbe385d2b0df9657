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
