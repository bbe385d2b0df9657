/**
 * What is in the packages: (the folder of onnxruntime-node) -> their names, manifests and files.
 *
 * A platform package is onnxruntime-node reduced to one platform: its files are unmodified and at their paths, so its
 * JavaScript finds its library as it does there. What is missing is its install script (which downloads CUDA libraries) and the
 * packages that only the script needs.
 */
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import type { PackedFile } from "../tarball.ts"
import { nameOf, type Platform, platforms } from "./platforms.ts"

/** Notices change with the version: those in notices/ are from PyPI's onnxruntime of this one, which has them in its wheel. */
export const noticesVersion = "1.30.0"

export interface PackageContents {
  readonly name: string
  readonly version: string
  readonly files: ReadonlyArray<PackedFile>
}

const script = ["backend", "binding", "index", "version"].flatMap((name) => [
  `dist/${name}.js`,
  `dist/${name}.d.ts`,
])

const here = (path: string) => join(import.meta.dirname, path)

const notices = ["LICENSE", "ThirdPartyNotices.txt"]

/** (folder, path there) -> a file of the package at the same path, unless another is given. */
const copied = async (folder: string, from: string, path = from): Promise<PackedFile> => ({
  path,
  bytes: await readFile(join(folder, from)),
})

const written = (path: string, text: string): PackedFile => ({ path, bytes: Buffer.from(text) })

const manifest = (fields: Readonly<Record<string, unknown>>) =>
  written("package.json", `${JSON.stringify(fields, undefined, 2)}\n`)

const readme = (name: string, text: string) => written("README.md", `# ${name}\n\n${text}\n`)

export const platformPackage = async (
  folder: string,
  version: string,
  platform: Platform,
): Promise<PackageContents> => {
  const { cpu, libc, libraries, os } = platform
  const name = nameOf(platform)
  const description = `ONNX Runtime ${version} for Node.js on ${os}-${cpu}, without an install script`
  const files = await Promise.all([
    ...script.map((path) => copied(folder, path)),
    ...libraries.map((file) => copied(folder, `bin/napi-v6/${os}/${cpu}/${file}`)),
    ...notices.map((file) => copied(here("notices"), file)),
  ])
  const fields = {
    name,
    version,
    description,
    license: "MIT",
    main: "dist/index.js",
    types: "dist/index.d.ts",
    os: [os],
    cpu: [cpu],
    ...(libc === undefined ? {} : { libc: [libc] }),
    dependencies: { "onnxruntime-common": version },
    // Yarn keeps packages as zip files, from which no library can be loaded.
    preferUnplugged: true,
  }
  const text = `${description}. The files of onnxruntime-node by Microsoft for this platform, unmodified: the CPU backend and what is inside the same library. \`@tidemark/onnxruntime\` installs it.`
  return { name, version, files: [...files, manifest(fields), readme(name, text)] }
}

export const loaderPackage = async (version: string): Promise<PackageContents> => {
  const name = "@tidemark/onnxruntime"
  const description = `ONNX Runtime ${version} for Node.js, without an install script: loads the package of the platform`
  const files = await Promise.all([
    copied(here("loader"), "index.cjs", "index.js"),
    copied(here("loader"), "index.d.cts", "index.d.ts"),
    copied(here("notices"), "LICENSE"),
  ])
  const fields = {
    name,
    version,
    description,
    license: "MIT",
    type: "commonjs",
    main: "index.js",
    types: "index.d.ts",
    dependencies: { "onnxruntime-common": version },
    optionalDependencies: Object.fromEntries(platforms.map((platform) => [nameOf(platform), version])),
  }
  const text = `${description}. It is \`require("onnxruntime-node")\` where a package of the platform is installed, and an error that names the package where it is not.`
  return { name, version, files: [...files, manifest(fields), readme(name, text)] }
}
