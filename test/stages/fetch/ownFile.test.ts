import { readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Runtime } from "effect"
import type { OwnDataset } from "../../../schemas/experiment/Dataset.ts"
import { fetchDataset } from "../../../stages/fetch/fetch.ts"
import { isStillCached } from "../../../stages/fetch/isStillCached.ts"
import {
  type Respond,
  content,
  corrupted,
  hangs,
  names,
  page,
  run,
  sends,
  sha256,
  status,
  useServer,
  zipped,
} from "./server.ts"

const server = useServer()

const own = (source: string, digest?: string): OwnDataset => {
  const file = digest === undefined ? { source } : { source, sha256: digest }
  return {
    name: "own",
    classes: 10,
    imageShape: [28, 28],
    trainImages: file,
    trainLabels: file,
    testImages: file,
    testLabels: file,
  }
}

const write = (name: string, bytes: Uint8Array) =>
  Effect.promise(async () => {
    const path = join(server.dataDir, name)
    await writeFile(path, bytes)
    return path
  })

const fetchOwn = (source: string, digest?: string) =>
  run(fetchDataset({ dataset: own(source, digest), dataDir: server.dataDir })).pipe(
    Effect.map(({ files }) => files.testLabels),
  )

describe("a user's own dataset", () => {
  it.live("is refused if a path is a device, or a folder", () =>
    Effect.gen(function* () {
      for (const [path, found] of [
        ["/dev/zero", "a character device"],
        [server.dataDir, "a folder"],
      ] as const) {
        const error = yield* Effect.flip(fetchOwn(path))
        assert.strictEqual(error.message, `cannot read ${path}: it is ${found}, not a regular file`)
        assert.strictEqual(error[Runtime.errorExitCode], 65)
      }
    }),
  )

  it.live.each([content, zipped])(
    "is copied into the cache under its digest, uncompressed or gzip (case %#)",
    (bytes) =>
      Effect.gen(function* () {
        const path = yield* write("mine", bytes)
        const file = yield* fetchOwn(path)
        assert.strictEqual(file.path, join(server.dataDir, "own", `${sha256(content)}.idx`))
        assert.strictEqual(sha256(yield* Effect.promise(() => readFile(file.path))), sha256(content))
      }),
  )

  it.live("that changes is new content for the next run, and not for a run that has started", () =>
    Effect.gen(function* () {
      const path = yield* write("mine", content)
      const before = yield* run(fetchDataset({ dataset: own(path), dataDir: server.dataDir }))
      yield* write("mine", corrupted)
      const after = yield* fetchOwn(path)
      assert.strictEqual(after.sha256, sha256(corrupted))
      assert.isTrue(yield* run(isStillCached(before)))
      yield* Effect.promise(() => writeFile(before.files.trainImages.path, page))
      assert.isFalse(yield* run(isStillCached(before)))
    }),
  )

  it.live("of a resumed run is the content it started with, or an error if that is lost", () =>
    Effect.gen(function* () {
      const path = yield* write("mine", content)
      const recorded = yield* run(fetchDataset({ dataset: own(path), dataDir: server.dataDir }))
      const again = run(fetchDataset({ dataset: own(path), dataDir: server.dataDir, recorded }))
      yield* write("mine", corrupted)
      assert.strictEqual((yield* again).files.testLabels.sha256, sha256(content))

      yield* Effect.promise(() => rm(join(server.dataDir, "own"), { recursive: true }))
      const replaced = yield* Effect.flip(again)
      if (replaced._tag !== "DataNotAvailable") return assert.fail(replaced._tag)
      assert.include(replaced.sources[0].found, `SHA-256 ${sha256(corrupted)}`)
      assert.include(replaced.sources[0].expected, sha256(content))
      assert.include(replaced.message, `put it back at ${path}, or start a new run`)
      assert.deepStrictEqual(yield* Effect.promise(() => names(join(server.dataDir, "own"))), [])

      yield* Effect.promise(() => rm(path))
      assert.include(
        (yield* Effect.flip(again)).message,
        `${path}: found no file, expected SHA-256 ${sha256(content)}`,
      )

      yield* write("mine", content)
      assert.strictEqual((yield* again).files.testLabels.sha256, sha256(content))
    }),
  )

  it.live("that does not exist is an error with exit code 66 that names the file in the experiment", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(fetchOwn("no/such/file"))
      assert.strictEqual(error._tag, "OwnFileNotFound")
      assert.strictEqual(error[Runtime.errorExitCode], 66)
      assert.include(error.message, `found no file ${join(process.cwd(), "no/such/file")}`)
      assert.include(error.message, "dataset.trainImages.source")
    }),
  )

  it.live("must have the digest in the experiment", () =>
    Effect.gen(function* () {
      const path = yield* write("mine", corrupted)
      const error = yield* Effect.flip(fetchOwn(path, sha256(content)))
      if (error._tag !== "DataNotAvailable") return assert.fail(error._tag)
      assert.include(error.sources[0].found, sha256(corrupted))
      assert.include(error.sources[0].expected, sha256(content))
      assert.deepStrictEqual(yield* Effect.promise(() => names(join(server.dataDir, "own"))), [])
    }),
  )

  it.live("with a digest in the experiment is read from its source only once", () =>
    Effect.gen(function* () {
      const path = yield* write("mine", content)
      yield* fetchOwn(path, sha256(content))
      yield* Effect.promise(() => rm(path))
      assert.strictEqual((yield* fetchOwn(path, sha256(content))).source, `cache (${path})`)
    }),
  )

  const versioned =
    (bytes: Uint8Array, headers: Record<string, string>): Respond =>
    (request, response) => {
      const { etag, "last-modified": lastModified } = headers
      const same =
        etag === undefined
          ? request.headers["if-modified-since"] === lastModified
          : request.headers["if-none-match"] === etag
      if (same) response.writeHead(304).end()
      else response.writeHead(200, headers).end(bytes)
    }
  const monday = "Mon, 16 Nov 2026 02:00:00 GMT"

  it.live.each([{ etag: `"one"` }, { "last-modified": monday }])(
    "at a URL is requested at every fetch, and sent again only if it has changed (%j)",
    (headers) =>
      Effect.gen(function* () {
        let sent = 0
        const counts: Respond = (request, response) => {
          response.on("finish", () => (sent += response.statusCode === 200 ? 1 : 0))
          versioned(zipped, headers)(request, response)
        }
        server.responses["/own"] = [counts]
        for (const _ of [1, 2]) {
          assert.strictEqual((yield* fetchOwn(`${server.origin}/own`)).sha256, sha256(content))
        }
        assert.deepStrictEqual([sent, server.requests.length], [1, 8])
        server.responses["/own"] = [versioned(corrupted, { etag: `"two"` })]
        assert.strictEqual((yield* fetchOwn(`${server.origin}/own`)).sha256, sha256(corrupted))
      }),
  )

  it.live("at a URL with new content is a new version, unless the experiment has a digest", () =>
    Effect.gen(function* () {
      server.responses["/own"] = [sends(content)]
      const before = yield* fetchOwn(`${server.origin}/own`)
      server.responses["/own"] = [sends(corrupted)]
      assert.strictEqual((yield* fetchOwn(`${server.origin}/own`)).sha256, sha256(corrupted))
      assert.strictEqual(sha256(yield* Effect.promise(() => readFile(before.path))), sha256(content))
      const count = server.requests.length
      assert.strictEqual((yield* fetchOwn(`${server.origin}/own`, sha256(content))).sha256, sha256(content))
      assert.lengthOf(server.requests, count)
      yield* Effect.promise(() => rm(before.path))
      const error = yield* Effect.flip(fetchOwn(`${server.origin}/own`, sha256(content)))
      if (error._tag !== "DataNotAvailable") return assert.fail(error._tag)
      assert.include(error.sources[0].expected, sha256(content))
    }),
  )

  it.live.each([status(500), status(404), hangs, sends(zipped.subarray(0, 50))])(
    "at a URL that is not available is an error, not the old content, because its labels may be new (case %#)",
    (respond) =>
      Effect.gen(function* () {
        server.responses["/own"] = [sends(zipped)]
        yield* fetchOwn(`${server.origin}/own`)
        server.responses["/own"] = [respond]
        const error = yield* Effect.flip(fetchOwn(`${server.origin}/own`))
        assert.strictEqual(error._tag, "DataNotAvailable")
        assert.strictEqual(error[Runtime.errorExitCode], 69)
        assert.include(error.message, "with its sha256 in the experiment the file is downloaded only once")
        assert.strictEqual((yield* fetchOwn(`${server.origin}/own`, sha256(content))).sha256, sha256(content))
      }),
  )

  it.live("at a URL that does not exist is an error that names it", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(fetchOwn(`${server.origin}/gone`))
      if (error._tag !== "DataNotAvailable") return assert.fail(error._tag)
      assert.deepStrictEqual(error.sources[0], {
        source: `${server.origin}/gone`,
        found: "HTTP status 404",
        expected: "200",
      })
    }),
  )

  it.live("that is a folder is an error", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(fetchOwn(server.dataDir))
      assert.strictEqual(error._tag, "StorageFailed")
      assert.include(error.message, "it is a folder, not a regular file")
    }),
  )

  it.live("at a URL that never ends is given up after the time for one file", () =>
    Effect.gen(function* () {
      server.responses["/drips"] = [
        (_, response) => {
          response.writeHead(200, { "content-length": content.byteLength })
          const timer = setInterval(() => response.write("x"), 10)
          response.on("close", () => clearInterval(timer))
        },
      ]
      const policy = { total: "100 millis", leastBytesPerSecond: 1 } as const
      const url = `${server.origin}/drips`
      const error = yield* Effect.flip(
        run(fetchDataset({ dataset: own(url), dataDir: server.dataDir }), policy),
      )
      assert.include(error.message, "found a download of more than 100ms, expected the file within 100ms")
      assert.strictEqual(error[Runtime.errorExitCode], 69)
    }),
  )

  it.live("at a URL that redirects to itself is given up", () =>
    Effect.gen(function* () {
      server.responses["/loop"] = [
        (request, response) => response.writeHead(302, { location: request.url }).end(),
      ]
      const dataset = own(`${server.origin}/loop`)
      const policy = { stall: "10 seconds", retries: 0 } as const
      const error = yield* Effect.flip(run(fetchDataset({ dataset, dataDir: server.dataDir }), policy))
      assert.include(error.message, "redirect count exceeded")
      assert.strictEqual(error[Runtime.errorExitCode], 69)
    }),
  )

  it.live("of gzip is inflated no further than its IDX header declares, or 1 MiB if it is not IDX", () =>
    Effect.gen(function* () {
      const more = Buffer.concat([content, new Uint8Array(1)])
      for (const [bytes, limit] of [
        [more, content.byteLength],
        [new Uint8Array(2 ** 20 + 1), 2 ** 20],
      ] as const) {
        const error = yield* Effect.flip(fetchOwn(yield* write("mine.gz", gzipSync(bytes))))
        assert.include(error.message, `found a gzip file that inflates to more than ${limit} bytes`)
        assert.strictEqual(error[Runtime.errorExitCode], 65)
      }
    }),
  )
})
