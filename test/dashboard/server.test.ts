/** The dashboard over real connections: signing in, attacks, and that it only reads. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { runId, writeRun } from "../fixtures/writeRun.ts"
import { sendRaw, serve, type Served } from "./serve.ts"

const id = runId({ second: 1 })
let scratch: string
let runsDir: string
let served: Served

/** Every path with its size and time. */
const stateOf = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .sort()
    .map((name) => {
      const { mtimeMs, size } = statSync(join(folder, name))
      return `${name} ${size} ${mtimeMs}`
    })

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "tidemark-server-"))
  runsDir = join(scratch, "runs")
  writeRun({ runsDir, second: 1 })
  writeRun({ runsDir, second: 2, status: "failed", unfinished: true, reason: "<script>alert(1)</script>" })
  mkdirSync(join(runsDir, "20260101T000003Z-<img src=x onerror=alert(1)>-00000000"))
  writeFileSync(join(scratch, "secret.json"), "secret")
  served = await serve(runsDir)
})
afterAll(async () => {
  await served.close()
  rmSync(scratch, { recursive: true, force: true })
})

const raw = (target: string, headers: ReadonlyArray<string> = [], method = "GET") =>
  sendRaw(
    served.port,
    [
      `${method} ${target} HTTP/1.1`,
      `Host: 127.0.0.1:${served.port}`,
      "Connection: close",
      ...headers,
      "",
      "",
    ].join("\r\n"),
  )
const withCookie = (target: string, method = "GET") => raw(target, [`Cookie: ${served.cookie}`], method)

describe("the dashboard's server", () => {
  it("listens on the loopback interface alone", async () => {
    assert.match(served.address(), /^http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{30,}$/)
    assert.strictEqual((await withCookie("/")).status, 200)
  })

  it("signs a browser in by the token of the address, once", async () => {
    const address = served.address()
    const answer = await fetch(address, { redirect: "manual" })
    assert.strictEqual(answer.status, 303)
    assert.strictEqual(answer.headers.get("location"), "/")
    const cookie = answer.headers.get("set-cookie") ?? ""
    for (const part of ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=2592000"])
      assert.include(cookie, part)
    const again = await fetch(address, { redirect: "manual" })
    assert.strictEqual(again.status, 303)
    assert.isNull(again.headers.get("set-cookie"))
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
      `/files/${id}/run.json`,
      `/pages/${id}/report.html`,
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

  it("refuses the Host of another name, two of them, and none", async () => {
    const send = (lines: ReadonlyArray<string>) =>
      sendRaw(
        served.port,
        [
          "GET /api/poll?topics=runs HTTP/1.1",
          ...lines,
          `Cookie: ${served.cookie}`,
          "Connection: close",
          "",
          "",
        ].join("\r\n"),
      )
    assert.strictEqual((await send([`Host: localhost:${served.port}`])).status, 200)
    assert.strictEqual((await send([`Host: [::1]:${served.port}`])).status, 200)
    for (const lines of [
      ["Host: attacker.example"],
      [`Host: attacker.example:${served.port}`],
      [`Host: localhost.attacker.example:${served.port}`],
      ["Host: 0.0.0.0"],
      [`Host: localhost:${served.port}`, "Host: attacker.example"],
      ["Host: attacker.example", `Host: localhost:${served.port}`],
      ["Host:"],
      ["X-Forwarded-Host: localhost", "Host: attacker.example"],
      [],
    ]) {
      const { status, text } = await send(lines)
      assert.include([400, 403], status, lines.join())
      assert.notInclude(text, "small")
    }
    const absolute = await withCookie(`http://attacker.example/api/poll?topics=runs`)
    assert.strictEqual(absolute.status, 400)
  })

  it("refuses what another site could send", async () => {
    for (const headers of [
      { "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty" },
      { "sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "script" },
      { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" },
    ]) {
      assert.strictEqual((await served.get("/api/poll?topics=runs", headers)).status, 403)
    }
    const post = (headers: Record<string, string>) =>
      fetch(`${served.origin}/api/predict?model=${id}`, {
        method: "POST",
        body: "x",
        headers: { cookie: served.cookie, ...headers },
      })
    assert.strictEqual((await post({})).status, 403)
    assert.strictEqual(
      (await post({ origin: "http://attacker.example", "sec-fetch-site": "cross-site" })).status,
      403,
    )
    assert.strictEqual((await post({ origin: served.origin })).status, 403)
    const own = await post({ origin: served.origin, "sec-fetch-site": "same-origin" })
    assert.strictEqual(own.status, 422)
    for (const method of ["PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"]) {
      assert.strictEqual((await withCookie("/", method)).status, 405, method)
    }
    // A handshake of a web socket is an ordinary request here.
    const upgrade = await raw("/api/events", [
      "Upgrade: websocket",
      "Connection: Upgrade",
      "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
      "Sec-WebSocket-Version: 13",
      "Origin: http://attacker.example",
    ])
    assert.notStrictEqual(upgrade.status, 101)
  })

  it("reaches no file but those of the list", async () => {
    assert.strictEqual((await served.get(`/files/${id}/run.json`)).status, 200)
    const linked = runId({ second: 9, name: "linked" })
    mkdirSync(join(runsDir, linked))
    symlinkSync(join(scratch, "secret.json"), join(runsDir, linked, "run.json"))
    for (const target of [
      "/files/../secret.json",
      `/files/${id}/../../secret.json`,
      `/files/${id}/..%2f..%2fsecret.json`,
      `/files/${id}/%2e%2e/%2e%2e/secret.json`,
      `/files/${id}/%252e%252e/secret.json`,
      `/files/${id}/run.json%00`,
      `/files/${id}/run.json%00.html`,
      `/files/${id}/run.json#`,
      `/files/${id}/attempts`,
      `/files/${id}/attempts/0001.json`,
      `/files/${id}/predictions.safetensors`,
      `/files/${id}/RUN.JSON`,
      `/files/${id}/run.json::$DATA`,
      `/files/${id}\\run.json`,
      `/files/${id}%5crun.json`,
      "/files/C:/run.json",
      "/files//etc/passwd",
      "/files/latest/run.json",
      "/files/champion:small/run.json",
      `/files/${linked}/run.json`,
      `/files/${encodeURIComponent(scratch)}/secret.json`,
      "/modules/../package.json",
      "/modules/package.json",
      "/modules/dashboard/server.ts",
      "/modules/dashboard/client/%2e%2e/server.ts",
      `/pages/${encodeURIComponent("../..")}/report.html`,
      "/pages/latest/report.html",
      `/api/runs/${encodeURIComponent("../../etc")}/rows`,
      "/api/collections/sweeps/..",
      "/api/collections/__proto__/x",
    ]) {
      const { status, text } = await withCookie(target)
      assert.include([400, 404], status, target)
      assert.notInclude(text, "secret\n")
      assert.notMatch(text, /root:|"tidemark",/)
    }
    rmSync(join(runsDir, linked), { recursive: true })
  })

  it("answers with a strict policy, whatever it answers", async () => {
    for (const path of [
      "/",
      "/nothing",
      "/style.css",
      "/api/poll?topics=runs",
      `/files/${id}/run.json`,
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
    const page = await served.get(`/pages/${id}/report.html`)
    assert.strictEqual(page.status, 200)
    const policy = page.headers.get("content-security-policy") ?? ""
    assert.include(policy, "default-src 'none'")
    assert.include(policy, "sandbox")
    assert.notInclude(policy, "script")
  })

  it("sends text of runs as text: JSON that no browser takes for a page", async () => {
    const answer = await served.get("/api/poll?topics=runs")
    assert.match(answer.headers.get("content-type") ?? "", /^application\/json/)
    const text = await answer.text()
    assert.include(text, "<script>alert(1)</script>")
    for (const target of [
      "/runs/%3Cscript%3Ealert(1)%3C/script%3E",
      "/?q=%3Cscript%3Ealert(1)%3C/script%3E",
      "/draw?model=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
      "/compare?run=%3Cscript%3Ealert(1)%3C/script%3E",
    ]) {
      assert.notInclude(await (await served.get(target)).text(), "alert(1)", target)
    }
    const page = await served.get(`/pages/${runId({ second: 2 })}/report.html`)
    assert.notInclude(await page.text(), "<script>")
  })

  it("answers a model that is none, and an image that is none, with a sentence", async () => {
    const post = async (model: string, body: string) => {
      const answer = await fetch(`${served.origin}/api/predict?model=${encodeURIComponent(model)}`, {
        method: "POST",
        body,
        headers: { cookie: served.cookie, origin: served.origin, "sec-fetch-site": "same-origin" },
      })
      const { problem } = JSON.parse(await answer.text())
      return { status: answer.status, problem }
    }
    for (const model of [
      "",
      "latest",
      "../../x",
      scratch,
      "champion:../x",
      "ensemble:../x",
      "ensemble:none",
      "<b>",
    ]) {
      const { problem, status } = await post(model, "x")
      assert.strictEqual(status, 422, model)
      assert.isAbove(String(problem).length, 10)
    }
    assert.strictEqual((await post(id, "")).status, 422)
  })

  it("never writes: not one file changes", async () => {
    const before = stateOf(runsDir)
    for (const path of [
      "/",
      "/api/poll?topics=runs",
      `/api/poll?topics=run:${id}`,
      `/api/runs/${id}/rows`,
      `/pages/${id}/report.html?save`,
      `/pages/comparison.html?run=${id}&run=${runId({ second: 2 })}`,
      "/pages/history.html",
    ]) {
      await (await served.get(path)).text()
    }
    assert.deepStrictEqual(stateOf(runsDir), before)
  })
})

describe("the pages of the dashboard", () => {
  it("can be saved under a harmless name", async () => {
    const page = await served.get(`/pages/${id}/report.html?save`)
    assert.strictEqual(page.headers.get("content-disposition"), `attachment; filename="${id}.html"`)
    const compared = await served.get(`/pages/comparison.html?run=${id}&run=${runId({ second: 2 })}&save`)
    assert.strictEqual(compared.status, 200)
    assert.include(await compared.text(), "<!doctype html>")
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
