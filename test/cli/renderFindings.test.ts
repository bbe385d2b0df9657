import { assert, describe, it } from "@effect/vitest"
import type { Finding } from "../../cli/doctor/Finding.ts"
import { renderFindings } from "../../cli/render/renderFindings.ts"

const findings: ReadonlyArray<Finding> = [
  { area: "engine", name: "onnx", available: true, found: "ONNX Runtime 1.30.0", remedy: null },
  {
    area: "data",
    name: "emnist-digits",
    available: false,
    found: "not downloaded, and no mirror has it",
    remedy: "download the archive, unzip it, and put its four files into data/emnist-digits",
  },
]

const render = (columns: number) =>
  renderFindings(findings, columns, (isAvailable) => (isAvailable ? "available" : "not available"))

describe("what doctor found, as text", () => {
  it("is a table with a line for each finding where there is room", () => {
    assert.deepEqual(render(Infinity).split("\n"), [
      "area    name           status         found",
      "engine  onnx           available      ONNX Runtime 1.30.0",
      "data    emnist-digits  not available  not downloaded, and no mirror has it",
      "",
      "data emnist-digits: download the archive, unzip it, and put its four files into data/emnist-digits",
    ])
  })

  it("breaks between words and keeps the columns", () => {
    assert.deepEqual(render(70).split("\n"), [
      "area    name           status         found",
      "engine  onnx           available      ONNX Runtime 1.30.0",
      "data    emnist-digits  not available  not downloaded, and no mirror",
      "                                      has it",
      "",
      "data emnist-digits: download the archive, unzip it, and put its four",
      "  files into data/emnist-digits",
    ])
  })

  it("has what was found on a line of its own in a narrow terminal", () => {
    assert.deepEqual(render(40).split("\n").slice(0, 5), [
      "area    name           status",
      "engine  onnx           available",
      "  ONNX Runtime 1.30.0",
      "data    emnist-digits  not available",
      "  not downloaded, and no mirror has it",
    ])
  })
})
