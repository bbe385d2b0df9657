/**
 * What a response of an S3-compatible service means: (status, headers, body) -> done, busy, or refused with advice.
 *
 * Services report errors as XML with a code. A proxy in between sends pages, with any status: these are no responses of the service.
 */

export interface S3Response {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly bytes: Uint8Array
}

export type Meaning =
  /** The request was carried out, or its condition did not hold (412), or there is no such object (404). */
  | { readonly meaning: "done" }
  /** The same request may succeed later, and not before `waitMs`. It may have been carried out, if `isUnclear`. */
  | {
      readonly meaning: "busy"
      readonly reason: string
      readonly waitMs: number
      readonly isUnclear: boolean
    }
  | { readonly meaning: "refused"; readonly reason: string; readonly advice: string }

const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" }

export const decodeXml = (text: string) =>
  text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|([a-z]+));/gi, (all, decimal, hexadecimal, name) => {
    if (name !== undefined) return entities[name] ?? all
    const code = decimal === undefined ? Number.parseInt(hexadecimal, 16) : Number(decimal)
    return code <= 0x10ffff ? String.fromCodePoint(code) : all
  })

/** The text of the first element with a name; undefined if there is none. */
export const elementOf = (xml: string, name: string) => {
  const text = new RegExp(`<${name}(?:\\s[^>]*)?>([^<]*)</${name}>`).exec(xml)?.[1]
  return text === undefined ? undefined : decodeXml(text)
}

export const textOf = ({ bytes }: S3Response) => new TextDecoder().decode(bytes)

/** The beginning of a text from outside, on one line. */
const beginningOf = (text: string) => text.replace(/\s+/g, " ").trim().slice(0, 200)

/** An object may be a page too: then the response has its ETag. */
const isPage = ({ headers, status }: S3Response, text: string) =>
  (status >= 300 || headers.etag === undefined) && /^\s*(<!doctype html|<html)/i.test(text)

/** Seconds or a date (RFC 9110, section 10.2.3), at most half a minute. */
const waitOf = ({ headers }: S3Response) => {
  const seconds = Number(headers["retry-after"] ?? 0)
  return Number.isFinite(seconds) ? Math.min(30_000, Math.max(0, seconds * 1000)) : 0
}

const describeSkew = ({ headers }: S3Response, nowMs: number) => {
  const serverMs = Date.parse(headers.date ?? "")
  if (Number.isNaN(serverMs)) return "the clock of this machine differs too much from that of the store"
  const seconds = Math.round((nowMs - serverMs) / 1000)
  const direction = seconds < 0 ? "behind" : "ahead of"
  return `the clock of this machine is ${Math.abs(seconds)} s ${direction} that of the store`
}

const checkKeys =
  "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the file that AWS_SHARED_CREDENTIALS_FILE names"

/** Refusals by code: what it means, and what to do. */
const refusals: Readonly<Record<string, readonly [string, string]>> = {
  InvalidAccessKeyId: ["it does not know the access key", checkKeys],
  SignatureDoesNotMatch: ["the secret key is not that of the access key", checkKeys],
  InvalidToken: ["the session token is not valid", "set AWS_SESSION_TOKEN again, or remove it"],
  ExpiredToken: ["the session token has expired", "get new keys; they are read again for every request"],
  AccessDenied: [
    "the keys may not do this",
    "allow s3:GetObject, s3:PutObject, s3:DeleteObject and s3:ListBucket for the bucket",
  ],
  AllAccessDisabled: ["access to the bucket is disabled", "contact its administrator"],
  NoSuchBucket: ["there is no such bucket", "create it, or correct the address"],
  InvalidBucketName: ["the name of the bucket is not valid", "correct the address"],
  NotImplemented: [
    "it does not implement conditional writes",
    "use one that does, such as AWS S3, MinIO, Cloudflare R2 or versitygw",
  ],
  EntityTooLarge: ["the object is too large for it", "raise its limit"],
  QuotaExceeded: ["its quota is used up", "free some space"],
}

/** Responses of a service in trouble, or to a body that arrived broken. */
const busyCodes = [
  "SlowDown",
  "ServiceUnavailable",
  "InternalError",
  "RequestTimeout",
  "OperationAborted",
  "ConditionalRequestConflict",
  "IncompleteBody",
  "BadDigest",
  "XAmzContentSHA256Mismatch",
  "RequestLimitExceeded",
  "ThrottlingException",
  "Throttling",
]

const otherRegion = (xml: string, { headers }: S3Response): Meaning => {
  const region = headers["x-amz-bucket-region"] ?? elementOf(xml, "Region")
  return {
    meaning: "refused",
    reason: "the bucket is in another region",
    advice: `add region=${region ?? "REGION"} to the address`,
  }
}

export const meaningOf = (response: S3Response, nowMs: number): Meaning => {
  const { bytes, headers, status } = response
  // Of an object or a list only the beginning matters.
  const text = new TextDecoder().decode(bytes.subarray(0, 10_000))
  if (isPage(response, text)) {
    const reason = `found an HTML page (HTTP status ${status}), expected a response of an S3-compatible service; check the endpoint, and the proxy in between`
    return { meaning: "busy", reason, waitMs: 0, isUnclear: true }
  }
  if (status >= 200 && status < 300) return { meaning: "done" }
  const code = elementOf(text, "Code")
  const waitMs = waitOf(response)
  if (code === "RequestTimeTooSkewed") {
    return {
      meaning: "refused",
      reason: describeSkew(response, nowMs),
      advice: "set the clock, such as with NTP",
    }
  }
  if (code === "PermanentRedirect" || code === "AuthorizationHeaderMalformed")
    return otherRegion(text, response)
  const known = code === undefined ? undefined : refusals[code]
  if (known !== undefined) return { meaning: "refused", reason: known[0], advice: known[1] }
  if (status === 412 || (status === 404 && (code === "NoSuchKey" || code === undefined))) {
    return { meaning: "done" }
  }
  const described = `${code ?? "a response without a code"} (HTTP status ${status}): ${beginningOf(elementOf(text, "Message") ?? text)}`
  // A conflict of two conditional writes: neither is known to have been carried out.
  if (status >= 500 || status === 429 || status === 408 || status === 409 || busyCodes.includes(code ?? "")) {
    return {
      meaning: "busy",
      reason: `found ${described}`,
      waitMs,
      isUnclear: status >= 500 || status === 408,
    }
  }
  if (status >= 300 && status < 400) {
    const target = headers.location === undefined ? "" : " to another address"
    return {
      meaning: "refused",
      reason: `found a redirect${target} (HTTP status ${status})`,
      advice: "correct the endpoint or the region in the address",
    }
  }
  const advice = status === 403 || status === 401 ? checkKeys : "check the address"
  return { meaning: "refused", reason: `found ${described}`, advice }
}
