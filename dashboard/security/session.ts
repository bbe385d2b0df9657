/**
 * Who may read: (token in the printed address) -> cookie. The token works once; the cookie is `HttpOnly` and `SameSite=Strict`.
 *
 * The cookie is signed with a key in the user's cache folder, which only the user can read, so that pages stay signed in when
 * the dashboard is started again. It holds for one runs folder. Other users of the machine can connect, but have no token.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto"
import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
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

/** The key of this user; one for this process only if the cache folder cannot be written. */
export const sessionKey = (folder = join(cacheFolder(), "dashboard")): Buffer => {
  const path = join(folder, "key")
  const stored = readKey(path)
  if (stored !== undefined) return stored
  const key = randomBytes(keyBytes)
  const temporary = `${path}.${process.pid}`
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    chmodSync(folder, 0o700)
    rmSync(temporary, { force: true })
    writeFileSync(temporary, `${key.toString("hex")}\n`, { mode: 0o600, flag: "wx" })
    try {
      // Of two processes that start at once, one makes the key. A damaged one is replaced.
      rmSync(path, { force: true })
      linkSync(temporary, path)
    } finally {
      rmSync(temporary, { force: true })
    }
    return readKey(path) ?? key
  } catch {
    return readKey(path) ?? key
  }
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
