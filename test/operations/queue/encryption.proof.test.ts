/** Encryption to a real database: which servers a queue connects to. 127.0.0.2 is another machine to it. */
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { start } from "../../fixtures/cli.ts"
import { giveToPostgres, type Postgres, postgresMissing, startPostgres } from "../../fixtures/postgres.ts"

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0
const missing = postgresMissing === "" && !hasOpenssl ? "openssl is missing" : postgresMissing
const skipped = missing === "" ? "" : ` (skipped: ${missing})`

let scratch: string
let encrypted: Postgres
let plain: Postgres
const certificate = () => join(scratch, "server.crt")

const addressAt = ({ address }: Postgres, host: string, query = "") =>
  `--queue=${address.replace("127.0.0.1", host)}${query}`

const startTrusting = (trusts: boolean, ...words: ReadonlyArray<string>) => {
  if (trusts) process.env.NODE_EXTRA_CA_CERTS = certificate()
  try {
    return start(...words)
  } finally {
    delete process.env.NODE_EXTRA_CA_CERTS
  }
}
const list = (queue: string, trusts = false) => startTrusting(trusts, "queue", queue).ended

/** Whether all connections of workers are encrypted; undefined while there are none. */
const isEncrypted = ({ query }: Postgres) => {
  const answer = query(
    "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'tidemark'",
  ).trim()
  return answer === "" ? undefined : answer === "t"
}

describe.skipIf(missing !== "")(`a queue in a database of another machine${skipped}`, () => {
  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), "tidemark-tls-"))
    const key = join(scratch, "server.key")
    const made = spawnSync(
      "openssl",
      ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=database"].concat([
        "-addext",
        "subjectAltName=IP:127.0.0.2",
        "-keyout",
        key,
        "-out",
        certificate(),
      ]),
      { encoding: "utf8" },
    )
    assert.strictEqual(made.status, 0, made.stderr)
    giveToPostgres(key)
    const listen = "listen_addresses=127.0.0.1,127.0.0.2,127.0.0.3"
    const tls = ["ssl=on", `ssl_key_file=${key}`, `ssl_cert_file=${certificate()}`]
    encrypted = await startPostgres(join(scratch, "encrypted"), listen, ...tls)
    plain = await startPostgres(join(scratch, "plain"), listen)
  })
  afterAll(() => {
    encrypted?.stop()
    plain?.stop()
    rmSync(scratch, { recursive: true, force: true })
  })

  it("is refused if its certificate is signed by nobody who is trusted", async () => {
    const { code, stderr } = await list(addressAt(encrypted, "127.0.0.2"))
    assert.strictEqual(code, 69, stderr)
    assert.match(stderr, /cannot reach the queue .*self-signed certificate/)
    assert.match(stderr, /NODE_EXTRA_CA_CERTS/)
  })

  it("is used if NODE_EXTRA_CA_CERTS names its certificate, and the connection is encrypted", async () => {
    const { code, stderr, stdout } = await list(addressAt(encrypted, "127.0.0.2"), true)
    assert.strictEqual(code, 0, stderr)
    assert.strictEqual(stdout, "the queue is empty\n")
    const worker = startTrusting(true, "worker", addressAt(encrypted, "127.0.0.2"))
    let seen: boolean | undefined
    for (let waited = 0; seen === undefined && waited < 20_000; waited += 100) {
      seen = isEncrypted(encrypted)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    assert.isTrue(seen)
    worker.child.kill("SIGTERM")
    assert.strictEqual((await worker.ended).code, 0)
  })

  it("is refused if its certificate is for another name", async () => {
    const { code, stderr } = await list(addressAt(encrypted, "127.0.0.3"), true)
    assert.strictEqual(code, 69, stderr)
    assert.match(stderr, /does not match certificate/)
  })

  it("is refused if it encrypts nothing, unless sslmode=disable allows that", async () => {
    const { code, stderr } = await list(addressAt(plain, "127.0.0.2"))
    assert.strictEqual(code, 69, stderr)
    assert.match(stderr, /does not support SSL connections/)
    const allowed = await list(addressAt(plain, "127.0.0.2", "?sslmode=disable"))
    assert.strictEqual(allowed.code, 0, allowed.stderr)
  })
})
