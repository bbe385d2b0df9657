/** A server of files and a dataset cache: what the tests of fetching have in common. */
import { createHash } from "node:crypto"
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterAll, assert, beforeAll, beforeEach } from "@effect/vitest"
import { type Context, Effect, FileSystem, Layer, Logger } from "effect"
import { FetchHttpClient } from "effect/http"
import type { RemoteFile } from "../../../stages/fetch/datasets.ts"
import { DownloadPolicy } from "../../../stages/fetch/download.ts"
import { encodeIdx } from "../../../stages/dataset/idx.ts"
import { fetchPublishedFile } from "../../../stages/fetch/publishedFile.ts"

export const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex")
export const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("hex")

/** 20,000 bytes. */
export const content = encodeIdx({
  type: "uint8",
  dims: [19_992],
  data: Uint8Array.from({ length: 19_992 }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24),
})
export const zipped = gzipSync(content)
export const corrupted = Uint8Array.from(content, (byte, i) => (i === 9000 ? byte ^ 1 : byte))
export const page = new TextEncoder().encode("<!DOCTYPE html><html><body>Log in to the network</body></html>")

export type Respond = (request: IncomingMessage, response: ServerResponse) => void
export const sends =
  (bytes: Uint8Array, headers: Record<string, string> = {}): Respond =>
  (_, response) =>
    response.writeHead(200, { "content-length": bytes.byteLength, ...headers }).end(bytes)
export const status =
  (code: number): Respond =>
  (_, response) =>
    response.writeHead(code).end("no")
export const hangs: Respond = () => {}

export const names = (folder: string) => readdir(folder).catch(() => [])

const services = Layer.mergeAll(NodeServices.layer, FetchHttpClient.layer)
/** As in production, with a hundredth of the times. */
const shortTimes = {
  stall: "250 millis",
  leastBytesPerSecond: 1000,
  total: "36 seconds",
  retries: 2,
  backoff: "2 millis",
} as const
export const run = <A, E>(
  effect: Effect.Effect<A, E, Layer.Success<typeof services>>,
  policy: Partial<Context.Service.Shape<typeof DownloadPolicy>> = {},
) =>
  effect.pipe(
    Effect.provideService(DownloadPolicy, { ...shortTimes, ...policy }),
    Effect.provide([services, Logger.layer([])]),
  )

interface Server {
  /** How the server responds to the requests of each path, in turn; the last one is repeated. */
  responses: Record<string, ReadonlyArray<Respond>>
  /** The paths that were requested. */
  requests: Array<string>
  origin: string
  /** The dataset cache, empty at the start of each test. */
  dataDir: string
}

/** Starts a server for the tests of one file, with an empty cache for each. */
export const useServer = () => {
  const state: Server = { responses: {}, requests: [], origin: "", dataDir: "" }
  const server = createServer((request, response) => {
    const path = request.url ?? ""
    const turn = state.requests.filter((other) => other === path).length
    state.requests.push(path)
    const list = state.responses[path] ?? [status(404)]
    list[Math.min(turn, list.length - 1)](request, response)
  })
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    state.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })
  beforeEach(async () => {
    state.responses = {}
    state.requests = []
    state.dataDir = await mkdtemp(join(tmpdir(), "tidemark-fetch-"))
    return () => rm(state.dataDir, { recursive: true, force: true })
  })

  /** Fetches a file of which only the entry is known. `layer` may replace the file system. */
  const published = (
    changes: Partial<RemoteFile> & {
      readonly paths?: ReadonlyArray<string>
      readonly recorded?: string
    } = {},
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
      urls: paths.map((path) => state.origin + path),
      ...rest,
    }
    const files = { trainImages: file, trainLabels: file, testImages: file, testLabels: file }
    const { dataDir } = state
    return run(
      fetchPublishedFile({ dataset: "small", entry: { files }, key: "trainLabels", recorded, dataDir }).pipe(
        Effect.provide(layer),
      ),
    )
  }
  const finalPath = () => join(state.dataDir, "small", "labels-idx1-ubyte")
  /** The file is under its final name, whole, and the only other file is its record. */
  const assertKept = Effect.promise(async () => {
    assert.strictEqual(sha256(await readFile(finalPath())), sha256(content))
    const kept = await names(join(state.dataDir, "small"))
    assert.deepStrictEqual(kept, ["labels-idx1-ubyte", "labels-idx1-ubyte.json"])
  })
  const assertNothingKept = Effect.promise(async () => {
    assert.deepStrictEqual(await names(join(state.dataDir, "small")), [])
  })
  return Object.assign(state, { published, finalPath, assertKept, assertNothingKept })
}
