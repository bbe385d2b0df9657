/**
 * Imports the package and runs one convolution: (place, threads) -> what it is, as the last line of standard output.
 *
 * A process of its own, started by `probe.ts`: a library that does not fit ends the process it is loaded into.
 */
import { importNative, setEnvironment } from "./native.ts"
import type { Probed } from "./probe.ts"

const [from, threads] = process.argv.slice(2)
// Chatter on stderr goes to whoever started this; oneDNN says on stdout which instructions it uses.
setEnvironment({ threads: Number(threads), quiet: false, gpu: false })
process.env.ONEDNN_VERBOSE = "1"
const native = importNative(from)
const image = native.tensor(Float32Array.of(1, 2, 3, 4), [1, 2, 2, 1], "float32")
const filter = native.tensor(Float32Array.of(2), [1, 1, 1, 1], "float32")
const sum = native
  .conv2d(image, filter, 1, "same")
  .dataSync()
  .reduce((a, b) => a + b, 0)
if (sum !== 20) throw new Error(`a convolution gave ${sum}, not 20`)
const { binding, isUsingGpuDevice } = native.backend()
const probed: Pick<Probed, "package" | "tensorflow" | "gpu"> = {
  package: native.version["tfjs-node"],
  tensorflow: binding.TF_Version,
  gpu: isUsingGpuDevice,
}
process.stdout.write(`\n${JSON.stringify(probed)}\n`)
