/**
 * Records the spans of a process, for `start.ts`: imported before the program (`node --import`), it writes them to TIDEMARK_SPANS
 * as JSON when the process exits.
 */
import { writeFileSync } from "node:fs"
import { NativeSpan } from "effect/Tracer"

const { timeOrigin } = performance
/** @type {Array<{ name: string, from: number, to: number }>} */
const spans = []
const { end } = NativeSpan.prototype
NativeSpan.prototype.end = function (endTime, exit) {
  const milliseconds = (time) => Number(time) / 1e6 - timeOrigin
  spans.push({ name: this.name, from: milliseconds(this.startTime), to: milliseconds(endTime) })
  return end.call(this, endTime, exit)
}

process.on("exit", () => {
  const whole = { name: "process", from: 0, to: performance.now() }
  writeFileSync(process.env.TIDEMARK_SPANS ?? "spans.json", JSON.stringify([whole, ...spans]))
})
