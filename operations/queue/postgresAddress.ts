/**
 * The address of a database: (postgres://USER@HOST:PORT/DATABASE) -> what a connection needs.
 *
 * A password is never part of it: the command line is visible to others, and is printed and stored. It comes from PGPASSWORD, or
 * from the file that PGPASSFILE names (~/.pgpass). To another machine a connection is encrypted, and its certificate is checked.
 */
import { Effect, Schema } from "effect"
import { showUrl } from "../../format/showUrl.ts"
import { Failure } from "../../schemas/Failure.ts"

export class QueueAddressInvalid extends Failure<QueueAddressInvalid>()("QueueAddressInvalid", {
  exitCode: "usage",
  fields: { problem: Schema.String },
  message: ({ problem }) => `--queue: ${problem}`,
}) {}

export const isPostgres = (address: string) => /^postgres(ql)?:/i.test(address)

export interface PostgresAddress {
  readonly host: string
  readonly port: number
  readonly user?: string
  readonly database?: string
  readonly ssl: boolean | { readonly rejectUnauthorized: boolean }
  /** To print. */
  readonly shown: string
}

const isHere = (host: string) =>
  ["", "localhost", "127.0.0.1", "::1"].includes(host) || host.startsWith("/") || host.endsWith(".localhost")

const tlsOf = (mode: string | null, host: string) => {
  switch (mode) {
    case null:
      return isHere(host) ? false : { rejectUnauthorized: true }
    case "disable":
      return false
    case "verify-full":
      return { rejectUnauthorized: true }
    default:
      return undefined
  }
}

/** Undefined if a % is not that of an encoded character. */
const decodePart = (text: string) => {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

export const readAddress = Effect.fnUntraced(function* (address: string) {
  const invalid = (problem: string) => new QueueAddressInvalid({ problem })
  if (!URL.canParse(address)) {
    return yield* invalid(`found ${showUrl(address)}, expected postgres://USER@HOST:PORT/DATABASE`)
  }
  const { hostname, password, pathname, port, searchParams, username } = new URL(address)
  if (password !== "" || searchParams.has("password")) {
    return yield* invalid(
      "found a password in the address, where others can read it; put it into PGPASSWORD, or into the file that PGPASSFILE names",
    )
  }
  const unknown = [...searchParams.keys()].filter((name) => name !== "sslmode" && name !== "host")
  if (unknown.length > 0) {
    return yield* invalid(`found the parameter ${unknown.join(", ")}, expected only host and sslmode`)
  }
  const host = searchParams.get("host") ?? hostname.replace(/^\[|\]$/g, "")
  const mode = searchParams.get("sslmode")
  const ssl = tlsOf(mode, host)
  if (ssl === undefined) {
    return yield* invalid(
      `found sslmode=${mode}, expected verify-full (the default for other machines) or disable`,
    )
  }
  const user = decodePart(username)
  const database = decodePart(pathname.slice(1))
  if (user === undefined || database === undefined) {
    const wrong = user === undefined ? `user ${username}` : `database ${pathname.slice(1)}`
    return yield* invalid(
      `found the ${wrong}, expected each % before two hexadecimal digits; write %25 for %`,
    )
  }
  return {
    host: host === "" ? "localhost" : host,
    port: port === "" ? 5432 : Number(port),
    ...(user === "" ? {} : { user }),
    ...(database === "" ? {} : { database }),
    ssl,
    shown: address,
  } satisfies PostgresAddress as PostgresAddress
})
