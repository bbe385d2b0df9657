/**
 * Imports the package and runs one convolution: (place, threads) -> its versions, as the last line of standard output.
 *
 * It runs in a process of its own, started by `probe.ts`: a library that does not fit crashes the process that loads it.
 */
import { importNative, setEnvironment } from "./native.ts"
import type { Probed } from "./probe.ts"

const [from, threads] = process.argv.slice(2)
// `probe.ts` reads stderr, and on stdout the instructions that oneDNN prints.
setEnvironment({ threads: Number(threads), quiet: false, gpu: false })
process.env.ONEDNN_VERBOSE = "1"
const native = importNative(from)
const image = native.tensor(Float32Array.of(1, 2, 3, 4), [1, 2, 2, 1], "float32")
const filter = native.tensor(Float32Array.of(2), [1, 1, 1, 1], "float32")
const sum = native
  .conv2d(image, filter, 1, "same")
  .dataSync()
  .reduce((a, b) => a + b, 0)
if (sum !== 20) throw new Error(`the probe's convolution is wrong: found ${sum}, expected 20`)
const { binding, isUsingGpuDevice } = native.backend()
const probed: Pick<Probed, "package" | "tensorflow" | "gpu"> = {
  package: native.version["tfjs-node"],
  tensorflow: binding.TF_Version,
  gpu: isUsingGpuDevice,
}
process.stdout.write(`\n${JSON.stringify(probed)}\n`)
