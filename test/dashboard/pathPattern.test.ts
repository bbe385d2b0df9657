/** Paths with parameters, as the dashboard's routes have them. */
import { assert, describe, it } from "@effect/vitest"
import { matchPath } from "../../dashboard/pathPattern.ts"

describe("a path pattern", () => {
  it("finds its parameters, decoded", () => {
    assert.deepStrictEqual({ ...matchPath("/", "/") }, {})
    assert.deepStrictEqual({ ...matchPath("/runs/:id", "/runs/a%20b") }, { id: "a b" })
    assert.deepStrictEqual(
      { ...matchPath("/files/:id/:name", "/files/a/run.json") },
      { id: "a", name: "run.json" },
    )
  })

  it("matches whole paths alone", () => {
    for (const path of [
      "",
      "/",
      "/runs",
      "/runs/",
      "/runs/a/",
      "/runs/a/b",
      "//runs/a",
      "/Runs/a",
      "/runs/%",
      "/runs/%E0%A4",
    ]) {
      assert.isUndefined(matchPath("/runs/:id", path), path)
    }
  })

  it("gives parameters that have no members of their own", () => {
    assert.isUndefined(matchPath("/runs/:id", "/runs/x")?.constructor)
  })
})
