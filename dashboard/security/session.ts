/**
 * Who may read: (token in the printed address) -> cookie. The token works once; the cookie is `HttpOnly` and `SameSite=Strict`.
 *
 * The cookie is signed with a key in the user's cache folder, which only the user can read, so that pages stay signed in when
 * the dashboard is started again. It holds for one runs folder. Other users of the machine can connect, but have no token.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto"
import { chmodSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { cacheFolder } from "../../engines/cacheFolder.ts"

const keyBytes = 32

const readKey = (path: string): Buffer | undefined => {
  try {
    const key = Buffer.from(readFileSync(path, "utf8").trim(), "hex")
    return key.length === keyBytes ? key : undefined
  } catch {
    return undefined
  }
}

/** Does it unless another process was faster. */
const unless = (code: "EEXIST" | "ENOENT", change: () => void): void => {
  try {
    change()
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === code)) throw error
  }
}

/** Of several processes that start at once, one makes the key, and all use that one. */
const makeKey = (path: string): void => {
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString("hex")}`
  const next = `${path}.next`
  writeFileSync(temporary, `${randomBytes(keyBytes).toString("hex")}\n`, { mode: 0o600, flag: "wx" })
  try {
    unless("EEXIST", () => linkSync(temporary, path))
    if (readKey(path) !== undefined) return
    // A damaged one is replaced, by one of them: its key is the next one for all.
    unless("EEXIST", () => linkSync(temporary, next))
    if (readKey(path) === undefined) unless("ENOENT", () => renameSync(next, path))
    else rmSync(next, { force: true })
  } finally {
    rmSync(temporary, { force: true })
  }
}

/** The key of this user; one for this process only if the cache folder cannot be written. */
export const sessionKey = (folder = join(cacheFolder(), "dashboard")): Buffer => {
  const path = join(folder, "key")
  const stored = readKey(path)
  if (stored !== undefined) return stored
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    chmodSync(folder, 0o700)
    makeKey(path)
  } catch {
    // Whoever has signed in has to sign in again with the next process.
  }
  return readKey(path) ?? randomBytes(keyBytes)
}

const isEqual = (a: string, b: string) => {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}

export interface Session {
  /** The token that has not been used yet. */
  readonly token: () => string
  /** The cookie for a right token, which is then used up; undefined for a wrong one. */
  readonly redeem: (token: string) => string | undefined
  /** Whether the header `Cookie` has the cookie. */
  readonly isSignedIn: (cookies: Readonly<Record<string, string>>) => boolean
  readonly cookieName: string
}

/** `folder`: the absolute path of the runs folder. `port`: cookies of one machine are shared by all its ports. */
export const makeSession = (key: Buffer, folder: string, port: number): Session => {
  const cookieName = `tidemark-${port}`
  const cookie = createHmac("sha256", key).update(`dashboard ${port} ${folder}`).digest("base64url")
  let token: string = randomBytes(24).toString("base64url")
  return {
    token: () => token,
    redeem: (given) => {
      if (!isEqual(given, token)) return undefined
      token = randomBytes(24).toString("base64url")
      return cookie
    },
    isSignedIn: (cookies) => isEqual(cookies[cookieName] ?? "", cookie),
    cookieName,
  }
}
