/** An engine for people: { name, device, threads } -> "ONNX Runtime (2 threads)". */
import type { EngineInfo } from "../schemas/EngineInfo.ts"

const titles: Readonly<Record<EngineInfo["name"], string>> = {
  tensorflow: "TensorFlow",
  onnx: "ONNX Runtime",
  reference: "TensorFlow.js in plain JavaScript, slow",
}

export const engineTitle = ({ device, name, threads }: Pick<EngineInfo, "device" | "name" | "threads">) => {
  const place = device === "gpu" ? "GPU" : threads === 1 ? "1 thread" : `${threads} threads`
  return `${titles[name]} (${place})`
}
