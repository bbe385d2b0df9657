/** The package.json of the published package: (that of this project) -> the same without what only a checkout needs. */
import packageJson from "../../package.json" with { type: "json" }

/** In a project, effect is the user's own: an Effect runs in the runtime of the program that made it. */
const peers = ["effect"] as const
/** Replaced by packages without an install script (`package/onnxruntime`). */
const replaced = { "onnxruntime-node": "@tidemark/onnxruntime" } as const

const tensorflow = "@tensorflow/tfjs-node-gpu"
const boss = "pg-boss"

const rename = (name: string) => (name in replaced ? replaced[name as keyof typeof replaced] : name)

const dependencies = () =>
  Object.fromEntries(
    Object.entries(packageJson.dependencies)
      .filter(([name]) => !peers.some((peer) => peer === name))
      .map(([name, version]) => [rename(name), version])
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  )

const entry = (name: string, code: string) => ({
  types: `./types/${name}.d.ts`,
  default: `./dist/${code}/${name}.js`,
})

export const manifest = () => ({
  name: packageJson.name,
  version: packageJson.version,
  description: packageJson.description,
  keywords: ["machine-learning", "training", "pipeline", "mnist", "onnx", "tensorflow", "effect"],
  license: packageJson.license,
  type: "module",
  bin: { [packageJson.name]: "./dist/cli/start.mjs" },
  exports: {
    ".": entry("index", "api"),
    "./code": entry("code", "api"),
    "./run": entry("run", "api"),
    "./promises": entry("promises", "api"),
    "./package.json": "./package.json",
  },
  files: ["dist", "types", "pnpm-lock.yaml"],
  engines: packageJson.engines,
  dependencies: dependencies(),
  peerDependencies: {
    effect: `^${packageJson.dependencies.effect}`,
    // For the tensorflow engine; its native library is a download of 300 MB.
    [tensorflow]: packageJson.optionalDependencies[tensorflow],
    // For a queue in PostgreSQL: most users have none.
    [boss]: packageJson.devDependencies[boss],
  },
  peerDependenciesMeta: { [tensorflow]: { optional: true }, [boss]: { optional: true } },
})
