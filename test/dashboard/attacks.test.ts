/** Attacks over real connections: other names, other sites, other files, and text that tries to be markup. */
import { mkdirSync, rmSync, symlinkSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { runId } from "../fixtures/writeRun.ts"
import { sendRaw, type Served } from "./serve.ts"
import { failed, finished, serveRuns, type ServedRuns } from "./servedRuns.ts"

let runs: ServedRuns
let served: Served
beforeAll(async () => {
  runs = await serveRuns()
  ;({ served } = runs)
})
afterAll(() => runs.close())

const withCookie: ServedRuns["withCookie"] = (target, method) => runs.withCookie(target, method)

describe("an attack on the dashboard", () => {
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
      fetch(`${served.origin}/api/predict?model=${finished}`, {
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
    const upgrade = await runs.raw("/api/events", [
      "Upgrade: websocket",
      "Connection: Upgrade",
      "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
      "Sec-WebSocket-Version: 13",
      "Origin: http://attacker.example",
    ])
    assert.notStrictEqual(upgrade.status, 101)
  })

  it("reaches no file but those of the list", async () => {
    assert.strictEqual((await served.get(`/files/${finished}/run.json`)).status, 200)
    const linked = runId({ second: 9, name: "linked" })
    mkdirSync(join(runs.runsDir, linked))
    symlinkSync(join(runs.scratch, "secret.json"), join(runs.runsDir, linked, "run.json"))
    for (const target of [
      "/files/../secret.json",
      `/files/${finished}/../../secret.json`,
      `/files/${finished}/..%2f..%2fsecret.json`,
      `/files/${finished}/%2e%2e/%2e%2e/secret.json`,
      `/files/${finished}/%252e%252e/secret.json`,
      `/files/${finished}/run.json%00`,
      `/files/${finished}/run.json%00.html`,
      `/files/${finished}/run.json#`,
      `/files/${finished}/attempts`,
      `/files/${finished}/attempts/0001.json`,
      `/files/${finished}/predictions.safetensors`,
      `/files/${finished}/RUN.JSON`,
      `/files/${finished}/run.json::$DATA`,
      `/files/${finished}\\run.json`,
      `/files/${finished}%5crun.json`,
      "/files/C:/run.json",
      "/files//etc/passwd",
      "/files/latest/run.json",
      "/files/champion:small/run.json",
      `/files/${linked}/run.json`,
      `/files/${encodeURIComponent(runs.scratch)}/secret.json`,
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
      assert.notInclude(text, "secret", target)
      assert.notMatch(text, /root:|"tidemark",/)
    }
    rmSync(join(runs.runsDir, linked), { recursive: true })
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
    const page = await served.get(`/pages/${failed}/report.html`)
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
      runs.scratch,
      "champion:../x",
      "ensemble:../x",
      "ensemble:none",
      "<b>",
    ]) {
      const { problem, status } = await post(model, "x")
      assert.strictEqual(status, 422, model)
      assert.isAbove(String(problem).length, 10)
    }
    assert.strictEqual((await post(finished, "")).status, 422)
  })
})
