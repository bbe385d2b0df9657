/** The token in the address and the cookie that it becomes. */
import { execFile } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { makeSession, sessionKey } from "../../dashboard/security/session.ts"

const scratch = mkdtempSync(join(tmpdir(), "tidemark-session-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

describe("a session", () => {
  it("gives the cookie for the token once", () => {
    const session = makeSession(sessionKey(join(scratch, "once")), "/runs", 6007)
    const token = session.token()
    assert.isAbove(token.length, 30)
    assert.isUndefined(session.redeem(""))
    assert.isUndefined(session.redeem(`${token}x`))
    const cookie = session.redeem(token)
    assert.isDefined(cookie)
    assert.isUndefined(session.redeem(token))
    assert.notStrictEqual(session.token(), token)
    assert.isTrue(session.isSignedIn({ [session.cookieName]: cookie ?? "" }))
    for (const wrong of ["", "x", `${cookie}x`, token])
      assert.isFalse(session.isSignedIn({ [session.cookieName]: wrong }))
    assert.isFalse(session.isSignedIn({}))
  })

  it("stays valid when the dashboard is started again, for the same folder and port", () => {
    const folder = join(scratch, "again")
    const first = makeSession(sessionKey(folder), "/runs", 6007)
    const cookie = first.redeem(first.token()) ?? ""
    const isValid = (runs: string, port: number, key = sessionKey(folder)) =>
      makeSession(key, runs, port).isSignedIn({ [`tidemark-${port}`]: cookie })
    assert.isTrue(isValid("/runs", 6007))
    assert.isFalse(isValid("/other", 6007))
    assert.isFalse(isValid("/runs", 6008))
    assert.isFalse(isValid("/runs", 6007, sessionKey(join(scratch, "another user"))))
  })

  it("has a key that only the user can read, and makes a new one in place of a damaged one", () => {
    const folder = join(scratch, "key")
    const key = sessionKey(folder)
    assert.strictEqual(key.length, 32)
    assert.isTrue(sessionKey(folder).equals(key))
    if (process.platform !== "win32") {
      assert.strictEqual(statSync(join(folder, "key")).mode & 0o777, 0o600)
      assert.strictEqual(statSync(folder).mode & 0o777, 0o700)
    }
    writeFileSync(join(folder, "key"), "damaged")
    assert.strictEqual(sessionKey(folder).length, 32)
    assert.notStrictEqual(readFileSync(join(folder, "key"), "utf8"), "damaged")
  })

  it("has one key for processes that start at once, also in place of a damaged one", async () => {
    const program = `import { sessionKey } from ${JSON.stringify(new URL("../../dashboard/security/session.ts", import.meta.url).href)}; console.log(sessionKey(process.argv[1]).toString("hex"))`
    const startAll = (folder: string) =>
      Promise.all(
        Array.from({ length: 4 }, async () => {
          const { stdout } = await promisify(execFile)(process.execPath, [
            "--input-type=module",
            "--eval",
            program,
            folder,
          ])
          return stdout.trim()
        }),
      )
    const folder = join(scratch, "at once")
    const first = new Set(await startAll(folder))
    assert.strictEqual(first.size, 1)
    assert.isTrue(first.has(sessionKey(folder).toString("hex")))
    writeFileSync(join(folder, "key"), "damaged")
    const second = new Set(await startAll(folder))
    assert.strictEqual(second.size, 1)
    assert.deepStrictEqual(readdirSync(folder), ["key"])
  })

  it("has a key for this process alone if the folder cannot be written", () => {
    writeFileSync(join(scratch, "file"), "")
    assert.strictEqual(sessionKey(join(scratch, "file")).length, 32)
  })
})
