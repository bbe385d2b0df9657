/**
 * Which requests are answered: (request) -> undefined, or why it is refused.
 *
 * Every request needs the machine's own name in `Host` and, if the browser says where it comes from (Fetch Metadata), must come
 * from the dashboard itself or from the address bar. A request that may change something, or compute something, needs both
 * `Origin` and `Sec-Fetch-Site` of the dashboard. A page of another site can send neither.
 */
import { ownHost } from "./hostHeader.ts"

export interface RequestFacts {
  readonly method: string
  /** As it was sent, before anything is decoded. */
  readonly target: string
  readonly headers: Readonly<Record<string, string | undefined>>
}

export interface Refusal {
  readonly status: 400 | 403 | 404 | 405 | 414
  readonly message: string
}

const longestTarget = 8192

const refuse = (status: Refusal["status"], message: string): Refusal => ({ status, message })

/** Only a path and a query, in visible ASCII: no other form of a request target, no control characters, no backslash. */
const isPlainTarget = (target: string) => /^\/(?!\/)[\x21-\x5B\x5D-\x7E]*$/.test(target)

/** Encoded separators, dots and control characters occur in no path of the dashboard, so nobody has to decode them right. */
const hidesSomething = (path: string) => /%(?:2e|2f|5c|25|[01][0-9a-f]|7f)/i.test(path) || /[#;]/.test(path)

const hasDotSegment = (path: string) => path.split("/").some((part) => part === "." || part === "..")

const isTopNavigation = (headers: RequestFacts["headers"]) =>
  headers["sec-fetch-mode"] === "navigate" && headers["sec-fetch-dest"] === "document"

/** `same-site` is another port of this machine: another program. */
const comesFromElsewhere = (headers: RequestFacts["headers"]) => {
  const site = headers["sec-fetch-site"]
  return site !== undefined && site !== "same-origin" && site !== "none"
}

export const refusalOf = ({ headers, method, target }: RequestFacts): Refusal | undefined => {
  const host = ownHost(headers.host)
  if (host === undefined) {
    return refuse(403, "the dashboard is only at localhost, 127.0.0.1 and [::1]")
  }
  if (target.length > longestTarget) return refuse(414, `an address has at most ${longestTarget} characters`)
  const path = target.split("?", 1)[0]
  if (!isPlainTarget(target) || hidesSomething(path) || hasDotSegment(path)) {
    return refuse(400, "this is no address of the dashboard")
  }
  const isRead = method === "GET" || method === "HEAD"
  if (isRead) {
    return comesFromElsewhere(headers) && !isTopNavigation(headers)
      ? refuse(403, "another site may not read from the dashboard")
      : undefined
  }
  if (method !== "POST") return refuse(405, "the dashboard knows GET, HEAD and POST")
  if (headers.origin !== `http://${host}` || headers["sec-fetch-site"] !== "same-origin") {
    return refuse(403, "only a page of the dashboard itself may send this request")
  }
  return undefined
}
