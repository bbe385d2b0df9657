import { createHash } from "node:crypto"
import { readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { fileNames, RegisteredName } from "../../../schemas/experiment/Dataset.ts"
import { datasets, describeDataset } from "../../../stages/fetch/datasets.ts"

const entries = Object.entries(datasets)

describe("the registry", () => {
  it("has an entry for every registered name", () => {
    assert.deepStrictEqual(Object.keys(datasets).sort(), [...RegisteredName.literals].sort())
  })

  it.each(entries)("%s: every digest is a valid digest, of content or of a download", (_, entry) => {
    for (const name of fileNames) {
      const { digest } = entry.files[name]
      if (digest === undefined) assert.isDefined(entry.unverified)
      else assert.match(digest.value, digest.algorithm === "md5" ? /^[0-9a-f]{32}$/ : /^[0-9a-f]{64}$/)
      if (digest?.of === "download") assert.isDefined(entry.unverified)
    }
  })

  it.each(entries)("%s: every file has a source, and all file names differ", (_, entry) => {
    const files = fileNames.map((name) => entry.files[name])
    assert.strictEqual(new Set(files.map((file) => file.name)).size, 4)
    for (const { name, urls } of files) {
      if (entry.byHand === undefined) assert.isNotEmpty(urls)
      for (const url of urls) {
        assert.isTrue(URL.canParse(url))
        assert.isTrue(url.endsWith(`/${name}.gz`))
      }
    }
  })

  it.each(entries)("%s: the sizes of the files match the number of examples", (_, entry) => {
    const { bounds, files, imageShape, layout } = entry
    const [train, test] = [bounds.trainExamples![0], bounds.testExamples![0]]
    const pixels = imageShape.reduce((product, size) => product * size, 1)
    const labelBytes = (examples: number) =>
      layout.labelColumns === 1 ? 8 + examples : 12 + examples * layout.labelColumns * 4
    assert.strictEqual(files.trainImages.sizeBytes, 16 + train * pixels)
    assert.strictEqual(files.testImages.sizeBytes, 16 + test * pixels)
    assert.strictEqual(files.trainLabels.sizeBytes, labelBytes(train))
    assert.strictEqual(files.testLabels.sizeBytes, labelBytes(test))
  })

  it("has the SHA-256 of the MNIST files whose MD5 is that of the original distribution", async () => {
    const md5 = {
      trainImages: "6bbc9ace898e44ae57da46a324031adb",
      trainLabels: "a25bea736e30d166cdddb491f175f624",
      testImages: "2646ac647ad5339dbf082846283269ea",
      testLabels: "27ae3e4e09519cfbb04c329615203637",
    }
    for (const name of fileNames) {
      const { bundled, digest } = datasets.mnist.files[name]
      const bytes = await readFile(fileURLToPath(import.meta.resolve(bundled!)))
      assert.strictEqual(createHash("md5").update(bytes).digest("hex"), md5[name])
      assert.strictEqual(createHash("sha256").update(bytes).digest("hex"), digest!.value)
    }
  })
})

describe("describeDataset", () => {
  it("describes a registered dataset before any file is downloaded", () => {
    const { classes, imageShape, layout, name } = describeDataset("emnist-letters")
    assert.deepStrictEqual(
      { classes, imageShape, layout, name },
      {
        name: "emnist-letters",
        classes: 26,
        imageShape: [28, 28, 1],
        layout: { transposed: true, firstLabel: 1, labelColumns: 1 },
      },
    )
  })

  it("has one channel unless the image shape of a user's dataset gives another number", () => {
    const file = { source: "x" }
    const own = {
      name: "own",
      classes: 2,
      trainImages: file,
      trainLabels: file,
      testImages: file,
      testLabels: file,
    }
    assert.deepStrictEqual(describeDataset({ ...own, imageShape: [8, 9] }).imageShape, [8, 9, 1])
    assert.deepStrictEqual(describeDataset({ ...own, imageShape: [8, 9, 3] }).imageShape, [8, 9, 3])
  })
})
