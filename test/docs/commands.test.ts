/** Every command of the documents is executed, and its output has the shape that they show. README.md has the rules. */
import { assert, describe, it } from "@effect/vitest"
import { documents, testCommands, valuesOf } from "./documents.ts"

testCommands("stand-ins")

describe("a block that is not run", () => {
  const reasons = documents.flatMap((document) =>
    document.blocks.flatMap((block) =>
      valuesOf(block, "not run").map((reason) => `${document.path}: ${reason}`),
    ),
  )

  it("has a reason, and there are few of them", () => {
    console.info(`not run:\n  ${reasons.join("\n  ")}`)
    assert.isAtMost(reasons.length, 6)
  })

  it("is the only kind whose language no test knows", () => {
    const unknown = documents.flatMap(({ blocks, path }) =>
      blocks
        .filter(
          (block) =>
            !["sh", "ts", "text", ""].includes(block.language) && valuesOf(block, "not run").length === 0,
        )
        .map(({ language, line }) => `${path}:${line} ${language}`),
    )
    assert.deepStrictEqual(unknown, [])
  })
})
