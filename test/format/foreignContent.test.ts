import { assert, describe, it } from "@effect/vitest"
import { foreignContent } from "../../format/foreignContent.ts"

const bytes = (text: string) => new TextEncoder().encode(text)

describe("content in place of a data file", () => {
  it.each([
    ["version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9912422\n", "a Git LFS pointer"],
    ["../../.git/annex/objects/x/SHA256E-s9.gz/SHA256E-s9.gz", "a git-annex pointer"],
    ["/annex/objects/SHA256E-s9--0.gz\n", "a git-annex pointer"],
    ["\uFEFF\n<!DOCTYPE html><title>Log in</title>", "an HTML page"],
    ["<html><body>404</body></html>", "an HTML page"],
    ["<!-- generated -->\n<html></html>", "an HTML page"],
    [`<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>`, "an XML document"],
    ["<Error><Code>ExpiredToken</Code></Error>", "an XML document"],
    [`{"message": "Not Found"}`, "a JSON message"],
  ])("is recognized: %j", (text, found) => {
    assert.strictEqual(foreignContent(bytes(text))?.found, found)
  })

  it("is not seen in IDX, gzip and safetensors files", () => {
    for (const start of [
      [0, 0, 8, 3],
      [0x1f, 0x8b, 8],
      [64, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x22],
    ])
      assert.isUndefined(foreignContent(Uint8Array.from(start)))
    assert.isUndefined(foreignContent(new Uint8Array()))
  })
})
