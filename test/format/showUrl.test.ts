import { assert, describe, it } from "@effect/vitest"
import { showUrl, showUrls } from "../../format/showUrl.ts"

describe("an address that is shown", () => {
  it.each([
    ["https://ann:s3cret@example.com/a.gz", "https://***@example.com/a.gz"],
    ["https://ghp_s3cret@example.com/a.gz", "https://***@example.com/a.gz"],
    ["https://ann:s3@cret@example.com/a.gz", "https://***@example.com/a.gz"],
    ["https://ann:s3/cret@example.com/a.gz", "https://***@example.com/a.gz"],
    [
      "https://b.s3.example.com/a.gz?X-Amz-Date=2026&X-Amz-Signature=s3cret&X-Amz-Credential=s3cret%2F1",
      "https://b.s3.example.com/a.gz?X-Amz-Date=2026&X-Amz-Signature=***&X-Amz-Credential=***",
    ],
    ["https://example.com/a?sv=2024&sig=s3cret#part", "https://example.com/a?sv=2024&sig=***#part"],
    ["https://example.com/a?access_token=s3cret", "https://example.com/a?access_token=***"],
    ["https://example.com/a?apiKey=s3cret&x=1", "https://example.com/a?apiKey=***&x=1"],
    ["https://example.com/a?AWSAccessKeyId=s3cret", "https://example.com/a?AWSAccessKeyId=***"],
    ["https://example.com/a?%74oken=s3cret", "https://example.com/a?%74oken=***"],
    ["https://example.com/a#access_token=s3cret", "https://example.com/a#access_token=***"],
    ["HTTP://Ann:s3cret@Example.com", "HTTP://***@Example.com"],
  ])("has no secret: %s", (url, shown) => {
    assert.strictEqual(showUrl(url), shown)
    assert.strictEqual(showUrls(`cannot load "${url}".`), `cannot load "${shown}".`)
    assert.strictEqual(showUrl(shown), shown)
  })

  it.each([
    "https://example.com/@scope/a%20b.gz?version=2&monkey=1#top",
    "https://example.com:8080/",
    "file:///data/a.gz",
    "data/train@2.gz",
    "C:\\data\\key=1.gz",
  ])("is unchanged without a secret: %s", (url) => {
    assert.strictEqual(showUrl(url), url)
    assert.strictEqual(showUrls(url), url)
  })
})
