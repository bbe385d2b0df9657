/** Addresses and keys of buckets: what is refused, where requests go, and where keys come from. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { readS3Address } from "../../../storage/store/s3/s3Address.ts"
import { readCredentials, readProfile } from "../../../storage/store/s3/s3Credentials.ts"

const refused = (address: string, environment = {}) =>
  Effect.map(Effect.flip(readS3Address(address, environment)), ({ message }) => message)

describe("the address of a bucket", () => {
  it.effect("is one of AWS, encrypted, unless it names an endpoint", () =>
    Effect.gen(function* () {
      const urlOf = (address: string, environment = {}) =>
        Effect.map(readS3Address(address, environment), ({ url }) => url)
      assert.strictEqual(yield* urlOf("s3://models/x"), "https://models.s3.us-east-1.amazonaws.com")
      assert.strictEqual(
        yield* urlOf("s3://models", { AWS_REGION: "eu-central-1" }),
        "https://models.s3.eu-central-1.amazonaws.com",
      )
      assert.strictEqual(
        yield* urlOf("s3://a.b.c?region=eu-west-1"),
        "https://s3.eu-west-1.amazonaws.com/a.b.c",
      )
      assert.strictEqual(
        yield* urlOf("s3://models?endpoint=https://minio.example:9000/"),
        "https://minio.example:9000/models",
      )
      assert.strictEqual(
        yield* urlOf("s3://models", {
          AWS_ENDPOINT_URL_S3: "http://localhost:9000",
          AWS_ENDPOINT_URL: "http://x",
        }),
        "http://localhost:9000/models",
      )
      const { prefix, region } = yield* readS3Address("s3://models/team/runs/?region=auto", {})
      assert.deepStrictEqual([prefix, region], ["team/runs/", "auto"])
    }),
  )

  it.effect("is refused without encryption to another machine, unless it says so", () =>
    Effect.gen(function* () {
      const plain = "s3://models?endpoint=http://minio.example:9000"
      assert.match(
        yield* refused(plain),
        /^--store: found the endpoint .*, which is not encrypted; write https:\/\//,
      )
      assert.match(yield* refused("s3://models", { AWS_ENDPOINT_URL: "http://10.0.0.7" }), /not encrypted/)
      assert.strictEqual(
        (yield* readS3Address(`${plain}&tls=off`, {})).url,
        "http://minio.example:9000/models",
      )
    }),
  )

  it.effect("is refused with a key in it, and the key is not printed", () =>
    Effect.gen(function* () {
      for (const address of [
        "s3://id:secret@models/x",
        "s3://models?endpoint=https://id:secret@minio.example",
      ]) {
        const message = yield* refused(address)
        assert.match(message, /^--store: found a key in the address/)
        assert.notMatch(message, /secret/)
      }
      assert.match(
        yield* refused("s3://models?token=secret"),
        /found the parameter token, expected only endpoint/,
      )
    }),
  )

  it.effect("is refused if it is none", () =>
    Effect.gen(function* () {
      for (const address of ["s3://", "s3:models", "s3://Models_1", "s3://models:80"]) {
        assert.match(yield* refused(address), /^--store: found .*, expected s3:\/\/BUCKET\/PREFIX/, address)
      }
      assert.match(yield* refused("s3://models/a b"), /found the prefix a%20b, expected letters/)
      assert.match(yield* refused("s3://models?tls=maybe"), /found tls=maybe, expected on or off/)
      assert.match(yield* refused("s3://models?endpoint=minio"), /found the endpoint minio, expected https:/)
    }),
  )
})

describe("the keys of a bucket", () => {
  it.effect("come from the environment, or from a section of a file", () =>
    Effect.gen(function* () {
      const folder = mkdtempSync(join(tmpdir(), "tidemark-keys-"))
      const file = join(folder, "credentials")
      writeFileSync(
        file,
        "[default]\naws_access_key_id = D\naws_secret_access_key=a=b/+c \r\n# no\n[team]\naws_access_key_id=T\naws_secret_access_key=t\naws_session_token=s\n[empty]\n",
      )
      const read = Effect.fnUntraced(function* (environment: Record<string, string>) {
        const found = yield* readCredentials({ AWS_SHARED_CREDENTIALS_FILE: file, ...environment })
        const { accessKeyId, secretAccessKey, sessionToken } = found
        assert.notInclude(JSON.stringify(found), "a=b")
        return [accessKeyId, secretAccessKey, sessionToken].map((one) => one && Redacted.value(one))
      })
      assert.deepStrictEqual(yield* read({}), ["D", "a=b/+c", undefined])
      assert.deepStrictEqual(yield* read({ AWS_PROFILE: "team" }), ["T", "t", "s"])
      const own = { AWS_ACCESS_KEY_ID: "E", AWS_SECRET_ACCESS_KEY: "e" }
      assert.deepStrictEqual(yield* read(own), ["E", "e", undefined])
      assert.match(
        (yield* Effect.flip(read({ AWS_PROFILE: "x" }))).message,
        /has no section \[x\]; set them, or add/,
      )
      assert.match(
        (yield* Effect.flip(read({ AWS_PROFILE: "empty" }))).message,
        /lacks a key in the section \[empty\]/,
      )
      const away = { AWS_SHARED_CREDENTIALS_FILE: join(folder, "away") }
      assert.match((yield* Effect.flip(read(away))).message, /away cannot be read; set them/)
      rmSync(folder, { recursive: true })
    }),
  )

  it("are read from a section as the tools of AWS write it", () => {
    assert.deepStrictEqual(readProfile("[profile a]\nB = c", "a"), { b: "c" })
    assert.isUndefined(readProfile("x=1", "a"))
  })
})
