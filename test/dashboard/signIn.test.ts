/** Signing in: the token of the printed address, once, and nothing for anybody else. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import type { Served } from "./serve.ts"
import { finished, serveRuns, type ServedRuns } from "./servedRuns.ts"

let runs: ServedRuns
let served: Served
beforeAll(async () => {
  runs = await serveRuns()
  ;({ served } = runs)
})
afterAll(() => runs.close())

describe("signing in", () => {
  it("signs a browser in by the token of the address, once", async () => {
    const address = served.address()
    const answer = await fetch(address, { redirect: "manual" })
    // Not a redirection: after a link from another site, a browser would send the cookie with none.
    assert.strictEqual(answer.status, 200)
    assert.include(await answer.text(), '<meta http-equiv="refresh" content="0; url=/" />')
    const cookie = answer.headers.get("set-cookie") ?? ""
    for (const part of ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=2592000"])
      assert.include(cookie, part)
    const again = await fetch(address, { redirect: "manual" })
    assert.strictEqual(again.status, 200)
    assert.isNull(again.headers.get("set-cookie"))
    const kept = await fetch(`${served.address()}&q=%22%3E%3Cb%3E&state=a`, { redirect: "manual" })
    assert.include(await kept.text(), 'content="0; url=/?q=%22%3E%3Cb%3E&amp;state=a"')
    // A look-ahead does not use it up.
    const next = served.address()
    assert.strictEqual((await fetch(next, { method: "HEAD", redirect: "manual" })).status, 401)
    assert.isNotNull((await fetch(next, { redirect: "manual" })).headers.get("set-cookie"))
  })

  it("says nothing of the runs to who is not signed in", async () => {
    for (const path of [
      "/",
      "/style.css",
      "/api/poll?topics=runs",
      "/api/events?topics=runs",
      `/files/${finished}/run.json`,
      `/pages/${finished}/report.html`,
      "/nothing",
    ]) {
      for (const cookie of [
        "",
        `tidemark-${served.port}=`,
        `tidemark-${served.port}=wrong`,
        `x=${served.cookie}`,
      ]) {
        const answer = await fetch(`${served.origin}${path}`, { headers: { cookie, accept: "text/html" } })
        assert.strictEqual(answer.status, 401, path)
        const text = await answer.text()
        assert.include(text, "not signed in")
        assert.notInclude(text, "small")
      }
    }
  })

  it("leads a browser that followed a link from another site to the same address again, where it sends the cookie", async () => {
    const from = (site: string, cookie = "") =>
      runs.raw(`/runs/${finished}?x=1`, [
        `Cookie: ${cookie}`,
        "Accept: text/html",
        `Sec-Fetch-Site: ${site}`,
        "Sec-Fetch-Mode: navigate",
        "Sec-Fetch-Dest: document",
      ])
    for (const site of ["cross-site", "same-site"]) {
      const { status, text } = await from(site)
      assert.strictEqual(status, 200)
      assert.include(text, `content="0; url=/runs/${finished}?x=1"`)
      assert.notMatch(text, /set-cookie/i)
    }
    // The request that follows comes from the dashboard itself: it is not led on again.
    assert.strictEqual((await from("same-origin")).status, 401)
    assert.strictEqual((await from("none")).status, 401)
    assert.strictEqual((await from("same-origin", served.cookie)).status, 200)
  })
})
