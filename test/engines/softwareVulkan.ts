/**
 * Whether the tests of a GPU can run here: on Vulkan in software, if TIDEMARK_SOFTWARE_VULKAN=1 allows it. `docs/development.md`
 * says how to get it.
 */
import { Effect, Result } from "effect"
import { findGpu } from "../../engines/onnx/device/Device.ts"
import { allowsSoftware, softwareVariable } from "../../engines/onnx/device/vulkan.ts"

const found = allowsSoftware()
  ? Result.match(await Effect.runPromise(Effect.result(findGpu())), {
      onSuccess: () => undefined,
      onFailure: (failure) => failure.found,
    })
  : `${softwareVariable} is not 1`
if (found !== undefined) console.warn(`training on a GPU is not tested: ${found}`)

export const hasSoftwareVulkan = found === undefined
