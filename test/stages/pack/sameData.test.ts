import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { FetchHttpClient } from "effect/http"
import { Dataset } from "../../../schemas/experiment/Dataset.ts"
import { fetchDataset } from "../../../stages/fetch/fetch.ts"
import { loadDataset } from "../../../stages/dataset/load.ts"
import { packedKinds, writeMnistFiles } from "../../fixtures/mnistFiles.ts"

const scratch = mkdtempSync(join(tmpdir(), "tidemark-pack-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

let written: Awaited<ReturnType<typeof writeMnistFiles>>
beforeAll(async () => {
  written = await writeMnistFiles(join(scratch, "set"))
})

const fetched = (dataset: unknown, cache: string) =>
  fetchDataset({
    dataset: Schema.decodeUnknownSync(Dataset)(dataset),
    dataDir: join(scratch, cache),
  }).pipe(Effect.provide([NodeServices.layer, FetchHttpClient.layer]))

describe("the same images in several formats", () => {
  for (const kind of packedKinds) {
    it.effect(`${kind} is packed to the bytes of the IDX files`, () =>
      Effect.gen(function* () {
        const idx = yield* fetched(written.idx, "idx")
        const packed = yield* fetched(written.packed[kind], kind)
        for (const name of ["trainImages", "trainLabels", "testImages", "testLabels"] as const) {
          assert.strictEqual(packed.files[name].sha256, idx.files[name].sha256, name)
        }
        assert.deepStrictEqual(packed.classNames, [..."0123456789"])
        const data = yield* loadDataset(packed)
        assert.deepStrictEqual([data.trainExamples, data.testExamples], [240, 60])
      }).pipe(Effect.provide(NodeServices.layer)),
    )
  }
})
