#!/usr/bin/env node
/**
 * `pnpm pipeline …`: the entry point. It is plain JavaScript without imports of its own, so that an old Node.js can read it
 * and say that it is too old. It also turns on Node.js's compile cache, which halves the start-up time, before anything else is
 * imported.
 */
const oldest = [22, 19]

/** @param {string} line @param {number} code One of schemas/exitCodes.ts. */
const fail = (line, code) => {
  process.stderr.write(`error: ${line}\n`)
  process.exitCode = code
}

/**
 * For a process that lives for days and has little to keep. By default V8 answers the loading of modules with a young generation
 * of 32 MB, and lets the old one grow to several times of what is needed before it looks for garbage. With both limits, set
 * before the modules are loaded, a dashboard of 1,000 runs takes 140 MB instead of 200.
 *
 * @param {typeof import("node:v8")} v8
 */
const keepMemorySmall = ({ setFlagsFromString }) => {
  setFlagsFromString("--semi-space-growth-factor=1")
  setFlagsFromString("--heap-growing-percent=50")
}

const [major, minor] = process.versions.node.split(".").map(Number)
if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
  fail(
    `found Node.js ${process.versions.node} (${process.execPath}), expected ${oldest.join(".")} or newer; ` +
      "run `pnpm install` and `pnpm rebuild node`, which install the one that this project pins, or install a newer one: https://nodejs.org",
    69,
  )
} else {
  void import("node:module")
    .then(async ({ enableCompileCache }) => {
      enableCompileCache()
      if (process.argv[2] === "dashboard") keepMemorySmall(await import("node:v8"))
      return import("./main.ts")
    })
    .catch((error) => {
      if (error.code !== "ERR_MODULE_NOT_FOUND" || !/Cannot find package/.test(error.message)) throw error
      fail(`${error.message.split(" imported from")[0]}; install the packages with \`pnpm install\``, 69)
    })
}
