/**
 * A store in a bucket of an S3-compatible service: (address) -> ObjectStore.
 *
 * `If-None-Match: *` creates, and `If-Match` replaces. If the response to a write is lost, the write is tried again and its own
 * condition no longer holds: then the object is read, and is this call's own if it has its bytes.
 */
import { Effect } from "effect"
import { checkKey, isEqual, type ListedObject, type ObjectStore, StoreUnavailable } from "../ObjectStore.ts"
import { type S3Response, elementOf, textOf } from "./s3Responses.ts"
import { readS3Address } from "./s3Address.ts"
import { makeS3Client } from "./s3Request.ts"

/** The objects of one page of a list. */
const readPage = (response: S3Response, prefix: string) => {
  const xml = textOf(response)
  const nowMs = Date.parse(response.headers.date ?? "")
  const listed: Array<ListedObject> = []
  for (const [, contents] of xml.matchAll(/<Contents>([^]*?)<\/Contents>/g)) {
    const key = decodeURIComponent((elementOf(contents, "Key") ?? "").replaceAll("+", " "))
    const version = elementOf(contents, "ETag") ?? ""
    const age = nowMs - Date.parse(elementOf(contents, "LastModified") ?? "")
    if (!key.startsWith(prefix)) continue
    listed.push({
      key: key.slice(prefix.length),
      version,
      ageMs: Number.isFinite(age) ? Math.max(0, age) : 0,
    })
  }
  const isTruncated = elementOf(xml, "IsTruncated") === "true"
  const next = isTruncated ? elementOf(xml, "NextContinuationToken") : undefined
  return { listed, next, isList: /<ListBucketResult[\s>]/.test(xml) }
}

export const makeS3Store = Effect.fn("makeS3Store")(function* (given: string) {
  const address = yield* readS3Address(given)
  const send = yield* makeS3Client(address)
  const store = address.shown

  const notS3 = (found: string) =>
    new StoreUnavailable({
      store,
      reason: `found ${found}, expected a response of an S3-compatible service; check the endpoint, and the proxy in between`,
    })

  const versionOf = ({ headers }: S3Response) =>
    headers.etag === undefined
      ? Effect.fail(notS3("a response without an ETag"))
      : Effect.succeed(headers.etag)

  const read = Effect.fnUntraced(function* (key: string) {
    const response = yield* send({ method: "GET", key })
    if (response.status === 404) return undefined
    return { bytes: response.bytes, version: yield* versionOf(response) }
  })

  const put = (key: string, body: Uint8Array, headers: Readonly<Record<string, string>>) =>
    send({ method: "PUT", key, body, headers })

  const create = Effect.fnUntraced(function* (key: string, bytes: Uint8Array) {
    const response = yield* put(key, bytes, { "if-none-match": "*" })
    if (response.status === 404) return yield* notS3("HTTP status 404")
    if (response.status === 412) {
      if (!response.isRepeated) return false
      const found = yield* read(key)
      return found !== undefined && isEqual(found.bytes, bytes)
    }
    yield* versionOf(response)
    return true
  })

  const replace = Effect.fnUntraced(function* (key: string, bytes: Uint8Array, version: string) {
    const response = yield* put(key, bytes, { "if-match": version })
    if (response.status === 412 || response.status === 404) {
      if (!response.isRepeated) return undefined
      const found = yield* read(key)
      return found !== undefined && isEqual(found.bytes, bytes) ? found.version : undefined
    }
    return yield* versionOf(response)
  })

  const list = Effect.fnUntraced(function* (folder: string) {
    const listed: Array<ListedObject> = []
    let next: string | undefined
    do {
      const response = yield* send({
        method: "GET",
        key: "",
        query: {
          "list-type": "2",
          prefix: `${address.prefix}${folder}/`,
          "encoding-type": "url",
          ...(next === undefined ? {} : { "continuation-token": next }),
        },
      })
      const page = readPage(response, address.prefix)
      if (response.status === 404 || !page.isList) return yield* notS3("no list of objects")
      listed.push(...page.listed)
      next = page.next
    } while (next !== undefined)
    return listed.toSorted((a, b) => (a.key < b.key ? -1 : 1))
  })

  const withKey = <A, E>(key: string, effect: Effect.Effect<A, E>) => Effect.andThen(checkKey(key), effect)
  return {
    address: store,
    read: (key) => withKey(key, read(key)),
    create: (key, bytes) => withKey(key, create(key, bytes)),
    replace: (key, bytes, version) => withKey(key, replace(key, bytes, version)),
    list: (folder) => withKey(folder, list(folder)),
    remove: (key) => withKey(key, Effect.asVoid(send({ method: "DELETE", key }))),
  } satisfies ObjectStore as ObjectStore
})
