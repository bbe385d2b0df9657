/** The tables of exit codes and of stored files have what the program has: nothing is missing, nothing is invented. */
import { assert, describe, it } from "@effect/vitest"
import { exitCodes } from "../../schemas/exitCodes.ts"
import { TrainMetric, ValidationMetric } from "../../schemas/Metric.ts"
import { Report } from "../../schemas/Report.ts"
import { Attempt, RunIdentity } from "../../schemas/Run.ts"
import { ScheduledRun } from "../../schemas/ScheduledRun.ts"
import { readDocument } from "./markdown.ts"

const stored = readDocument("docs/run-directory.md")
const withoutTicks = (cell: string) => cell.replace(/^`|`$/g, "")

describe("the document of the run directory", () => {
  const files: ReadonlyArray<readonly [heading: string, fields: object, which?: number]> = [
    ["run.json", RunIdentity.fields],
    ["attempts/0001.json", Attempt.fields],
    ["metrics.ndjson", TrainMetric.fields, 0],
    ["metrics.ndjson", ValidationMetric.fields, 1],
    ["report.json", Report.fields],
    ["schedule.ndjson", ScheduledRun.from.fields],
  ]
  for (const [heading, fields, which = 0] of files) {
    it(`has every field of ${heading}${which === 0 ? "" : ", second table"}`, () => {
      const table = stored.tables.filter((each) => each.heading === heading)[which]
      const described = table.rows.map(([field]) => withoutTicks(field))
      assert.deepStrictEqual(described.toSorted(), Object.keys(fields).toSorted())
    })
  }
})

describe("the document of the exit codes", () => {
  it("has every exit code with its name", () => {
    const [table] = readDocument("docs/exit-codes.md").tables
    const described = table.rows.map(([code, name]) => [withoutTicks(name), Number(code)])
    assert.deepStrictEqual(described, Object.entries(exitCodes))
  })
})
