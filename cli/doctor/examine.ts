/**
 * What of this machine training can use: () -> one finding a thing, with the line that would mend what is not usable.
 *
 * Nothing is changed and nothing is trained. Mirrors are contacted only when asked for.
 */
import { existsSync } from "node:fs"
import { statfs } from "node:fs/promises"
import { availableParallelism, cpus, totalmem } from "node:os"
import { dirname, resolve } from "node:path"
import { Effect, Path, Result } from "effect"
import { HttpClient } from "effect/http"
import { Engine } from "../../engines/Engine.ts"
import { selectEngine } from "../../engines/select.ts"
import { findUsable } from "../../engines/tensorflow/runtime.ts"
import type { RegisteredName } from "../../schemas/Dataset.ts"
import { version } from "../../schemas/version.ts"
import { lookUp } from "../../stages/fetch/cache.ts"
import { datasets } from "../../stages/fetch/datasets.ts"

export interface Finding {
  readonly area: "engine" | "device" | "version" | "data" | "disk"
  readonly name: string
  readonly usable: boolean
  /** What was found. */
  readonly found: string
  /** What would make it usable, or better. */
  readonly remedy: string | null
}

const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`

const tensorflow = Effect.gen(function* () {
  const outcome = yield* Effect.result(findUsable(availableParallelism()))
  if (Result.isFailure(outcome)) {
    // The reason says what was found and then what to do.
    const [found, ...remedy] = outcome.failure.reason.split("; ")
    return [
      { area: "engine", name: "tensorflow", usable: false, found, remedy: remedy.join("; ") || null },
    ] satisfies ReadonlyArray<Finding>
  }
  const { place, probed } = outcome.success
  const found = `TensorFlow ${probed.tensorflow}, ${probed.path}, ${place.name}`
  const hasCard = existsSync("/dev/nvidiactl")
  const gpu: Finding = probed.gpu
    ? { area: "device", name: "gpu", usable: true, found: "used by tensorflow", remedy: null }
    : {
        area: "device",
        name: "gpu",
        usable: false,
        found:
          probed.note?.split("; ")[0] ??
          (hasCard ? "an NVIDIA card that this TensorFlow cannot use" : "none"),
        remedy:
          probed.note?.split("; ")[1] ?? (hasCard ? "the README says how to add TensorFlow with CUDA" : null),
      }
  return [
    { area: "engine", name: "tensorflow", usable: true, found, remedy: null },
    gpu,
  ] satisfies ReadonlyArray<Finding>
})

const onnx = Effect.gen(function* () {
  const outcome = yield* Effect.result(
    Effect.provide(
      Effect.map(Engine, ({ info }) => info),
      selectEngine("onnx"),
    ),
  )
  const shared = { area: "engine", name: "onnx" } as const
  if (Result.isFailure(outcome)) {
    return { ...shared, usable: false, found: outcome.failure.reason, remedy: "run `pnpm install` again" }
  }
  const { path, versions } = outcome.success
  return {
    ...shared,
    usable: true,
    found: `ONNX Runtime ${versions["onnxruntime-node"]}, ${path}`,
    remedy: null,
  }
})

const machine: ReadonlyArray<Finding> = [
  {
    area: "device",
    name: "cpu",
    usable: true,
    found: `${cpus()[0]?.model.trim() ?? process.arch}, ${availableParallelism()} threads, ${gigabytes(totalmem())} of memory`,
    remedy: null,
  },
  {
    area: "version",
    name: "tidemark",
    usable: true,
    found: `${version} on Node.js ${process.versions.node}, ${process.platform} ${process.arch}`,
    remedy: null,
  },
]

const answers = (url: string) =>
  HttpClient.head(url).pipe(
    Effect.timeout("10 seconds"),
    Effect.map(({ status }) => (status < 400 ? "answers" : `answers ${status}`)),
    Effect.orElseSucceed(() => "does not answer"),
  )

const isInstalled = (bundled: string) => {
  try {
    return import.meta.resolve(bundled) !== ""
  } catch {
    return false
  }
}

const dataset = Effect.fnUntraced(function* (name: RegisteredName, dataDir: string, network: boolean) {
  const paths = yield* Path.Path
  const { byHand, files } = datasets[name]
  const all = Object.values(files)
  const folder = paths.join(paths.resolve(dataDir), name)
  const cached = yield* Effect.forEach(all, ({ digest, name: file }) =>
    lookUp(paths.join(folder, file), digest?.of === "content" ? digest.value : undefined),
  )
  const shared = { area: "data", name } as const
  const wrong = cached.flatMap((entry) => (entry.kind === "wrong" ? [entry.found] : []))
  if (cached.every(({ kind }) => kind === "verified"))
    return { ...shared, usable: true, found: `in the cache ${folder}`, remedy: null }
  const damaged = wrong.length === 0 ? "" : `a damaged cache (${wrong[0]}); `
  const packages = all.flatMap(({ bundled }) => (bundled === undefined ? [] : [bundled]))
  if (packages.length === all.length && packages.every(isInstalled)) {
    const found = `${damaged}in the installed package ${packages[0].split("/")[0]}`
    return { ...shared, usable: true, found, remedy: null }
  }
  const urls = [...new Set(all.flatMap((file) => file.urls.slice(0, 1)))]
  if (urls.length === 0) {
    const remedy = byHand ?? `put its files into ${folder}`
    return { ...shared, usable: false, found: `${damaged}not here, and on no mirror`, remedy }
  }
  const hosts = [...new Set(all.flatMap((file) => file.urls.map((url) => new URL(url).host)))].join(", ")
  if (!network) {
    const found = `${damaged}not here; fetched from ${hosts} when first used`
    return { ...shared, usable: true, found, remedy: "--network asks whether they answer" }
  }
  const first = yield* answers(urls[0])
  const usable = first === "answers"
  const remedy = usable ? null : `put its files into ${folder}, or mend the network`
  return { ...shared, usable, found: `${damaged}not here; ${new URL(urls[0]).host} ${first}`, remedy }
})

const enoughBytes = 1e9

/** The free space where `folder` is or will be. */
const disk = (name: string, folder: string) =>
  Effect.promise(async () => {
    let existing = resolve(folder)
    while (!existsSync(existing)) existing = dirname(existing)
    const { bavail, bsize } = await statfs(existing)
    const free = bavail * bsize
    const usable = free >= enoughBytes
    const remedy = usable ? null : `free some, or choose another folder with --${name}-dir`
    return {
      area: "disk",
      name,
      usable,
      found: `${gigabytes(free)} free for ${folder}`,
      remedy,
    } satisfies Finding
  })

export const examine = Effect.fn("examine")(function* (options: {
  readonly runsDir: string
  readonly dataDir: string
  readonly network: boolean
}) {
  const names = Object.keys(datasets) as ReadonlyArray<RegisteredName>
  const data = yield* Effect.forEach(names, (name) => dataset(name, options.dataDir, options.network))
  const reference: Finding = {
    area: "engine",
    name: "reference",
    usable: true,
    found: "TensorFlow.js in plain JavaScript, slow",
    remedy: null,
  }
  const findings: ReadonlyArray<Finding> = [
    ...(yield* tensorflow),
    yield* onnx,
    reference,
    ...machine,
    ...data,
    yield* disk("runs", options.runsDir),
    yield* disk("data", options.dataDir),
  ]
  return findings
})
