/** Which requests the dashboard answers: a corpus of attacks, and what browsers really send. */
import { assert, describe, it } from "@effect/vitest"
import { ownHost } from "../../dashboard/security/hostHeader.ts"
import { refusalOf, type RequestFacts } from "../../dashboard/security/requestPolicy.ts"

const navigation = {
  "sec-fetch-site": "none",
  "sec-fetch-mode": "navigate",
  "sec-fetch-dest": "document",
}

const statusOf = (facts: Partial<RequestFacts>) =>
  refusalOf({ method: "GET", target: "/", headers: { host: "127.0.0.1:6007" }, ...facts })?.status ?? 200

describe("the Host header", () => {
  it("may be a name of this machine, with or without a port", () => {
    for (const [header, host] of [
      ["localhost", "localhost"],
      ["localhost:6007", "localhost:6007"],
      ["LOCALHOST:6007", "localhost:6007"],
      ["127.0.0.1", "127.0.0.1"],
      ["127.0.0.1:6007", "127.0.0.1:6007"],
      ["127.0.0.1:80", "127.0.0.1"],
      ["[::1]", "[::1]"],
      ["[::1]:6007", "[::1]:6007"],
      // A port that ssh forwards.
      ["localhost:8080", "localhost:8080"],
    ] as const) {
      assert.strictEqual(ownHost(header), host, header)
    }
  })

  it("may be nothing else: DNS rebinding sends the name of the attacker", () => {
    for (const header of [
      undefined,
      "",
      "attacker.example",
      "attacker.example:6007",
      "localhost.attacker.example",
      "127.0.0.1.attacker.example",
      "attacker.example#localhost",
      "attacker.example/localhost",
      "attacker.example@localhost",
      "localhost@attacker.example",
      "user@localhost:6007",
      "localhost:6007:6007",
      "localhost:0",
      "localhost:65536",
      "localhost:99999999",
      "localhost:-1",
      "localhost:6007 ",
      " localhost",
      "localhost.",
      "localhost\u0000",
      "local\u200Bhost",
      "loc\u0430lhost",
      "0.0.0.0",
      "0.0.0.0:6007",
      "127.1",
      "2130706433",
      "0x7f000001",
      "127.0.0.2",
      "::1",
      "[::]",
      "[::ffff:127.0.0.1]",
      "[0:0:0:0:0:0:0:1]",
      "[::1%25lo]",
      "169.254.169.254",
      "localhost, attacker.example",
    ]) {
      assert.isUndefined(ownHost(header), String(header))
    }
  })
})

describe("requests to the dashboard", () => {
  it("are answered from the address bar, from a link elsewhere, and from the dashboard itself", () => {
    const host = "127.0.0.1:6007"
    assert.strictEqual(statusOf({ headers: { host, ...navigation } }), 200)
    assert.strictEqual(statusOf({ headers: { host, ...navigation, "sec-fetch-site": "cross-site" } }), 200)
    const own = { "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty" }
    assert.strictEqual(statusOf({ target: "/api/poll?topics=runs", headers: { host, ...own } }), 200)
    const frame = {
      "sec-fetch-site": "same-origin",
      "sec-fetch-mode": "navigate",
      "sec-fetch-dest": "iframe",
    }
    assert.strictEqual(statusOf({ target: "/pages/comparison.html?run=a", headers: { host, ...frame } }), 200)
    // Programs such as curl send none of these.
    assert.strictEqual(statusOf({ headers: { host } }), 200)
    assert.strictEqual(statusOf({ method: "HEAD", headers: { host } }), 200)
  })

  it("are refused if a page of another site reads, frames or embeds", () => {
    for (const [site, mode, dest] of [
      ["cross-site", "cors", "empty"],
      ["cross-site", "no-cors", "script"],
      ["cross-site", "no-cors", "image"],
      ["cross-site", "navigate", "iframe"],
      ["cross-site", "navigate", "embed"],
      ["cross-site", "websocket", "websocket"],
      // Another port of this machine is another program.
      ["same-site", "cors", "empty"],
      ["same-site", "navigate", "iframe"],
      ["same-site", "no-cors", "sharedworker"],
    ] as const) {
      const headers = {
        host: "localhost:6007",
        "sec-fetch-site": site,
        "sec-fetch-mode": mode,
        "sec-fetch-dest": dest,
      }
      assert.strictEqual(statusOf({ headers }), 403, `${site} ${mode} ${dest}`)
    }
  })

  it("other than GET and HEAD need the dashboard's own Origin and Sec-Fetch-Site, both", () => {
    const post = (headers: Readonly<Record<string, string | undefined>>) =>
      statusOf({ method: "POST", target: "/api/predict", headers: { host: "localhost:6007", ...headers } })
    const origin = "http://localhost:6007"
    assert.strictEqual(post({ origin, "sec-fetch-site": "same-origin" }), 200)
    assert.strictEqual(post({}), 403)
    assert.strictEqual(post({ origin }), 403)
    assert.strictEqual(post({ "sec-fetch-site": "same-origin" }), 403)
    for (const other of [
      "null",
      "http://attacker.example",
      "http://localhost",
      "http://localhost:6008",
      "https://localhost:6007",
      "http://127.0.0.1:6007",
      "http://localhost:6007/",
      "http://localhost:6007.attacker.example",
      "http://localhost:6007, http://attacker.example",
      "file://",
    ]) {
      assert.strictEqual(post({ origin: other, "sec-fetch-site": "same-origin" }), 403, other)
    }
    for (const site of ["cross-site", "same-site", "none", "", "same-origin, same-origin"]) {
      assert.strictEqual(post({ origin, "sec-fetch-site": site }), 403, site)
    }
  })

  it("of other methods do not exist", () => {
    const headers = {
      host: "localhost:6007",
      origin: "http://localhost:6007",
      "sec-fetch-site": "same-origin",
    }
    for (const method of [
      "PUT",
      "PATCH",
      "DELETE",
      "OPTIONS",
      "TRACE",
      "CONNECT",
      "PROPFIND",
      "get",
      "Post",
    ]) {
      assert.strictEqual(statusOf({ method, headers }), 405, method)
    }
  })

  it("name a path and a query in plain characters", () => {
    for (const target of [
      "",
      "*",
      "//attacker.example/",
      "http://attacker.example/",
      "http://127.0.0.1:6007/",
      "/..",
      "/../etc/passwd",
      "/files/../../etc/passwd",
      "/files/./run.json",
      "/%2e%2e/etc/passwd",
      "/%2E%2E/etc/passwd",
      "/%2e./etc/passwd",
      "/files/a%2frun.json",
      "/files/a%2Frun.json",
      "/files/a%5crun.json",
      "/files/..%5c..%5cwindows",
      "/files\\..\\..\\windows",
      "/files/%252e%252e/run.json",
      "/files/a/run.json%00",
      "/files/a/run.json%00.html",
      "/files/a/run.json\u0000",
      "/files/a/run.json%0d%0aSet-Cookie:x",
      "/files/a/run.json#x",
      "/files/a;b/run.json",
      "/files/a b",
      "/files/\u00E9",
      "/files/%7f",
    ]) {
      assert.strictEqual(statusOf({ target }), 400, JSON.stringify(target))
    }
    assert.strictEqual(statusOf({ target: `/?${"a".repeat(9000)}` }), 414)
    // A name with markup reaches the router in this form, where no run has it.
    assert.strictEqual(statusOf({ target: "/runs/%3Cscript%3E" }), 200)
    assert.strictEqual(statusOf({ target: "/?q=..%2F..%2Fetc%2Fpasswd" }), 200)
  })
})
