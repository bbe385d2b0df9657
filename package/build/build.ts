/**
 * `pnpm package:tidemark [--out FOLDER]`: builds the package `tidemark` and packs it: JavaScript, declarations, package.json,
 * README and licence. Two builds of one commit are equal byte by byte. Publishing is another step (docs/packages.md).
 */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import { parseArgs } from "node:util"
import { pack, type PackedFile } from "../tarball.ts"
import { bundle, root } from "./bundle.ts"
import { codeDeclarations } from "./codeDeclarations.ts"
import { declarations } from "./declarations.ts"
import { manifest } from "./manifest.ts"

/** The files of the package, sorted by path. */
export const packageFiles = async (): Promise<ReadonlyArray<PackedFile>> => {
  const text = (path: string, content: string): PackedFile => ({ path, bytes: Buffer.from(content) })
  // The lock file fixes the versions of the engine that a user adds.
  const copied = await Promise.all(
    ["README.md", "LICENSE", "pnpm-lock.yaml"].map(async (path) => ({
      path,
      bytes: await readFile(join(root, path)),
    })),
  )
  return [
    text("package.json", `${JSON.stringify(manifest(), null, 2)}\n`),
    ...copied,
    ...(await bundle()),
    text("types/code.d.ts", codeDeclarations()),
    ...Object.entries(declarations()).map(([name, content]) => text(`types/${name}.d.ts`, content)),
  ].toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

/** Writes the tarball into a folder; returns its path. */
export const buildPackage = async (folder: string) => {
  const { name, version } = manifest()
  const path = join(folder, `${name}-${version}.tgz`)
  await mkdir(folder, { recursive: true })
  // Under its name it is whole.
  const temporary = `${path}.${process.pid}`
  await writeFile(temporary, await pack(await packageFiles()))
  await rename(temporary, path)
  return path
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: process.argv.slice(2).filter((argument) => argument !== "--"),
    options: { out: { type: "string", default: ".packages" } },
  })
  console.log(await buildPackage(resolve(values.out)))
}
