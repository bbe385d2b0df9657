/** The dashboard's server over real connections: where it listens, what it answers, and that it only reads. */
import { readdirSync, statSync } from "node:fs"
import { connect } from "node:net"
import { networkInterfaces } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { mostCompared } from "../../dashboard/limits.ts"
import type { Served } from "./serve.ts"
import { failed, finished, serveRuns, type ServedRuns } from "./servedRuns.ts"

let runs: ServedRuns
let served: Served
beforeAll(async () => {
  runs = await serveRuns()
  ;({ served } = runs)
})
afterAll(() => runs.close())

const isAnswered = (port: number, host: string) =>
  new Promise<boolean>((resolve) => {
    const socket = connect({ port, host })
    const end = (answered: boolean) => {
      socket.destroy()
      resolve(answered)
    }
    socket.setTimeout(2000, () => end(false))
    socket.on("connect", () => end(true))
    socket.on("error", () => end(false))
  })

/** Every path with its size and time. */
const stateOf = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .sort()
    .map((name) => {
      const { mtimeMs, size } = statSync(join(folder, name))
      return `${name} ${size} ${mtimeMs}`
    })

describe("the dashboard's server", () => {
  it("listens on the loopback interface alone", async () => {
    assert.match(served.address(), /^http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{30,}$/)
    assert.strictEqual((await runs.withCookie("/")).status, 200)
    const others = Object.values(networkInterfaces()).flatMap((all) =>
      (all ?? []).map(({ address }) => address),
    )
    // All of 127.0.0.0/8 is the loopback interface, but no other address of it is listened on.
    for (const host of ["127.0.0.2", "::1", ...others.filter((address) => address !== "127.0.0.1")]) {
      assert.isFalse(await isAnswered(served.port, host), host)
    }
    assert.isTrue(await isAnswered(served.port, "127.0.0.1"))
  })

  it("answers with a strict policy, whatever it answers", async () => {
    for (const path of [
      "/",
      "/nothing",
      "/style.css",
      "/api/poll?topics=runs",
      `/files/${finished}/run.json`,
      "/runs/x",
    ]) {
      const { headers } = await served.get(path)
      const policy = headers.get("content-security-policy") ?? ""
      assert.include(policy, "default-src 'none'")
      assert.include(policy, "script-src 'self'")
      assert.include(policy, "frame-ancestors 'none'")
      assert.notInclude(policy, "unsafe")
      assert.strictEqual(headers.get("x-content-type-options"), "nosniff")
      assert.strictEqual(headers.get("cross-origin-resource-policy"), "same-origin")
      assert.strictEqual(headers.get("cache-control"), "no-store")
      assert.isNull(headers.get("access-control-allow-origin"))
    }
    const page = await served.get(`/pages/${finished}/report.html`)
    assert.strictEqual(page.status, 200)
    const policy = page.headers.get("content-security-policy") ?? ""
    assert.include(policy, "default-src 'none'")
    assert.include(policy, "sandbox")
    assert.notInclude(policy, "script")
  })

  it("answers a browser that opens an address without a view by a page that says so, and others by JSON", async () => {
    const page = await served.get("/nothing", { accept: "text/html,*/*;q=0.8" })
    assert.strictEqual(page.status, 404)
    assert.include(page.headers.get("content-type"), "text/html")
    assert.include(page.headers.get("content-security-policy"), "default-src 'none'")
    assert.strictEqual(await page.text(), await (await served.get("/")).text())
    const other = await served.get("/nothing")
    assert.strictEqual(other.status, 404)
    assert.deepStrictEqual(JSON.parse(await other.text()), { problem: "there is nothing at this address" })
  })

  it("never writes: not one file changes", async () => {
    const before = stateOf(runs.runsDir)
    for (const path of [
      "/",
      "/api/poll?topics=runs",
      `/api/poll?topics=run:${finished}`,
      `/api/runs/${finished}/rows`,
      `/pages/${finished}/report.html?save`,
      `/pages/comparison.html?run=${finished}&run=${failed}`,
      "/pages/history.html",
    ]) {
      await (await served.get(path)).text()
    }
    assert.deepStrictEqual(stateOf(runs.runsDir), before)
  })
})

describe("the pages of the dashboard", () => {
  it("can be saved under a harmless name", async () => {
    const page = await served.get(`/pages/${finished}/report.html?save`)
    assert.strictEqual(page.headers.get("content-disposition"), `attachment; filename="${finished}.html"`)
    const compared = await served.get(`/pages/comparison.html?run=${finished}&run=${failed}&save`)
    assert.strictEqual(compared.status, 200)
    assert.include(await compared.text(), "<!doctype html>")
    const many = Array.from({ length: mostCompared + 1 }, () => `run=${finished}`).join("&")
    const refused = await served.get(`/pages/comparison.html?${many}`)
    assert.strictEqual(refused.status, 422)
    assert.include(await refused.text(), "at most 16 runs")
  })

  it("load modules that exist, without types", async () => {
    const shell = await (await served.get("/")).text()
    const addresses = [...shell.matchAll(/modulepreload" href="([^"]+)"/g)].map(([, address]) => address)
    assert.isAbove(addresses.length, 15)
    for (const address of addresses) {
      const answer = await served.get(address)
      assert.strictEqual(answer.status, 200, address)
      assert.match(answer.headers.get("content-type") ?? "", /^text\/javascript/)
      assert.notMatch(await answer.text(), /^(import|export) type|\binnerHTML\b|^interface /m, address)
    }
  })
})
