// @ts-check
"use strict"
/**
 * `@tidemark/onnxruntime`: ONNX Runtime from the package of this platform. It is an optional dependency, which a package
 * manager may skip without a word: then the error names it and the command that installs it, in its field `remedy` too.
 *
 * The build copies this file as index.js.
 */
/** @type {{ version: string, optionalDependencies: Record<string, string> }} */
const { version, optionalDependencies } = require("./package.json")

const platform = `${process.platform}-${process.arch}`
const name = `@tidemark/onnxruntime-${platform}`

/** @type {(found: string, remedy: string) => Error} */
const failure = (found, remedy) =>
  Object.assign(new Error(`${found}\n${remedy}`), { code: "ONNXRUNTIME_NOT_INSTALLED", remedy })

const hasGlibc = () => {
  if (process.report === undefined) return true
  process.report.excludeNetwork = true
  const { header } = /** @type {{ header: object }} */ (/** @type {unknown} */ (process.report.getReport()))
  return "glibcVersionRuntime" in header
}

/** In the words of the package manager that started this program. @type {() => string} */
const installCommand = () => {
  const [manager] = /^(pnpm|yarn|bun)(?=\/)/.exec(process.env["npm_config_user_agent"] ?? "") ?? ["npm"]
  return `${manager} ${manager === "npm" ? "install" : "add"} ${name}@${version}`
}

const reasonOfMissing = () => {
  if (!(name in optionalDependencies)) {
    const known = Object.keys(optionalDependencies).map((each) => each.replace("@tidemark/onnxruntime-", ""))
    return failure(`ONNX Runtime ${version} has no library for ${platform}`, `use one of ${known.join(", ")}`)
  }
  if (process.platform === "linux" && !hasGlibc()) {
    return failure(
      `ONNX Runtime ${version} needs glibc, and this Linux has another C library`,
      "use a system with glibc 2.28 or newer, such as the image node:24-slim",
    )
  }
  return failure(
    `${name} is not installed: optional dependencies were omitted, or node_modules is from another platform`,
    `run \`${installCommand()}\``,
  )
}

/** From this package, or from the project in which the command above installed it. @type {(file: string) => string} */
const resolve = (file) => {
  try {
    return require.resolve(`${name}/${file}`, { paths: [__dirname, process.cwd()] })
  } catch {
    throw reasonOfMissing()
  }
}

/** @type {{ version: string }} */
const found = require(resolve("package.json"))
if (found.version !== version) {
  throw failure(`found ${name} ${found.version}, expected ${version}`, `run \`${installCommand()}\``)
}
module.exports = require(resolve("dist/index.js"))
