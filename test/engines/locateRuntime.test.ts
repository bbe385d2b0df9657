/** Where ONNX Runtime is loaded from. */
import { assert, it } from "@effect/vitest"
import { locate, remedyOf, type Resolve, resolveHere } from "../../engines/onnx/locate.ts"

const missing = (specifier: string) =>
  Object.assign(new Error(`Cannot find module '${specifier}'`), { code: "MODULE_NOT_FOUND" })

const having =
  (...packages: ReadonlyArray<string>): Resolve =>
  (specifier) => {
    const name = packages.find((name) => specifier === name || specifier === `${name}/package.json`)
    if (name === undefined) throw missing(specifier)
    return `/modules/${specifier === name ? `${name}/index.js` : specifier}`
  }

it("the package without an install script comes before any onnxruntime-node", () => {
  assert.deepStrictEqual(locate(having("onnxruntime-node", "@tidemark/onnxruntime")), {
    entry: "file:///modules/@tidemark/onnxruntime/index.js",
    manifest: "/modules/@tidemark/onnxruntime/package.json",
  })
})

it("the checkout uses onnxruntime-node", () => {
  assert.deepStrictEqual(locate(having("onnxruntime-node")), {
    entry: "file:///modules/onnxruntime-node/index.js",
    manifest: "/modules/onnxruntime-node/package.json",
  })
  assert.match(locate(resolveHere).manifest, /onnxruntime-node.package\.json$/)
})

it("names both packages if none is installed", () => {
  assert.throws(() => locate(having()), "@tidemark/onnxruntime and onnxruntime-node are not installed")
})

it("passes any other error of resolution on", () => {
  const invalid = Object.assign(new Error("Invalid package config"), { code: "ERR_INVALID_PACKAGE_CONFIG" })
  assert.throws(
    () =>
      locate(() => {
        throw invalid
      }),
    "Invalid package config",
  )
})

it("takes the remedy from an error that has one", () => {
  assert.strictEqual(remedyOf(Object.assign(new Error("no"), { remedy: "install it" })), "install it")
  assert.isUndefined(remedyOf(new Error("no")))
  assert.isUndefined(remedyOf("no"))
})
