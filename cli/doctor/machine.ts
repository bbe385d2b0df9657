/** The processor and the versions that runs record. */
import { availableParallelism, cpus, totalmem } from "node:os"
import { size } from "../../format/size.ts"
import { version } from "../../schemas/version.ts"
import type { Finding } from "./Finding.ts"

export const describeMachine = (): ReadonlyArray<Finding> => [
  {
    area: "device",
    name: "cpu",
    available: true,
    found: `${cpus()[0]?.model.trim() ?? process.arch}, ${availableParallelism()} threads, ${size(totalmem())} of memory`,
    remedy: null,
  },
  {
    area: "version",
    name: "tidemark",
    available: true,
    found: `${version} on Node.js ${process.versions.node}, ${process.platform} ${process.arch}`,
    remedy: null,
  },
]
