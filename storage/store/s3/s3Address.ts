/**
 * The address of a bucket: (s3://BUCKET/PREFIX?endpoint=URL&region=REGION) -> where to send requests.
 *
 * A secret is never part of it: the command line is visible to others, and is printed and stored. To another machine a connection is
 * encrypted; `?tls=off` turns that off. Without an endpoint here or in the environment, the bucket is one of AWS.
 */
import { Effect, Schema } from "effect"
import { showUrl } from "../../../format/showUrl.ts"
import { Failure } from "../../../schemas/Failure.ts"
import { isKey } from "../ObjectStore.ts"

export class StoreAddressInvalid extends Failure<StoreAddressInvalid>()("StoreAddressInvalid", {
  exitCode: "usage",
  fields: { problem: Schema.String },
  message: ({ problem }) => `--store: ${problem}`,
}) {}

export const isS3 = (address: string) => /^s3:/i.test(address)

export interface S3Address {
  readonly bucket: string
  /** Empty, or with a slash at its end. */
  readonly prefix: string
  readonly region: string
  /** The URL of the bucket, without a slash at its end. */
  readonly url: string
  /** To print. */
  readonly shown: string
}

type Environment = Readonly<Record<string, string | undefined>>

const parameters = ["endpoint", "region", "tls"]
const isHere = (host: string) =>
  ["localhost", "127.0.0.1", "[::1]"].includes(host) || host.endsWith(".localhost")

/** Undefined if the text is no http or https URL of a server. */
const readEndpoint = (text: string) => {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  return url.protocol === "https:" || url.protocol === "http:" ? url : undefined
}

/** The URL of a bucket: at an endpoint in the path; at AWS in the host, unless dots of its name would break the certificate. */
const bucketUrl = (bucket: string, region: string, endpoint: URL | undefined) => {
  if (endpoint !== undefined) return `${endpoint.origin}${endpoint.pathname.replace(/\/+$/, "")}/${bucket}`
  return bucket.includes(".")
    ? `https://s3.${region}.amazonaws.com/${bucket}`
    : `https://${bucket}.s3.${region}.amazonaws.com`
}

export const readS3Address = Effect.fnUntraced(function* (
  address: string,
  environment: Environment = process.env,
) {
  const invalid = (problem: string) => new StoreAddressInvalid({ problem })
  const expected = "expected s3://BUCKET/PREFIX, such as s3://models/tidemark?region=eu-central-1"
  if (!URL.canParse(address)) return yield* invalid(`found ${showUrl(address)}, ${expected}`)
  const { hostname: bucket, password, pathname, port, searchParams, username } = new URL(address)
  if (username !== "" || password !== "") {
    return yield* invalid(
      "found a key in the address, where others can read it; put it into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or into the file that AWS_SHARED_CREDENTIALS_FILE names",
    )
  }
  const unknown = [...searchParams.keys()].filter((name) => !parameters.includes(name))
  if (unknown.length > 0) {
    return yield* invalid(`found the parameter ${unknown.join(", ")}, expected only ${parameters.join(", ")}`)
  }
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket) || port !== "") {
    return yield* invalid(`found ${showUrl(address)}, ${expected}`)
  }
  const path = pathname.replace(/^\/+|\/+$/g, "")
  if (path !== "" && !isKey(path)) {
    return yield* invalid(`found the prefix ${path}, expected letters, digits, ".", "_", "-" and "/"`)
  }
  const tls = searchParams.get("tls") ?? "on"
  if (tls !== "on" && tls !== "off") return yield* invalid(`found tls=${tls}, expected on or off`)
  const given =
    searchParams.get("endpoint") ?? environment.AWS_ENDPOINT_URL_S3 ?? environment.AWS_ENDPOINT_URL ?? ""
  const endpoint = given === "" ? undefined : readEndpoint(given)
  if (given !== "" && endpoint === undefined) {
    return yield* invalid(`found the endpoint ${showUrl(given)}, expected https://HOST:PORT`)
  }
  if (endpoint !== undefined && (endpoint.username !== "" || endpoint.password !== "")) {
    return yield* invalid("found a key in the address of the endpoint, where others can read it; remove it")
  }
  if (endpoint?.protocol === "http:" && !isHere(endpoint.hostname) && tls === "on") {
    return yield* invalid(
      `found the endpoint ${showUrl(given)}, which is not encrypted; write https://, or add tls=off to the address if the network is trusted`,
    )
  }
  const region =
    searchParams.get("region") ?? environment.AWS_REGION ?? environment.AWS_DEFAULT_REGION ?? "us-east-1"
  if (!/^[a-z0-9-]{1,40}$/.test(region)) return yield* invalid(`found the region ${region}, ${expected}`)
  return {
    bucket,
    prefix: path === "" ? "" : `${path}/`,
    region,
    url: bucketUrl(bucket, region, endpoint),
    shown: showUrl(address),
  } satisfies S3Address as S3Address
})
