/**
 * The platforms that onnxruntime-node has libraries for, and the files that its CPU backend needs there.
 *
 * Measured from the headers of the libraries (ELF, Mach-O, PE):
 * - Linux: onnxruntime_binding.node loads libonnxruntime.so.1 from its own folder. WebGPU is inside the library of x64.
 * - macOS: the binding loads libonnxruntime.1.dylib; libonnxruntime.1.30.0.dylib is a second copy of it.
 * - Windows: onnxruntime.dll loads DirectML.dll only when DirectML is used, and dxcompiler.dll and dxil.dll are for WebGPU. They
 *   are omitted: 38 MB, with licences of their own.
 */
export interface Platform {
  readonly os: "linux" | "darwin" | "win32"
  readonly cpu: "x64" | "arm64"
  /** Built against glibc 2.28: npm skips the package where musl is. */
  readonly libc?: "glibc"
  /** Below the folder of the platform. */
  readonly libraries: ReadonlyArray<string>
}

const binding = "onnxruntime_binding.node"
const linux = { os: "linux", libc: "glibc", libraries: ["libonnxruntime.so.1", binding] } as const
const windows = { os: "win32", libraries: ["onnxruntime.dll", binding] } as const

export const platforms: ReadonlyArray<Platform> = [
  { ...linux, cpu: "x64" },
  { ...linux, cpu: "arm64" },
  { os: "darwin", cpu: "arm64", libraries: ["libonnxruntime.1.dylib", binding] },
  { ...windows, cpu: "x64" },
  { ...windows, cpu: "arm64" },
]

export const nameOf = ({ cpu, os }: Platform) => `@tidemark/onnxruntime-${os}-${cpu}`
