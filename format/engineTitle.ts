/** An engine for people: { name, device, threads } -> "ONNX Runtime (2 threads)", on a GPU its name. */
import type { EngineInfo } from "../schemas/EngineInfo.ts"

const titles: Readonly<Record<EngineInfo["name"], string>> = {
  tensorflow: "TensorFlow",
  onnx: "ONNX Runtime",
  reference: "TensorFlow.js in plain JavaScript, slow",
}

export const engineTitle = ({ device, name, threads }: Pick<EngineInfo, "device" | "name" | "threads">) => {
  const gpu = /^gpu(?: \((.+)\))?$/.exec(device)
  const place = gpu !== null ? (gpu[1] ?? "GPU") : threads === 1 ? "1 thread" : `${threads} threads`
  return `${titles[name]} (${place})`
}
