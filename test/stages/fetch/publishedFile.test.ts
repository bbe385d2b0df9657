import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { gzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Runtime } from "effect"
import type { Digest } from "../../../stages/fetch/datasets.ts"
import {
  type Respond,
  content,
  corrupted,
  hangs,
  md5,
  page,
  sends,
  sha256,
  status,
  useServer,
  zipped,
} from "./server.ts"

const server = useServer()

const cut: Respond = (_, response) => {
  response.writeHead(200, { "content-length": content.byteLength })
  response.write(content.subarray(0, 5000))
  setTimeout(() => response.destroy(), 5)
}
const stalls: Respond = (_, response) => {
  response.writeHead(200, { "content-length": content.byteLength })
  response.write(content.subarray(0, 5000))
}
/** A byte now and then: never silent for long. */
const drips: Respond = (_, response) => {
  response.writeHead(200, { "content-length": content.byteLength })
  const timer = setInterval(() => response.write("x"), 20)
  response.on("close", () => clearInterval(timer))
}
const claimsHugeLength: Respond = (_, response) => {
  response.writeHead(200, { "content-length": 10 ** 12 })
  response.flushHeaders()
}
const endless: Respond = (_, response) => {
  response.writeHead(200)
  const more = () => response.writable && response.write(new Uint8Array(65_536), () => setImmediate(more))
  more()
}

const bomb = gzipSync(new Uint8Array(50_000_000))

describe("fetching a published file over HTTP", () => {
  it.live("accepts an uncompressed file", () =>
    Effect.gen(function* () {
      server.responses["/a"] = [sends(content)]
      const file = yield* server.published()
      assert.deepStrictEqual(file, {
        path: server.finalPath(),
        sizeBytes: content.byteLength,
        sha256: sha256(content),
        source: `${server.origin}/a`,
      })
      yield* server.assertKept
    }),
  )

  it.live("accepts a gzip file, recognized by its first bytes", () =>
    Effect.gen(function* () {
      server.responses["/a"] = [sends(zipped, { "content-type": "text/html" })]
      yield* server.published()
      yield* server.assertKept
    }),
  )

  const digests: ReadonlyArray<Digest> = [
    { of: "download", algorithm: "sha256", value: sha256(zipped) },
    { of: "download", algorithm: "md5", value: md5(zipped) },
  ]
  it.live.each(digests)(
    "verifies the $algorithm of the compressed file if only that is published",
    (digest) =>
      Effect.gen(function* () {
        server.responses["/a"] = [sends(gzipSync(corrupted))]
        server.responses["/b"] = [sends(zipped)]
        const file = yield* server.published({ digest, paths: ["/a", "/b"] })
        assert.strictEqual(file.source, `${server.origin}/b`)
        assert.strictEqual(file.sha256, sha256(content))
        yield* server.assertKept
        // The record now has the digest of the uncompressed content.
        const again = yield* server.published({ digest, paths: [] })
        assert.strictEqual(again.source, `cache (${server.origin}/b)`)
      }),
  )

  it.live("requests the file without compression of the transfer", () =>
    Effect.gen(function* () {
      let accepted: string | undefined
      server.responses["/a"] = [
        (request, response) => {
          accepted = request.headers["accept-encoding"]
          sends(zipped)(request, response)
        },
      ]
      yield* server.published()
      assert.strictEqual(accepted, "identity")
    }),
  )

  const bad: ReadonlyArray<readonly [what: string, respond: Respond, found: RegExp, attempts: number]> = [
    ["status 404", status(404), /HTTP status 404/, 1],
    ["status 403", status(403), /HTTP status 403/, 1],
    ["status 503 at every attempt", status(503), /HTTP status 503/, 3],
    ["status 429 at every attempt", status(429), /HTTP status 429/, 3],
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
    ["a file that is too large", sends(new Uint8Array(30_000)), /more than/, 1],
    ["a content length that is too large", claimsHugeLength, /more than/, 1],
    ["a file without end", endless, /more than/, 1],
    ["a connection that breaks", cut, /a broken connection/, 3],
    ["no response", hangs, /no response in time/, 3],
    ["a response of a few bytes a second", drips, /too slow \(\d+ bytes in 0 s\)/, 3],
    ["a response that stalls", stalls, /no response in time/, 3],
  ]
  it.live.each(bad)(
    "tries the next mirror after %s, and fails with that reason if there is no other",
    ([, respond, found, attempts]) =>
      Effect.gen(function* () {
        server.responses["/bad"] = [respond]
        server.responses["/good"] = [sends(zipped)]
        const error = yield* Effect.flip(server.published({ paths: ["/bad"] }))
        if (error._tag !== "DataNotAvailable") return assert.fail(error._tag)
        assert.match(error.sources[1].found, found)
        assert.strictEqual(server.requests.length, attempts)
        yield* server.assertNothingKept
        if (attempts > 1) server.responses["/bad"] = [status(404)]
        const file = yield* server.published({ paths: ["/bad", "/good"] })
        assert.strictEqual(file.source, `${server.origin}/good`)
        yield* server.assertKept
      }),
  )

  it.live("retries a mirror after a transient failure", () =>
    Effect.gen(function* () {
      server.responses["/a"] = [status(503), cut, sends(zipped)]
      const file = yield* server.published()
      assert.strictEqual(file.source, `${server.origin}/a`)
      assert.strictEqual(server.requests.length, 3)
    }),
  )

  it.live("tries the next mirror if the connection is refused, and fails with that reason", () =>
    Effect.gen(function* () {
      const closed = yield* Effect.promise(async () => {
        const other = createServer()
        await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve))
        const { port } = other.address() as AddressInfo
        await new Promise((resolve) => other.close(resolve))
        return `http://127.0.0.1:${port}/a`
      })
      const error = yield* Effect.flip(server.published({ urls: [closed] }))
      assert.include(error.message, "a broken connection (ECONNREFUSED)")
      server.responses["/good"] = [sends(content)]
      const file = yield* server.published({ urls: [closed, `${server.origin}/good`] })
      assert.strictEqual(file.source, `${server.origin}/good`)
    }),
  )

  it.live("does not retry a mirror whose host does not resolve", () =>
    Effect.gen(function* () {
      const urls = ["http://mirror.invalid/a"] as const
      const error = yield* Effect.flip(server.published({ urls }))
      assert.match(
        error.message,
        /^cannot get trainLabels of small: http:\/\/mirror\.invalid\/a: found no address of the host \((ENOTFOUND|EAI_AGAIN)\), expected the file; /,
      )
      server.responses["/good"] = [status(503)]
      const busy = yield* Effect.flip(server.published({ urls: [`${server.origin}/good`] }))
      assert.include(busy.message, "found HTTP status 503 in 3 attempts, expected 200; ")
    }),
  )

  it.live("lists every source with what was found and expected if all fail, and what to do", () =>
    Effect.gen(function* () {
      server.responses["/b"] = [sends(page)]
      const error = yield* Effect.flip(
        server.published({ paths: ["/a", "/b"], bundled: "no-such-package/data/labels-idx1-ubyte" }),
      )
      if (error._tag !== "DataNotAvailable") return assert.fail(error._tag)
      assert.deepStrictEqual(
        error.sources.map(({ expected, found, source }) => [source, found, expected]),
        [
          [server.finalPath(), "no file", "the file"],
          ["no-such-package/data/labels-idx1-ubyte", "no such package", "an installed package"],
          [`${server.origin}/a`, "HTTP status 404", "200"],
          [
            `${server.origin}/b`,
            "an HTML page of 62 bytes",
            "the file itself; open the address in a browser: the file may have moved, or need a login",
          ],
        ],
      )
      assert.strictEqual(error[Runtime.errorExitCode], 69)
      const lines = error.message.split("\n")
      assert.deepStrictEqual(lines.slice(0, 3), [
        "cannot get trainLabels of small:",
        "  no-such-package/data/labels-idx1-ubyte: found no such package, expected an installed package",
        `  ${server.origin}/a: found HTTP status 404, expected 200`,
      ])
      assert.lengthOf(lines, 5)
      assert.match(
        lines[4],
        /, or download and put its four files \(.*labels-idx1-ubyte\.gz.*\) into \S+small by hand$/,
      )
      for (const hint of ["--data-dir", "network", "HTTPS_PROXY"]) assert.include(error.message, hint)
    }),
  )
})
