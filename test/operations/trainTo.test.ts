/** Training up to a point: with how many threads, and on which engine, an interrupted run is resumed. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, beforeAll, describe, it, vi } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import { engineChanges } from "../../pipeline/engineChanges.ts"
import { StopSignal } from "../../pipeline/StopSignal.ts"
import { Experiment } from "../../schemas/experiment/Experiment.ts"
import { type Target, threadsToResume, trainTo } from "../../operations/trainTo.ts"
import { readRun } from "../../storage/runDirectory.ts"
import { engineInfo, gpuEngineInfo } from "../fixtures/engineInfo.ts"
import { writeFinishedRun } from "../fixtures/finishedRun.ts"
import { recordDisplay } from "../fixtures/recordDisplay.ts"
import tiny from "../fixtures/tiny.ts"

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

describe("an interrupted run of a GPU", () => {
  let runsDir: string
  beforeAll(() => (runsDir = mkdtempSync(join(tmpdir(), "tidemark-train-to-"))))
  afterAll(() => rmSync(runsDir, { recursive: true, force: true }))

  const target: Target = {
    experiment: Schema.decodeUnknownSync(Experiment)(tiny),
    fingerprint: "f",
    file: { path: "tiny.ts", fingerprint: "f" },
    overrides: {},
    pauseAt: undefined,
  }
  const resume = (device: "cpu" | undefined) =>
    Effect.gen(function* () {
      const path = writeFinishedRun({
        runsDir,
        second: 1,
        right: [true],
        status: "interrupted",
        engine: gpuEngineInfo,
      })
      const options = { engine: "auto", threads: 1, runsDir, dataDir: "data", resumeWith: [] } as const
      const given = { ...options, device, onOtherEngine: "refuse" } as const
      return yield* Effect.flip(trainTo(target, [yield* readRun(path)], given))
    }).pipe(
      Effect.provide([NodeServices.layer, FetchHttpClient.layer, recordDisplay().layer, StopSignal.layer]),
      Effect.runPromise,
    )

  it("is resumed on the processor with --device cpu, else on a GPU", async () => {
    vi.stubEnv("VK_DRIVER_FILES", "/nonexistent/icd.json")
    const here = await resume("cpu")
    assert.strictEqual(here._tag, "OtherEngine")
    assert.match(here.message, /device was gpu \(NVIDIA H100 PCIe\), now cpu/)
    const there = await resume(undefined)
    assert.match(there.message, /engine onnx with --device gpu is not available/)
    vi.unstubAllEnvs()
  })
})
