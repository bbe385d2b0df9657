/** Addresses of own datasets: file URLs, secrets, odd responses, and what is found in place of a file. */
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { gzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Runtime } from "effect"
import type { Dataset, OwnDataset } from "../../../schemas/experiment/Dataset.ts"
import { addressProblem, hideSecrets, withSecretsOf } from "../../../stages/fetch/address.ts"
import { fetchDataset } from "../../../stages/fetch/fetch.ts"
import {
  content,
  names,
  page,
  type Respond,
  run,
  sends,
  sha256,
  status,
  useServer,
  zipped,
} from "./server.ts"

const server = useServer()

const own = (source: string): OwnDataset => ({
  name: "own",
  classes: 10,
  imageShape: [28, 28],
  trainImages: { source },
  trainLabels: { source },
  testImages: { source },
  testLabels: { source },
})

const fetchOwn = (dataset: Dataset) =>
  run(fetchDataset({ dataset, dataDir: server.dataDir })).pipe(Effect.map(({ files }) => files.testLabels))

const write = (name: string, bytes: Uint8Array) =>
  Effect.promise(async () => {
    const path = join(server.dataDir, name)
    await writeFile(path, bytes)
    return path
  })

const failure = (dataset: Dataset) =>
  Effect.map(
    Effect.flip(fetchOwn(dataset)),
    (error) => [error[Runtime.errorExitCode], error.message] as const,
  )

describe("a file URL", () => {
  it.live.each(["file://", "file://localhost", "FILE://"])("%s names a file of this machine", (scheme) =>
    Effect.gen(function* () {
      const path = yield* write("a b#1.gz", zipped)
      const { pathname } = pathToFileURL(path)
      const file = yield* fetchOwn(own(`${scheme}${pathname}`))
      assert.strictEqual(file.sha256, sha256(content))
      assert.strictEqual(file.source, `cache (${path})`)
    }),
  )

  it.live("of a file that does not exist is an error that names its path", () =>
    Effect.gen(function* () {
      const [code, message] = yield* failure(own("file:///no/such%20file"))
      assert.strictEqual(code, 66)
      assert.include(message, "found no file /no/such file")
    }),
  )

  it("of another machine, and any other scheme, is refused", () => {
    assert.include(
      addressProblem("file://server/share/a.gz"),
      "expected the file URL of a path on this machine",
    )
    assert.include(
      addressProblem("s3://bucket/a.gz"),
      "expected a path or an address that begins with https:",
    )
    assert.include(addressProblem("https://ann:s3cret/@example.com"), `found "https://***@example.com"`)
    for (const source of ["data/a.gz", "C:\\data\\a.gz", "https://example.com/a", "file:///C:/data/a.gz"])
      assert.isUndefined(addressProblem(source))
  })
})

const secret = "s3cret"

describe("the secrets of an address", () => {
  const authorized: Respond = (request, response) => {
    const expected = `Basic ${Buffer.from(`ann:${secret}@1`).toString("base64")}`
    if (request.headers.authorization === expected) sends(zipped)(request, response)
    else status(401)(request, response)
  }
  const addressWith = (path: string) => server.origin.replace("http://", `http://ann:${secret}%401@`) + path

  it.live("are sent, and are in no file of the cache and in no result", () =>
    Effect.gen(function* () {
      const path = `/own?token=${secret}`
      server.responses[path] = [authorized]
      const dataset = hideSecrets(own(addressWith(path)))
      assert.notInclude(JSON.stringify(dataset), secret)
      const file = yield* fetchOwn(dataset)
      assert.strictEqual(file.sha256, sha256(content))
      assert.include(file.source, "http://***@127.0.0.1")
      const folder = join(server.dataDir, "own")
      for (const name of yield* Effect.promise(() => names(folder)))
        assert.notInclude(yield* Effect.promise(() => readFile(join(folder, name), "utf8")), secret)
    }),
  )

  it.live("are not in an error, and a stored address without them says what to do", () =>
    Effect.gen(function* () {
      server.responses["/own"] = [status(403)]
      const dataset = hideSecrets(own(addressWith("/own")))
      const [code, message] = yield* failure(dataset)
      assert.strictEqual(code, 69)
      assert.notInclude(message, secret)

      const stored: Dataset = JSON.parse(JSON.stringify(dataset))
      const count = server.requests.length
      assert.include(
        (yield* failure(stored))[1],
        "an address without its password or key, which are not stored",
      )
      assert.lengthOf(server.requests, count)
      server.responses["/own"] = [authorized]
      assert.strictEqual((yield* fetchOwn(withSecretsOf(stored, dataset))).sha256, sha256(content))
    }),
  )
})

const pointer = new TextEncoder().encode("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")

describe("a file in place of the data", () => {
  it.live.each<readonly [string, Uint8Array, string]>([
    ["trailing bytes", Buffer.concat([zipped, Buffer.from("more")]), "cannot be inflated"],
    ["a cut", zipped.subarray(0, 100), "cannot be inflated"],
    ["a pointer", pointer, "git lfs pull"],
    ["a zipped page", gzipSync(page), "an HTML page"],
  ])("on this machine ends with 65, because trying again does not help (case %#)", ([, bytes, words]) =>
    Effect.gen(function* () {
      const [code, message] = yield* failure(own(yield* write("mine.gz", bytes)))
      assert.strictEqual(code, 65)
      assert.include(message, words)
    }),
  )

  it.live.each<readonly [Uint8Array, string]>([
    [pointer, "a Git LFS pointer"],
    [page, "an HTML page"],
    [content.subarray(0, 500), "bytes"],
    [Buffer.from("nothing"), "6e 6f"],
  ])("of a server ends with 69, and is not kept (case %#)", ([bytes, words]) =>
    Effect.gen(function* () {
      server.responses["/own"] = [sends(bytes)]
      const [code, message] = yield* failure(own(`${server.origin}/own`))
      assert.strictEqual(code, 69)
      assert.include(message, words)
      assert.deepStrictEqual(yield* Effect.promise(() => names(join(server.dataDir, "own"))), [])
    }),
  )
})

describe("a response that is not the file", () => {
  const headed =
    (code: number, headers: Record<string, string>): Respond =>
    (_, response) =>
      response.writeHead(code, headers).end()

  it.live.each<readonly [number, string]>([
    [304, "HTTP status 304 (not modified), although the request had no condition"],
    [204, "HTTP status 204 (no content)"],
    [206, "HTTP status 206 (a part of the file), although no part was requested"],
    [302, "HTTP status 302, a redirect without an address"],
    [300, "HTTP status 300, expected 200"],
  ])("is an error with exit code 69 (case %#)", ([code, words]) =>
    Effect.gen(function* () {
      server.responses["/own"] = [headed(code, {})]
      const [exit, message] = yield* failure(own(`${server.origin}/own`))
      assert.strictEqual(exit, 69)
      assert.include(message, words)
      assert.lengthOf(server.requests, 1)
    }),
  )

  it.live("304 to a request without a condition is one of the second fetch, too", () =>
    Effect.gen(function* () {
      server.responses["/own"] = [sends(zipped)]
      yield* fetchOwn(own(`${server.origin}/own`))
      server.responses["/own"] = [headed(304, {})]
      assert.include(
        (yield* failure(own(`${server.origin}/own`)))[1],
        "although the request had no condition",
      )
    }),
  )

  it.live("asks for a wait: a short one is kept, a long one ends the fetch", () =>
    Effect.gen(function* () {
      const soon = new Date(Date.now() - 1000).toUTCString()
      server.responses["/own"] = [headed(429, { "retry-after": soon }), sends(zipped)]
      assert.strictEqual((yield* fetchOwn(own(`${server.origin}/own`))).sha256, sha256(content))

      server.responses["/busy"] = [headed(429, { "retry-after": "3600" })]
      const [code, message] = yield* failure(own(`${server.origin}/busy`))
      assert.strictEqual(code, 69)
      assert.include(message, "HTTP status 429; the server requires a wait of 3600 s")
      assert.strictEqual(server.requests.filter((path) => path === "/busy").length, 1)
    }),
  )
})
