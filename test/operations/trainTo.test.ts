/** Training up to a point: with how many threads an interrupted run is resumed. */
import { assert, describe, it } from "@effect/vitest"
import { engineChanges } from "../../pipeline/engineChanges.ts"
import { threadsToResume } from "../../operations/trainTo.ts"
import { engineInfo } from "../fixtures/engineInfo.ts"

const before = { ...engineInfo, threads: 3, threadsChangeBits: true }

describe("an interrupted run", () => {
  it("keeps its number of threads on a worker that has another one, if that changes the last bits", () => {
    const threads = threadsToResume(before, { onOtherEngine: "refuse", threads: 1 })
    assert.strictEqual(threads, 3)
    assert.deepStrictEqual(engineChanges(before, { ...before, threads: threads ?? 0 }), [])
  })

  it("has the threads of its worker if they change no bits, and those that a command asks for", () => {
    const plain = { ...before, threadsChangeBits: false }
    assert.strictEqual(threadsToResume(plain, { onOtherEngine: "refuse", threads: 1 }), 1)
    assert.strictEqual(threadsToResume(before, { onOtherEngine: "restart", threads: 1 }), 1)
    assert.strictEqual(threadsToResume(before, { onOtherEngine: "restart", threads: undefined }), 3)
  })
})
