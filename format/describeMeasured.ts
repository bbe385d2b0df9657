/** The times that decided on a device, for people: (engine) -> "onnx on cpu 31 ms, onnx on gpu 2.1 ms per iteration"; or undefined. */
import type { EngineInfo } from "../schemas/EngineInfo.ts"
import { measure } from "./numbers.ts"

export const describeMeasured = ({ measured }: Pick<EngineInfo, "measured">): string | undefined => {
  if (measured === undefined) return undefined
  const times = measured.map(
    ({ device, iterationMs, name }) => `${name} on ${device} ${measure(iterationMs)} ms`,
  )
  return `${times.join(", ")} per iteration`
}
