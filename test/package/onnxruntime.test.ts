/** The packages of ONNX Runtime: their contents, and what the loader reports if the one of the platform is missing. */
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { loaderPackage, type PackageContents, platformPackage } from "../../package/onnxruntime/contents.ts"
import { nameOf, platforms } from "../../package/onnxruntime/platforms.ts"
import packageJson from "../../package.json" with { type: "json" }

const source = dirname(createRequire(import.meta.url).resolve("onnxruntime-node/package.json"))
const version = packageJson.dependencies["onnxruntime-node"]

const manifestOf = ({ files }: PackageContents) => {
  const file = files.find(({ path }) => path === "package.json")
  return JSON.parse(String(file === undefined ? "" : Buffer.from(file.bytes)))
}

describe("the platform packages", () => {
  it("exist for every platform that onnxruntime-node has libraries for", () => {
    const bin = join(source, "bin/napi-v6")
    const shipped = readdirSync(bin).flatMap((os) => readdirSync(join(bin, os)).map((cpu) => `${os}-${cpu}`))
    const packed = platforms.map(({ cpu, os }) => `${os}-${cpu}`)
    assert.deepStrictEqual(packed.toSorted(), shipped.toSorted())
  })

  for (const platform of platforms) {
    it(`${nameOf(platform)} has unmodified files and no script`, async () => {
      const contents = await platformPackage(source, version, platform)
      const folder = `bin/napi-v6/${platform.os}/${platform.cpu}`
      const own = ["LICENSE", "README.md", "ThirdPartyNotices.txt", "package.json"]
      const fromSource = contents.files.filter(({ path }) => !own.includes(path))
      assert.deepStrictEqual(
        fromSource.map(({ path }) => path).filter((path) => !path.startsWith("dist/")),
        platform.libraries.map((library) => `${folder}/${library}`),
      )
      for (const { bytes, path } of fromSource) {
        assert.isTrue(readFileSync(join(source, path)).equals(bytes), path)
      }
      assert.strictEqual(contents.files.length, fromSource.length + own.length)
      const { cpu, dependencies, libc, os, scripts } = manifestOf(contents)
      assert.deepStrictEqual({ cpu, os }, { cpu: [platform.cpu], os: [platform.os] })
      assert.deepStrictEqual(libc, platform.os === "linux" ? ["glibc"] : undefined)
      assert.deepStrictEqual(dependencies, { "onnxruntime-common": version })
      assert.isUndefined(scripts)
    })
  }

  it("of macOS omit only a second copy of the library", () => {
    const folder = join(source, "bin/napi-v6/darwin/arm64")
    const copy = readFileSync(join(folder, `libonnxruntime.${version}.dylib`))
    assert.isTrue(copy.equals(readFileSync(join(folder, "libonnxruntime.1.dylib"))))
  })
})

describe("the package that loads them", () => {
  const project = mkdtempSync(join(tmpdir(), "tidemark-onnxruntime-"))
  const install = (name: string, files: Readonly<Record<string, string | Uint8Array>>) => {
    const folder = join(project, "node_modules", name)
    mkdirSync(join(folder, "dist"), { recursive: true })
    for (const [path, content] of Object.entries(files)) writeFileSync(join(folder, path), content)
  }

  beforeAll(async () => {
    const { files, name } = await loaderPackage(version)
    install(name, Object.fromEntries(files.map(({ bytes, path }) => [path, bytes])))
  })
  afterAll(() => rmSync(project, { recursive: true }))

  /** The error of loading it, on another machine if `before` says so. */
  const load = (before = "", userAgent = "npm/11.0.0") => {
    const program = `${before}
      try { console.log(JSON.stringify({ loaded: require("@tidemark/onnxruntime") })) }
      catch ({ code, message, remedy }) { console.log(JSON.stringify({ code, message, remedy })) }`
    const { stderr, stdout } = spawnSync(process.execPath, ["-e", program], {
      cwd: project,
      encoding: "utf8",
      env: { ...process.env, npm_config_user_agent: userAgent },
    })
    assert.strictEqual(stderr, "")
    return JSON.parse(stdout)
  }
  const on = (platform: string, arch: string) =>
    `for (const [name, value] of [["platform", "${platform}"], ["arch", "${arch}"]]) Object.defineProperty(process, name, { value });`
  const windows = "@tidemark/onnxruntime-win32-x64"

  it("depends on exactly these versions, optionally", async () => {
    const { optionalDependencies } = manifestOf(await loaderPackage(version))
    assert.deepStrictEqual(
      optionalDependencies,
      Object.fromEntries(platforms.map((platform) => [nameOf(platform), version])),
    )
  })

  it("names a missing package and the command that installs it, in the words of the package manager", () => {
    const { code, message, remedy } = load(on("win32", "x64"))
    assert.strictEqual(code, "ONNXRUNTIME_NOT_INSTALLED")
    assert.include(message, `${windows} is not installed`)
    assert.strictEqual(remedy, `run \`npm install ${windows}@${version}\``)
    for (const manager of ["pnpm", "yarn", "bun"]) {
      const { remedy } = load(on("win32", "x64"), `${manager}/1.0.0 npm/? node/v24.0.0`)
      assert.strictEqual(remedy, `run \`${manager} add ${windows}@${version}\``)
    }
  })

  it("names the platforms if there is none for this one", () => {
    const { message, remedy } = load(on("darwin", "x64"))
    assert.include(message, `ONNX Runtime ${version} has no library for darwin-x64`)
    assert.strictEqual(remedy, "use one of linux-x64, linux-arm64, darwin-arm64, win32-x64, win32-arm64")
  })

  it("names glibc on a Linux with another C library", () => {
    const musl = `${on("linux", "x64")} process.report.getReport = () => ({ header: {} });`
    assert.match(load(musl).message, /needs glibc/)
    assert.match(load(musl).remedy, /2\.28 or newer/)
  })

  it("refuses a package of another version, and loads one of its own", () => {
    install(windows, { "package.json": `{"version":"1.29.0"}`, "dist/index.js": "module.exports = 1" })
    assert.include(load(on("win32", "x64")).message, `found ${windows} 1.29.0, expected ${version}`)
    install(windows, { "package.json": JSON.stringify({ version }) })
    assert.deepStrictEqual(load(on("win32", "x64")), { loaded: 1 })
  })

  it("passes the error of a library that cannot be loaded on", () => {
    install(windows, { "dist/index.js": `throw new Error("libstdc++.so.6: cannot open shared object file")` })
    assert.match(load(on("win32", "x64")).message, /cannot open shared object file/)
  })
})
